using System.Text.Json.Nodes;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

/// <summary><c>--config run.json</c>: the same bits again, and options beside it that win.</summary>
[Collection(TorchTests.Name)]
public sealed class RunConfigTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Learn_ConfigOfARun_GivesTheSameBits()
    {
        string first = Out("first"), again = Out("again");
        CommandRun.Of(
            "learn", TinyModel.Folder, "--data", TinyModel.TextPath, "--out", first, "--recipe", "maskllm", "--steps", "3", "--batch-size",
            "2",
            "--seq-len", "16", "--prior", "magnitude", "--kappa", "50:70", "--learning-rate", "0.0123", "--skip", "*k_proj*", "--skip",
            "*v_proj*",
            "--seed", "18446744073709551615", "--document-separator", "\\n", "--hard", "--exact-prior", "true", "--save-logits",
            "--threads", "1").AssertSuccess();

        CommandRun.Of("learn", "--config", Path.Combine(first, "run.json"), "--out", again).AssertSuccess();

        Assert.Equal(Options(first).ToJsonString(), Options(again).ToJsonString());
        AssertSame(first, again, "mask.npz");
        AssertSame(first, again, "logits.safetensors");
        Assert.Equal(1, (int)Record(again)["threads"]!);
        AssertDocumented(Record(again));
    }

    [Fact]
    public void Learn_OptionBesideConfig_Wins()
    {
        string first = Out("first"), other = Out("other");
        CommandRun.Of(
            "learn", TinyModel.Folder, "--data", TinyModel.TextPath, "--out", first, "--steps", "2", "--batch-size", "2", "--seq-len", "16",
            "--prior", "magnitude").AssertSuccess();

        CommandRun.Of("learn", "--config", Path.Combine(first, "run.json"), "--out", other, "--steps", "3", "--batch-size", "3")
            .AssertSuccess();

        JsonObject expected = Options(first);
        (expected["steps"], expected["batch-size"], expected["micro-batch-size"]) = (3, 3, 3);
        Assert.Equal(expected.ToJsonString(), Options(other).ToJsonString());
    }

    [Fact]
    public void Prune_ConfigOfARun_GivesTheSameBits()
    {
        string first = Out("first"), again = Out("again");
        CommandRun.Of(
            "prune", TinyModel.Folder, "--method", "wanda", "--data", TinyModel.TextPath, "--samples", "5", "--seq-len", "24", "--seed",
            "7",
            "--pattern", "1:4", "--skip", "*q_proj*", "--out", first).AssertSuccess();

        CommandRun.Of("prune", "--config", Path.Combine(first, "run.json"), "--out", again).AssertSuccess();

        Assert.Equal(Options(first).ToJsonString(), Options(again).ToJsonString());
        AssertSame(first, again, "mask.npz");
        AssertDocumented(Record(again));
    }

    [Fact]
    public void Pretrain_ConfigOfARun_GivesTheSameBits()
    {
        string first = Out("first"), again = Out("again");
        CommandRun.Of(
            "pretrain", "--config", Path.Combine(TinyModel.Folder, "config.json"), "--data", TinyModel.TextPath, "--out", first, "--steps",
            "2",
            "--batch-size", "2", "--seq-len", "16", "--seed", "3", "--threads", "1").AssertSuccess();

        CommandRun.Of("pretrain", "--config", Path.Combine(first, "run.json"), "--out", again).AssertSuccess();

        Assert.Equal(3, (int)Record(again)["seed"]!);
        AssertSame(first, again, "model.safetensors");
        AssertSame(first, again, "tokenizer.json");
        AssertDocumented(Record(again));
    }

    [Fact]
    public void Experiment_ConfigOfAnExperiment_GivesTheSame()
    {
        string first = Out("first"), again = Out("again"), domains = Out("domains"), text = File.ReadAllText(TinyModel.TextPath);
        Directory.CreateDirectory(domains);
        foreach (string name in new[] { "a.train.txt", "a.test.txt", "b.train.txt", "b.test.txt", "general.txt" })
            File.WriteAllText(Path.Combine(domains, name), text[(name[0] * 7)..][..4000]);
        string general = Path.Combine(domains, "general.txt"), record = Path.Combine(first, "experiment.json");
        CommandRun.Of(
            "experiment", "domains", TinyModel.Folder, "--domains", domains, "--data", $"{TinyModel.TextPath}:0.5", $"{general}:2",
            "--document-separator", "\\n\\n", "--seeds", "3", "--prior", "wanda", "--learning-rate", "0.0123", "--skip",
            "*k_proj*", "*v_proj*", "--steps", "2", "--batch-size", "2", "--seq-len", "16", "--samples", "4", "--max-windows", "4",
            "--threads", "1", "--out", first).AssertSuccess();

        CommandRun.Of("experiment", "--config", record, "--out", again).AssertSuccess();
        CommandRun other = CommandRun.Of("experiment", "--config", record, "tau", "--values", "1:0.5", "--seq-len", "8", "--out",
            Out("other"));

        Assert.Empty(Recorded(first)["eval-text"]!.AsArray());
        Assert.Equal(1, (int)Recorded(first)["threads"]!);
        AssertSame(first, again, "experiment.json");
        AssertDocumented(Recorded(first));
        Assert.Equal(WithoutSeconds(first), WithoutSeconds(again));
        Assert.Equal(2, other.ExitCode);
        Assert.StartsWith("--domains belongs to the experiments domains and transfer", other.LastLine, StringComparison.Ordinal);
        Refused($"--config {record}: not the record of learn; name the run.json of a run of learn.", "learn", "--config", record);
    }

    [Fact]
    public void Experiment_NameAndOptionsBesideConfig_Win()
    {
        string first = Out("first"), other = Out("other");
        CommandRun.Of(
            "experiment", "tau", TinyModel.Folder, "--data", TinyModel.TextPath, "--eval-text", TinyModel.TextPath, "--values", "1:0.5",
            "--steps", "1", "--batch-size", "2", "--seq-len", "16", "--samples", "4", "--max-windows", "4", "--out", first).AssertSuccess();

        CommandRun.Of("experiment", "--config", Path.Combine(first, "experiment.json"), "alpha", "--values", "2", "--seq-len", "8", "--out",
            other).AssertSuccess();

        JsonObject expected = Recorded(first);
        (expected["experiment"], expected["values"], expected["eval-seq-len"]) = ("alpha", new JsonArray("2"), 8);
        expected["options"]!["seq-len"] = 8;
        Assert.Equal(expected.ToJsonString(), Recorded(other).ToJsonString());
    }

    [Fact]
    public void Config_ThatDoesNotFit_IsRefusedInASentence()
    {
        string pruned = Out("pruned"), record = Path.Combine(pruned, "run.json"), damaged = Out("damaged.json");
        CommandRun.Of("prune", TinyModel.Folder, "--method", "magnitude", "--out", pruned).AssertSuccess();
        File.WriteAllText(damaged, File.ReadAllText(record).Replace("2:4", "1:4", StringComparison.Ordinal));

        foreach (string verb in (string[])["learn", "permute"])
            Refused($"--config {record}: not the record of {verb}; name the run.json of a run of {verb}.", verb, "--config", record);
        Refused("--recipe changes what --config sets; leave one of them out.", "learn", "--config", record, "--recipe", "maskllm");
        Refused(
            $"--config {record}: not the record of experiment; name the experiment.json of an experiment.", "experiment", "--config",
            record);
        Refused($"{damaged} is damaged: it is not what was written there", "prune", "--config", damaged);
        Refused($"{record}x: no such file; name the run.json of a run.", "prune", "--config", record + "x");
    }

    private void Refused(string begin, params string[] args)
    {
        CommandRun run = CommandRun.Of([.. args, "--out", Out("refused")]);
        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith(begin, run.LastLine, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Out("refused")));
    }

    private string Out(string name) => Path.Combine(_folder.Path, name);

    private static JsonObject Record(string run) => JsonNode.Parse(File.ReadAllText(Path.Combine(run, "run.json")))!.AsObject();

    // Every field, and every figure, in a first column of the section on records.
    private static void AssertDocumented(JsonObject record)
    {
        string document = File.ReadAllText(Path.Combine(ReadmeTests.RepositoryRoot(), "docs", "formats.md"));
        string section = document.Split("### Records")[1].Split("\n###")[0];
        string[] named = [.. section.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(line => line.Split('|')[1].Split('`').Where((_, i) => i % 2 == 1))];
        Assert.Empty(record.Concat(record["figures"]?.AsObject() ?? []).Select(pair => pair.Key).Except(named));
    }

    private static JsonObject Recorded(string experiment)
    {
        JsonObject record = JsonNode.Parse(File.ReadAllText(Path.Combine(experiment, "experiment.json")))!.AsObject();
        record.Remove("checksum");
        return record;
    }

    // The table by its figures but for times.
    private static string WithoutSeconds(string experiment)
    {
        string[][] rows = [.. File.ReadLines(Path.Combine(experiment, "table.md")).Select(line => line.Split('|'))];
        int seconds = Array.IndexOf(rows.First(row => row.Contains(" seconds ")), " seconds ");
        foreach (string[] row in rows)
            if (row.Length > seconds) row[seconds] = "";
        return string.Join('\n', rows.Select(row => string.Join('|', row)));
    }

    private static JsonObject Options(string run) => Record(run)["options"]!.AsObject();

    private static void AssertSame(string first, string second, string name) =>
        Assert.Equal(File.ReadAllBytes(Path.Combine(first, name)), File.ReadAllBytes(Path.Combine(second, name)));
}
