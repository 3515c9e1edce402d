using System.Text.Json.Nodes;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

[Collection(TorchTests.Name)]
public sealed class ExperimentCommandTests : IDisposable
{
    private static readonly string[] Small = ["--steps", "2", "--batch-size", "2", "--seq-len", "16", "--samples", "4", "--max-windows",
        "4", "--threads", "2"];
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Experiment_Compare_WritesTableCsvAndPlot()
    {
        CommandRun run = Run("compare", "--seeds", "0", "1", "--recipe", "maskllm", "--distillation", "0.5", "--json");

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        JsonObject report = JsonNode.Parse(run.Output)!.AsObject();
        Assert.Equal(["experiment", "model", "texts", "rows", "means"], report.Select(member => member.Key));
        string[] arms = [.. report["rows"]!.AsArray().Select(row => (string)row!["arm"]!)];
        Assert.Equal(["dense", "admm", "magnitude", "wanda", "ria", "sparsegpt", "sparsegpt-weights-updated",
            "learned-recipe-maskllm-seed0", "learned-recipe-maskllm-seed1", "learned-seed0", "learned-seed1"], arms);
        Assert.All(report["rows"]!.AsArray(), row => Assert.InRange((double)row!["perplexity"]!["text"]!, 2, 1000));
        Assert.Equal([1, 1, 1, 1, 1, 1, 1, 2, 2], report["means"]!.AsArray().Select(mean => mean!["geometric"]!.AsArray().Count));
        JsonNode sparseGpt = report["means"]!.AsArray().Single(mean => (string)mean!["label"]! == "sparsegpt, weights updated")!;
        Assert.Equal(1, (double)sparseGpt["sparsegpt_gap_left"]!, 12);
        string table = File.ReadAllText(Out("table.md"));
        Assert.All(
            ["2 steps of 2 x 16 tokens (64)", "the paper's but for distillation 0.5; prior sparsegpt", "| dense |",
            "| learned, recipe maskllm |", " ± ", "| text | dense |", "**geometric mean**"],
            part => Assert.Contains(part, table, StringComparison.Ordinal));
        string[] csv = File.ReadAllLines(Out("results.csv"));
        Assert.Equal(1 + 11 + 2 * 11, csv.Length);
        Assert.StartsWith("compare,dense,dense,,,text,", csv[1], StringComparison.Ordinal);
        Assert.Contains(csv, line => line.StartsWith("compare,,\"learned, recipe maskllm\",,1,geometric mean,", StringComparison.Ordinal));
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], File.ReadAllBytes(Out("plot.png"))[..4]);
    }

    [Fact]
    public void Experiment_Tasks_AskEveryArm()
    {
        using TemporaryFolder data = new();
        CommandRun run = Run("reward", ["--values", "0", .. TinyTasks.Write(data), "--json"]);
        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        JsonArray rows = JsonNode.Parse(run.Output)!["rows"]!.AsArray();
        Assert.All(rows, row => Assert.Equal(["piqa", "lambada_openai"], row!["tasks"]!.AsObject().Select(task => task.Key)));
        string table = File.ReadAllText(Out("table.md"));
        Assert.Contains("| task | dense | ", table, StringComparison.Ordinal);
        Assert.Contains("\n| piqa, by characters | ", table, StringComparison.Ordinal);
        // Other data are another experiment.
        File.AppendAllText(data.File("lambada_openai.jsonl"), "\n{\"text\":\"two words\"}");
        CommandRun other = Run("reward", ["--values", "0", "--tasks", "piqa,lambada_openai", "--task-data", data.Path]);
        Assert.Equal(2, other.ExitCode);
        Assert.Contains("tasks is not what it was when the experiment there began", other.LastLine, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("prior", 8, "learned from none")]
    [InlineData("tau", 6, "tau 10:0.05")]
    [InlineData("reward", 7, "reward 1e-4")]
    public void Experiment_Sweep_PrintsItsTable(string name, int arms, string row)
    {
        CommandRun run = Run(name);
        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        Assert.Contains($"| {row} |", run.Output, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(Out("table.md")), run.Output);
        Assert.Equal(arms, Directory.GetDirectories(Out("arms")).Length);
    }

    [Fact]
    public void Experiment_Tokens_HasARunForEachLength()
    {
        CommandRun run = Run("tokens", "--values", "1", "3", "--json");
        JsonArray rows = JsonNode.Parse(run.Output)!["rows"]!.AsArray();
        Assert.Equal([32, 96], rows.Where(row => (string?)row!["series"] == "learned").Select(row => (int)row!["x"]!));
        Assert.Equal([32, 96], rows.Where(row => (string?)row!["series"] == "learned").Select(row => (int)row!["tokens"]!));
    }

    [Fact]
    public void Experiment_StoppedAndRunAgain_GivesTheSameAsInOneGo()
    {
        CommandRun stopped = Stopped("arm 3 of 4", "reward", "--values", "0", "1e-3");
        Assert.Equal((130, "interrupted"), (stopped.ExitCode, stopped.LastLine));
        string[] finished = [.. new[] { "dense", "sparsegpt" }.Select(arm => Out("arms", arm, "result.json"))];
        Assert.Equal(finished, Directory.GetFiles(Out("arms"), "result.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal));
        DateTime[] written = [.. finished.Select(File.GetLastWriteTimeUtc)];
        Assert.Contains("| dense |", File.ReadAllText(Out("table.md")), StringComparison.Ordinal);

        CommandRun again = Run("reward", "--values", "0", "1e-3");
        Assert.Equal((0, ""), (again.ExitCode, again.ExitCode == 0 ? "" : again.Error));
        Assert.Contains("2 of 4 arms are done already.", again.Error, StringComparison.Ordinal);
        Assert.Equal(written, finished.Select(File.GetLastWriteTimeUtc));
        JsonObject Result() => JsonNode.Parse(File.ReadAllText(Out("arms", "reward-1e-3-seed0", "result.json")))!.AsObject();
        double resumed = (double)Result()["perplexity"]!["text"]!;
        Directory.Delete(Out(), recursive: true);
        Run("reward", "--values", "0", "1e-3").AssertSuccess();
        Assert.Equal((double)Result()["perplexity"]!["text"]!, resumed);
    }

    [Fact]
    public void Experiment_OtherOptionsOnTheSameFolder_AreRefused()
    {
        Run("alpha", "--values", "3", "--learning-rate", "1e-3").AssertSuccess();
        Refused("has values 3, and 2 was asked for now", "alpha", "--values", "2", "--learning-rate", "1e-3");
        Refused("has learning-rate 0.001, and 0.003 was asked for now", "alpha", "--values", "3", "--learning-rate", "3e-3");
        Refused("has experiment alpha, and tau was asked for now", "tau");
        File.Delete(Out("experiment.json"));
        Refused("the folder holds files and no experiment", "alpha", "--values", "3");
    }

    [Fact]
    public void Experiment_TextThatChanged_IsRefused()
    {
        string text = _folder.Write("mine.txt", File.ReadAllBytes(TinyModel.TextPath));
        Run("alpha", "--values", "3", "--eval-text", text).AssertSuccess();
        File.AppendAllText(text, "More.");
        Refused($"{text} is not what it was", "alpha", "--values", "3", "--eval-text", text);
    }

    [Fact]
    public void Experiment_Domains_MeasuresEachMaskOnItsDomain()
    {
        string text = File.ReadAllText(TinyModel.TextPath);
        string[] half = [text[..(text.Length / 2)], text[(text.Length / 2)..]];
        Directory.CreateDirectory(_folder.File("domains"));
        for (int i = 0; i < 2; i++)
        {
            _folder.Write($"domains/{"ab"[i]}.train.txt", System.Text.Encoding.UTF8.GetBytes(half[i]));
            _folder.Write($"domains/{"ab"[i]}.test.txt", System.Text.Encoding.UTF8.GetBytes(half[i][..2000]));
        }
        string[] arguments = ["experiment", "domains", TinyModel.Folder, "--domains", _folder.File("domains"), "--out", Out(), "--seeds",
            "0", "--prior", "wanda", "--json", .. Small];
        CommandRun run = CommandRun.Of(arguments);

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        JsonObject report = JsonNode.Parse(run.Output)!.AsObject();
        Assert.Equal(["a", "b"], report["texts"]!.AsArray().Select(name => (string)name!));
        foreach (JsonNode? row in report["rows"]!.AsArray())
            Assert.Equal((string?)row!["domain"] is { } domain ? [domain] : ["a", "b"], row["perplexity"]!.AsObject()
                .Select(pair => pair.Key));
        string[] labels = [.. report["means"]!.AsArray().Select(mean => (string)mean!["label"]!)];
        Assert.Equal(
            ["dense", "magnitude", "wanda", "sparsegpt", "prior of the general mask", "general mask", "domain mask, from scratch",
            "domain mask, from general", "merged, domain mask, from scratch", "merged, domain mask, from general"],
            labels);
        Assert.All(report["means"]!.AsArray(), mean => Assert.Single(mean!["geometric"]!.AsArray()));
        string[] lines = File.ReadAllLines(Out("table.md"));
        Assert.StartsWith("| **geometric mean** |", lines[^1], StringComparison.Ordinal);
        Assert.StartsWith("| **arithmetic mean** |", lines[^2], StringComparison.Ordinal);
    }

    [Fact]
    public void Experiment_BadInput_SaysWhatInOneSentence()
    {
        Refused("experiment nothing is not known; known: compare, prior", "nothing");
        Refused("--domains belongs to the experiments domains and transfer", "tau", "--domains", _folder.File("none"));
        Refused("\"1:x\" is not a schedule", "tau", "--values", "1:x");
        Refused("--values x: a number is expected", "alpha", "--values", "x");
        Refused("--values 1.5: a number of steps is expected", "tokens", "--values", "1.5");
        Refused("--steps is 0", "tokens", "--values", "0");
        Refused("compare varies no value", "compare", "--values", "1");
        Refused("prior nowhere.npz: no such file and no method", "tau", "--prior", "nowhere.npz");
        Refused("a window takes", "tau", "--eval-text", _folder.Write("short.txt", "a"u8.ToArray()));
        Refused("64 positions", "tau", "--eval-seq-len", "65");
        Assert.False(Directory.Exists(Out()));
        foreach ((string expected, string[] arguments) in new (string, string[])[]
        {
            ("tau needs --data", ["tau", TinyModel.Folder, "--eval-text", TinyModel.TextPath]),
            ("tau needs --eval-text", ["tau", TinyModel.Folder, "--data", TinyModel.TextPath]),
            ("domains needs --domains", ["domains", TinyModel.Folder]),
            ("no such folder", ["domains", TinyModel.Folder, "--domains", _folder.File("none")]),
            ("hf download", ["tau", "somebody/some-model", "--data", TinyModel.TextPath, "--eval-text", TinyModel.TextPath]),
        })
        {
            CommandRun run = CommandRun.Of(["experiment", .. arguments, "--seq-len", "16", "--out", Out()]);
            Assert.Equal((2, ""), (run.ExitCode, run.Output));
            Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        }
    }

    private CommandRun Run(string name, params string[] more) => CommandRun.Of(Arguments(name, more));

    private CommandRun Stopped(string word, string name, params string[] more) => CommandRun.StoppedAt(word, Arguments(name, more));

    private string[] Arguments(string name, string[] more) =>
        ["experiment", name, TinyModel.Folder, "--data", TinyModel.TextPath, .. more.Contains("--eval-text") ? []
            : new[] { "--eval-text", TinyModel.TextPath }, "--out", Out(), .. Small, .. more];

    private void Refused(string expected, string name, params string[] more)
    {
        CommandRun run = Run(name, more);
        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    private string Out(params string[] parts) => Path.Combine([_folder.File("out"), .. parts]);
}
