using System.Text.Json.Nodes;
using MaskLlm.Cli.Output;
using MaskLlm.Decoding;
using MaskLlm.Evaluation;
using MaskLlm.Learning;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Measures;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using MaskLlm.Runs;

namespace MaskLlm.Cli.Tests.Output;

/// <summary>Every figure that a verb prints for people, from reports whose figures are known: cells, and sentences whole.</summary>
public sealed class TablesTests
{
    [Fact]
    public void Evaluation_DenseAndMasked_PrintsEveryFigure()
    {
        EvaluationReport report = new("M", "text.txt", 16,
            [new(null, new(10, 1000, 50, 8, 1.25)), new("m.npz", new(12.5, 1000, 50, 8, 2.06))]);
        string[] lines = Lines(output => EvaluationTable.Print(output, report));
        Assert.Equal(["mask", "perplexity", "times dense", "tokens", "windows", "tail", "seconds"], Header(lines));
        Assert.Equal(["dense", "10.0000", "1.000", "1000", "50", "8", "1.3"], Row(lines, "dense"));
        Assert.Equal(["m.npz", "12.5000", "1.250", "1000", "50", "8", "2.1"], Row(lines, "m.npz"));
        Assert.Equal(
            "token perplexity of text.txt: the first 50 of 62 windows of 16 tokens that do not overlap, 15 predicted tokens in each, "
                + "float32, no special tokens; the tail of 8 tokens is dropped", lines[^1]);
    }

    [Fact]
    public void Evaluation_PackedFile_HasNoDenseRow()
    {
        EvaluationReport report = new("M", "text.txt", 16, [new("in the file", new(10, 40, 2, 8, 1))]);
        string[] lines = Lines(output => EvaluationTable.Print(output, report));
        Assert.Equal(["in the file", "10.0000", "40", "2", "8", "1.0"], Row(lines, "in the file"));
        Assert.Contains(": all 2 windows of 16 tokens", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Learn_Record_PrintsPerplexitiesAndWhereTheRunLies()
    {
        JsonObject figures = new()
        {
            ["tokens"] = 128L,
            ["seconds"] = 2.004,
            ["tokens_per_second"] = 63.876,
            ["perplexity"] = new JsonObject { ["dense"] = 10.0, ["prior"] = null, ["learned"] = 12.5 },
        };
        string[] lines = Lines(output => LearnTable.Print(output, new RunRecord("learn", [], 7, "k", [], figures), "OUT", "sparsegpt"));
        Assert.Equal(["held-out text", "perplexity", "times dense"], Header(lines));
        Assert.Equal(["dense", "10.00", "1.00"], Row(lines, "dense"));
        Assert.Equal(["sparsegpt", "-", "-"], Row(lines, "sparsegpt"));
        Assert.Equal(["learned", "12.50", "1.25"], Row(lines, "learned"));
        Assert.Equal(["128 tokens seen, 2.00 seconds, 64 tokens/s, seed 7", "mask, record and model card: OUT"], lines[^2..]);
        Assert.Equal("model, record and model card: OUT", Last(new JsonObject { ["train-weights"] = "dense" }));
        Assert.Equal("mask, model, record and model card: OUT", Last(new JsonObject { ["train-weights"] = "only" }));
        Assert.Equal("mask of permuted, model, record and model card: OUT",
            Last(new JsonObject { ["permute"] = true, ["save-model"] = true, ["train-weights"] = "none" }));

        string Last(JsonObject options) =>
            Lines(output =>
                LearnTable.Print(output, new RunRecord("learn", options, 7, "k", [], figures.DeepClone().AsObject()), "OUT"))[^1];
    }

    [Fact]
    public void Merge_Report_PrintsAgreement()
    {
        MergeReport report = new("o.npz", NmPattern.TwoOfFour, 3, 200, 50,
            [("a", new MaskAgreement(200, 180, 0.955)), ("b", new MaskAgreement(200, 50, 0.5))]);
        string[] lines = Lines(output => MergeTable.Print(output, report));
        Assert.Equal(["input", "groups as merged", "bits as merged"], Header(lines));
        Assert.Equal(["a", "90.00 %", "95.50 %"], Row(lines, "a"));
        Assert.Equal(["b", "25.00 %", "50.00 %"], Row(lines, "b"));
        Assert.Equal("o.npz: 3 tensors of pattern 2:4; all inputs agree in 50 of 200 groups (25.00 %)", lines[^1]);
    }

    [Fact]
    public void Inspect_Report_PrintsTensorsSummaryAndAgreement()
    {
        SparsityReport report = new(null, 0.4375,
        [
            new("a", (4, 8), NmPattern.TwoOfFour, 0.5, 0),
            new("b", null, null, 0.375, 7),
        ], new MaskAgreement(200, 50, 0.75), 1);
        string[] lines = Lines(output => ReportTable.Print(output, report));
        Assert.Equal(["tensor", "shape", "pattern", "density", "violations"], Header(lines));
        Assert.Equal(["a", "4 x 8", "2:4", "50.00 %", "0"], Row(lines, "a"));
        Assert.Equal(["b", "?", "none", "37.50 %", "7"], Row(lines, "b"));
        Assert.Equal(
            ["2 tensors: no common pattern, judged as 2:4, density 43.75 %, 7 groups violate it",
                "agreement over 1 of 2 tensors: 50 of 200 groups (25.00 %), 75.00 % of the bits"], lines[^2..]);
        Assert.EndsWith("pattern 1:4, density 43.75 %, 7 groups violate it",
            Lines(output => ReportTable.Print(output, report with { Pattern = new NmPattern(1, 4), Agreement = null }))[^1],
            StringComparison.Ordinal);
    }

    [Fact]
    public void Inspect_SomeDense_CountsBothAndCallsTheWholeByNeither()
    {
        TensorSparsity dense = new("b", (4, 8), null, 1, 8);
        SparsityReport report = new(null, 0.75, [new("a", (4, 8), NmPattern.TwoOfFour, 0.5, 0), dense], null, 0);
        string[] lines = Lines(output => ReportTable.Print(output, report));
        Assert.Equal(["b", "4 x 8", "dense", "100.00 %", "8"], Row(lines, "b"));
        Assert.Equal("2 tensors: no common pattern (1 are 2:4, 1 dense), judged as 2:4, density 75.00 %, 8 groups violate it", lines[^1]);
        Assert.Equal("1 tensors: no common pattern, judged as 2:4, density 100.00 %, 8 groups violate it",
            Lines(output => ReportTable.Print(output, report with { Tensors = [dense], Density = 1 }))[^1]);
    }

    [Fact]
    public void BenchLearn_Report_PrintsEveryFigure()
    {
        LearnBenchmarkReport report = new("fused-avx2", 12_340_000, 512, [new("sample", 8, 2), new("update", 3, 4)], 0.5, 2, 4.25, 9.125,
            7_120_000_000, 6_540_000_000);
        string[] lines = Lines(output => BenchTable.Print(output, report));
        Assert.Equal(["ns a weight and step", "plain", "fused-avx2", "times faster"], Header(lines));
        Assert.Equal(["sample", "8.00", "2.00", "4.00"], Row(lines, "sample"));
        Assert.Equal(["update", "3.00", "4.00", "0.75"], Row(lines, "update"));
        Assert.Equal(
        [
            "dense forward and backward 0.500 s, learning step 2.000 s: 4.250 times; 256 tokens/s",
            "12.3 million weights under masks, 9.13 bytes of state each; peak memory 7.12 GB, planned 6.54 GB",
        ], lines[^2..]);
    }

    [Fact]
    public void BenchRuntime_Rows_PrintAndGoToJson()
    {
        RuntimeBenchmarkRow[] rows = [new("decode bf16 x1", 99.994, 150.06, 1.5004, "tokens/s", "avx2, 2 threads"),
            new("file bf16", 200, 125, 1.6, "MB", "avx2, 2 threads")];
        string[] lines = Lines(output => RuntimeBenchTable.Print(output, rows));
        Assert.Equal(["what", "dense", "sparse", "ratio", "unit"], Header(lines));
        Assert.Equal(["decode bf16 x1", "99.99", "150.1", "1.500", "tokens/s"], Row(lines, "decode bf16 x1"));
        Assert.Equal(["file bf16", "200.0", "125.0", "1.600", "MB"], Row(lines, "file bf16"));
        Assert.Equal(["avx2, 2 threads", "A ratio above 1: sparse is better. Medians; the ratio is the median over pairs."], lines[^2..]);
        Assert.Equal(
            """{"what":"file bf16","dense":200,"sparse":125,"ratio":1.6,"unit":"MB","kernel":"avx2, 2 threads"}""", RuntimeBenchTable.ToJson(rows)["rows"]![1]!.ToJsonString());
    }

    [Fact]
    public void Sensitivity_Report_PrintsCostsAndBothSuggestionsTheSparserFirst()
    {
        SensitivityReport report = Report(0.1, new(["b1"], ["b.1.*"], 0.05, 0.5) { MeasuredRise = 0.0625 },
            new(["q_proj"], ["*.q_proj.weight", "x"], 0.075, 0.125) { MeasuredRise = 0.2 });
        string[] lines = Lines(output => SensitivityTable.Print(output, report));
        Assert.Equal(["sparse", "million weights", "perplexity", "increase of ln"], Header(lines));
        Assert.Equal(["nothing (dense)", "0.000", "10.0000", "0.0000"], Row(lines, "nothing (dense)"));
        Assert.Equal(["the whole mask", "3.000", "20.0000", "0.6931"], Row(lines, "the whole mask"));
        Assert.Equal(["b1", "2.000", "15.0000", "0.4055"], Row(lines, "b1"));
        Assert.Equal(["q_proj", "0.500", "12.0000", "0.1823"], Row(lines, "q_proj"));
        Assert.Equal(
        [
            "perplexity of T, 7 windows of 16 tokens; one row of blocks or kinds sparse at a time, the rest dense",
            "to stay within 0.1000 by kinds (estimated 0.0750, measured 0.2000: too much, lower --max-loss; 12.5 % of the masked weights "
            + "become dense):",
            "--skip '*.q_proj.weight' --skip 'x'",
            "to stay within 0.1000 by blocks (estimated 0.0500, measured 0.0625; 50.0 % of the masked weights become dense):",
            "--skip 'b.1.*'",
        ], lines[^5..]);
    }

    [Fact]
    public void Sensitivity_NothingToSkipOrNothingThatWouldDo_SaysSo()
    {
        Assert.Equal("the whole mask costs 0.6931, 0.7000 are allowed: nothing needs to be skipped",
            Lines(output => SensitivityTable.Print(output, Report(0.7, null, null)))[^1]);
        Assert.Equal("no part can be left sparse at a cost of 0.1000; raise --max-loss",
            Lines(output => SensitivityTable.Print(output, Report(0.1, null, null)))[^1]);
    }

    [Fact]
    public void Progress_OffATerminal_IsALineAPhaseWithShareAndTime()
    {
        using StringWriter error = new();
        using ProgressLine progress = new(error);
        progress.Report(new Progress("learning", 0, 4));
        progress.Report(new Progress("learning", 1, 4, "loss 4.000"));
        progress.Note("a sentence");
        progress.Report(new Progress("learning", 4, 4, "loss 3.000"));
        progress.Report(new Progress("evaluating", 0, 0));
        Assert.Equal(["learning 0%, 0:00 taken", "a sentence", "learning 100%, loss 3.000, 0:00 taken", "evaluating 0%, 0:00 taken"],
            error.ToString().TrimEnd().Split('\n').Select(line => line.Replace("0 %", "0%", StringComparison.Ordinal)));
    }

    private static SensitivityReport Report(double maxLoss, SkipSuggestion? blocks, SkipSuggestion? kinds) => new(
        "M", "T", "m.npz", 16, new(10, 100, 7, 0, 1), new(20, 100, 7, 0, 1),
        [new("b0", "b.0.*", 1_000_000, 11, Math.Log(1.1)), new("b1", "b.1.*", 2_000_000, 15, Math.Log(1.5))],
            [new("q_proj", "*.q_proj.weight", 500_000, 12, Math.Log(1.2))], maxLoss, blocks, kinds);

    private static string[] Lines(Action<TextWriter> print)
    {
        using StringWriter output = new();
        print(output);
        return output.ToString().TrimEnd().Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
    }

    // Tables differ in what is drawn between cells; two spaces or a line are between any two.
    private static string[] Cells(string line) =>
        line.Split(["  ", "│", "|"], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static string[] Header(string[] lines) => Cells(lines.First(line => Cells(line).Length > 1));

    private static string[] Row(string[] lines, string first) => lines.Select(Cells).First(cells => cells.Length > 2 && cells[0] == first);
}
