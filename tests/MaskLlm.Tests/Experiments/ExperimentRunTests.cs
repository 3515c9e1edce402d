using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using MaskLlm.Data;
using MaskLlm.Experiments;
using MaskLlm.Learning;
using MaskLlm.Machine;
using MaskLlm.Tests.Data;
using MaskLlm.Tests.Machine;

namespace MaskLlm.Tests.Experiments;

/// <summary>A small experiment, and every word of it.</summary>
[Collection(TorchTests.Name)]
public sealed class ExperimentRunTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Execute_Sweep_SaysWhatEachArmGaveAndGoesOnWhereItIsDone()
    {
        ExperimentRequest request = Request();
        Directory.CreateDirectory(request.Out);
        List<string> notes = [];
        ToldProgress told = new();

        ExperimentReport report = ExperimentRun.Execute(request, told, notes.Add, TestContext.Current.CancellationToken);

        string[] arms = ["dense", "wanda", "alpha 0, seed 0", "alpha 3, seed 0"];
        const string Repeats = "  the run reads its data 2.0 times; more text, or fewer steps, avoids the repetition.";
        Assert.Equal(
            [
                "arm 1 of 4: dense", Figures(0, "about 0 minutes left"), "arm 2 of 4: wanda", Figures(1, "about 0 minutes left"),
                "arm 3 of 4: alpha 0, seed 0", Repeats, Figures(2, "about 0 minutes left"), "arm 4 of 4: alpha 3, seed 0", Repeats,
                Figures(3, "all done"),
            ],
            notes);
        Assert.Equal(
            [
                new Progress("reading the texts", 0, 2, request.EvalTexts[0]),
                    new Progress("reading the texts", 1, 2, request.EvalTexts[1]),
                new Progress("loading the model", 0, 1), new Progress("evaluating", 0, 2, "s"),
                    new Progress("evaluating", 1, 2, "t"),
            ],
            told.All.Take(5));
        Assert.Equal(["dense", "wanda", "alpha-0-seed0", "alpha-3-seed0"], report.Rows.Select(row => row.Arm));
        // Of calibration 4 sequences of 16, of learning 4 steps of 2 x 16.
        Assert.Equal([0, 64, 128, 128], report.Rows.Select(row => row.Tokens));
        Assert.Equal([0, Figure("wanda", "seconds")], report.Rows.Take(2).Select(row => row.Seconds));
        Assert.All(report.Rows.Skip(2), row => Assert.Equal(128 / Figure(row.Arm, "tokens_per_second"), row.Seconds, 1e-9));

        string table = File.ReadAllText(Path.Combine(request.Out, "table.md"));
        notes.Clear();
        ExperimentRun.Execute(request, null, notes.Add, TestContext.Current.CancellationToken);
        Assert.Equal(["4 of 4 arms are done already."], notes);
        // Nobody needs to listen.
        ExperimentRun.Execute(request, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(table, File.ReadAllText(Path.Combine(request.Out, "table.md")));

        string Figures(int arm, string rest)
        {
            ExperimentRow row = report.Rows[arm];
            double Mean(int of) => Math.Sqrt(report.Rows[of].Perplexity["s"] * report.Rows[of].Perplexity["t"]);
            return string.Create(CultureInfo.InvariantCulture,
                $"  perplexity {Mean(arm):0.000} (dense {Mean(0):0.000}), {row.Seconds:0} s; {rest}");
        }

        double Figure(string arm, string name) =>
            (double)JsonNode.Parse(File.ReadAllText(Path.Combine(request.Out, "arms", arm, "run", "run.json")))!["figures"]![name]!;
    }

    [Fact]
    public void Execute_FolderOfOtherFiles_IsRefused()
    {
        ExperimentRequest request = Request();
        Directory.CreateDirectory(request.Out);
        File.WriteAllText(Path.Combine(request.Out, "mine.txt"), "mine");
        Refused("the folder holds files and no experiment", request);
        Refused(": a file; name a folder.", request with { Out = Path.Combine(request.Out, "mine.txt") });
    }

    [Fact]
    public void Execute_LengthsAtTheirLimits_AreTakenAndNoFurther()
    {
        ExperimentRequest request = Request();
        Refused("`SequenceLength` is 65; the model has 64 positions",
            request with { Options = request.Options with { SequenceLength = 65 } });
        // A text of just one window; at the next length it is too short.
        Refused("40 tokens; a window takes 41.", request with { EvalSequenceLength = 41 });
        ExperimentReport report = ExperimentRun.Execute(
            request with { EvalSequenceLength = 40, Prior = "none", Values = ["0"] }, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(["dense", "alpha-0-seed0"], report.Rows.Select(row => row.Arm));
    }

    private static void Refused(string expected, ExperimentRequest request) => Assert.Contains(
        expected,
        Assert.Throws<ArgumentException>(() => ExperimentRun.Execute(request, cancellation: TestContext.Current.CancellationToken)).Message,
        StringComparison.Ordinal);

    /// <summary>Processes that take processor time beside a measurement: as many as are asked for, and none afterwards.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void BusyNeighbour_Processes_AreAsManyAsAskedFor(int processes)
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("processes are counted by /proc");
            return;
        }
        using (new BusyNeighbour(processes)) Assert.Equal(processes, OwnLoops());
        Assert.Equal(0, OwnLoops());
    }

    private static int OwnLoops() => Directory.EnumerateDirectories("/proc").Count(folder =>
    {
        try
        {
            return Regex.IsMatch(File.ReadAllText(Path.Combine(folder, "stat")), $@"\) \w {Environment.ProcessId} ")
                && File.ReadAllText(Path.Combine(folder, "cmdline")).Contains("while :; do :; done", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    });

    private ExperimentRequest Request() => new()
    {
        Name = "alpha",
        Model = Fixture.PathOf("models/llama-gqa-tied"),
        Data = new CorpusOptions { Sources = [new DataSource(Ids("data.npy", 80))], CacheFolder = _folder.Cache },
        EvalTexts = [Ids("s.npy", 40), Ids("t.npy", 64)],
        Out = Path.Combine(_folder.Root, "out"),
        Options = new LearnOptions { Steps = 4, BatchSize = 2, SequenceLength = 16 },
        Prior = "wanda",
        Samples = 4,
        Values = ["0", "3"],
    };

    private string Ids(string name, int count)
    {
        Random random = new(count);
        return _folder.WriteNpy(name, "|u1", $"{count},", [.. Enumerable.Range(0, count).Select(_ => (byte)random.Next(128))]);
    }
}
