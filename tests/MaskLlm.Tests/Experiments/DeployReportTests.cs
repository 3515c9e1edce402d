using MaskLlm.Experiments;
using MaskLlm.Tasks;

namespace MaskLlm.Tests.Experiments;

public sealed class DeployReportTests
{
    private static readonly DeployRow
        Dense = Row("dense", "bf16", 200, 20, 10),
        DenseInt4 = Row("dense", "int4", 60, 40, 12),
        Sparse = Row("mask", "bf16", 120, 30, 11),
        SparseInt4 = Row("mask", "int4", 50, 39, 13);

    [Fact]
    public void Better_EveryFigure_BeatsOnlyWhatIsWorseInAll()
    {
        DeployRow slow = Row("other", "int4", 61, 39, 12.5);
        DeployReport report = Report(new(), Dense, DenseInt4, Sparse, SparseInt4, slow);
        Assert.Equal([null, null, null, null, DenseInt4], report.Rows.Select(report.Better));
        // Equal in all is no better; accuracy counts.
        Assert.Null(Report(new(), Dense, Dense with { Model = "same" }).Better(Dense));
        TaskScore[] good = [new("piqa", 2, 0.5, 0.1) { NormalizedAccuracy = 0.75 }];
        TaskScore[] bad = [new("piqa", 2, 0.9, 0.1) { NormalizedAccuracy = 0.5 }];
        DeployRow better = DenseInt4 with { Tasks = bad };
        Assert.Null(Report(new(), better, slow with { Tasks = good }).Better(slow with { Tasks = good }));
    }

    [Theory]
    [InlineData(130, null, null, "mask bf16")]
    [InlineData(null, 35.0, null, "dense int4")]
    [InlineData(null, null, 0.1, "mask bf16")]
    [InlineData(null, null, 0.2, "dense int4")]
    [InlineData(55, null, 0.5, "mask int4")]
    [InlineData(10, null, null, null)]
    public void Choice_WithinLimits_IsNearestOrFastest(int? memory, double? speed, double? loss, string? wanted)
    {
        DeployReport report = Report(new(memory, speed, loss), Dense, DenseInt4, Sparse, SparseInt4);
        Assert.Equal(wanted, report.Choice is { } row ? $"{row.Model} {row.Type}" : null);
    }

    [Fact]
    public void Sentence_Limits_SaysWhatAndWhy()
    {
        Assert.Null(Report(new(), Dense).Sentence());
        Assert.Equal("Of what has at most 130 MB resident and at least 25 tokens/s, mask in bf16 is nearest to dense: 30.0 tokens/s, 120 MB, "
            + "perplexity 11.00 (dense in bf16 10.00).", Report(new(130, 25, null), Dense, Sparse).Sentence());
        Assert.Equal("Of what has at most 0.1 nats a token over dense in bf16, mask in bf16 is fastest: 30.0 tokens/s, 120 MB, "
            + "perplexity 11.00 (dense in bf16 10.00).", Report(new(null, null, 0.1), Dense, Sparse).Sentence());
        Assert.Equal("Nothing here has at most 1 MB resident.", Report(new(1, null, null), Dense).Sentence());
    }

    [Fact]
    public void Markdown_Rows_HaveEveryFigure()
    {
        string table = Report(new(), Dense, Sparse, Row("slow", "int8", 130, 25, 12)).Markdown();
        Assert.StartsWith("""
            | model | weights | file MB | resident MB | decode x1 | x4 | x16 | prefill | perplexity | times dense | beaten by |
            |---|---|---|---|---|---|---|---|---|---|---|
            | **dense** | bf16 | 100.0 | 200 | 20.0 | 40.0 | 80.0 | 200 | 10.000 | 1.000 |  |
            | **mask** | bf16 | 60.0 | 120 | 30.0 | 60.0 | 120.0 | 300 | 11.000 | 1.100 |  |
            | slow | int8 | 65.0 | 130 | 25.0 | 50.0 | 100.0 | 250 | 12.000 | 1.200 | mask bf16 |
            """, table, StringComparison.Ordinal);
        Assert.Contains("medians of 5, some kernel. Perplexity: geometric mean of t, the first 40 windows of each. In bold", table,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Row_Json_ReadsBack()
    {
        DeployRow row = Dense with { SparseLayers = 3, Tasks = [new("piqa", 2, 0.5, null) { Seconds = 1 }] };
        DeployRow read = DeployRow.Parse(row.ToJson());
        Assert.Equal(row.ToJson().ToJsonString(), read.ToJson().ToJsonString());
        Assert.Equal(0.5, read.MeanAccuracy);
    }

    private static DeployRow Row(string model, string type, double resident, double speed, double perplexity) => new(
        model, type, resident / 2, resident, [speed, 2 * speed, 4 * speed], 10 * speed,
        new Dictionary<string, double> { ["t"] = perplexity });

    private static DeployReport Report(Limits limits, params DeployRow[] rows) => new(new DeployRequest
    {
        Model = "M",
        EvalTexts = ["t.txt"],
        Out = "O",
        MaxMemory = limits.Memory,
        MinTokensPerSecond = limits.Speed,
        MaxLoss = limits.Loss,
    }, rows, "some kernel");

    private sealed record Limits(int? Memory = null, double? Speed = null, double? Loss = null);
}
