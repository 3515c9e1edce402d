using System.Globalization;
using System.Text.RegularExpressions;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

/// <summary>What is printed and written is the same in every country: the library and the verbs do not look at the thread's
/// culture.</summary>
[Collection(TorchTests.Name)]
public sealed partial class CultureTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CultureInfo _before = CultureInfo.CurrentCulture;

    public CultureTests()
    {
        CultureInfo comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        NumberFormatInfo numbers = comma.NumberFormat;
        (numbers.NumberDecimalSeparator, numbers.NumberGroupSeparator, numbers.NegativeSign) = (";", "'", "~");
        (numbers.PercentDecimalSeparator, numbers.PercentGroupSeparator, numbers.PercentSymbol) = (";", "'", "@");
        CultureInfo.CurrentCulture = comma;
        CultureInfo.DefaultThreadCurrentCulture = comma;
    }

    [Fact]
    public void LearnEvalAndSensitivity_OfAnotherCulture_PrintAndWritePoints()
    {
        string run = _folder.File("run");
        CommandRun learned = CommandRun.Of(
            "learn", TinyModel.Folder, "--data", $"{TinyModel.TextPath}:0.5", "--out", run, "--steps", "2", "--batch-size", "2",
            "--seq-len", "16", "--prior", "magnitude", "--learning-rate", "0.0007",
            "--score-strength", "0.5", "--kappa", "100.5:200.5", "--threads", "1", "--log-every", "1", "--eval-every", "1",
                "--explain-memory");
        learned.AssertSuccess();
        Assert.Contains("0.0007", File.ReadAllText(Path.Combine(run, "run.json")), StringComparison.Ordinal);
        string mask = Path.Combine(run, "mask.npz");
        AssertPoints(
            learned,
            CommandRun.Of("eval", TinyModel.Folder, "--mask", mask, "--data", TinyModel.TextPath, "--max-windows", "2", "--threads", "1"),
            CommandRun.Of("sensitivity", TinyModel.Folder, "--mask", mask, "--data", TinyModel.TextPath, "--max-windows", "1", "--max-loss",
                "0.0001", "--threads", "1"),
            CommandRun.Of("inspect", mask, "--model", TinyModel.Folder, "--against", mask),
            CommandRun.Of("merge", mask, run, "--out", _folder.File("merged.npz")),
            CommandRun.Of("bench", "learn", TinyModel.Folder, "--batch-size", "1", "--seq-len", "16", "--repeats", "1", "--threads", "1"));
        AssertPoints(run);
    }

    [Fact]
    public void PruneExportGenerateAndExperiment_OfAnotherCulture_PrintAndWritePoints()
    {
        string prune = _folder.File("prune"), file = _folder.File("model.maskllm"), experiment = _folder.File("experiment");
        AssertPoints(
            CommandRun.Of("prune", TinyModel.Folder, "--method", "wanda", "--data", TinyModel.TextPath, "--samples", "2", "--seq-len", "16",
                "--out", prune, "--threads", "1"),
            CommandRun.Of("export", TinyModel.Folder, "--mask", Path.Combine(prune, "mask.npz"), "--out", file),
            CommandRun.Of("generate", file, "--prompt", "the fox", "--max-tokens", "3", "--temperature", "0.7", "--top-p", "0.9",
                "--threads", "1"),
            CommandRun.Of("export", TinyModel.Folder, "--format", "gguf", "--out", _folder.File("model.gguf")),
            CommandRun.Of(
                "experiment", "alpha", TinyModel.Folder, "--data", TinyModel.TextPath, "--eval-text", TinyModel.TextPath, "--values", "0.5",
                "1.5", "--prior", "magnitude", "--steps", "1", "--batch-size", "2",
                "--seq-len", "16", "--max-windows", "2", "--seeds", "0", "1", "--out", experiment, "--threads", "1"));
        AssertPoints(prune);
        AssertPoints(experiment);
    }

    [Fact]
    public async Task Program_GermanEnvironment_PrintsPoints()
    {
        const string Script = "LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=0 exec \"$@\"";
        using ProgramRun program = ProgramRun.StartShell(
            Script, [.. ProgramRun.Command, "eval", TinyModel.Folder, "--data", TinyModel.TextPath, "--max-windows", "2", "--threads",
                "1"]);
        CommandRun run = await program.End();
        if (run.Error.Contains("ICU", StringComparison.Ordinal))
            Assert.Skip("this machine has no tables of cultures, and .NET does not start without them when asked for.");
        run.AssertSuccess();
        Assert.Matches(@"\d\.\d{4}", run.Output);
        Assert.DoesNotMatch(@"\d,\d{1,2}\b", run.Output);
    }

    public void Dispose()
    {
        CultureInfo.CurrentCulture = _before;
        CultureInfo.DefaultThreadCurrentCulture = null;
        _folder.Dispose();
    }

    private static void AssertPoints(params CommandRun[] runs)
    {
        foreach (CommandRun run in runs)
        {
            run.AssertSuccess();
            Assert.DoesNotMatch(OtherNumber(), run.Output + run.Error);
        }
    }

    private static void AssertPoints(string folder)
    {
        foreach (string file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
            .Where(file => Path.GetExtension(file) is ".md" or ".json" or ".jsonl" or ".csv"))
            Assert.DoesNotMatch(OtherNumber(), File.ReadAllText(file));
    }

    [GeneratedRegex(@"\d[;']\d|~\d|\d ?@")]
    private static partial Regex OtherNumber();
}
