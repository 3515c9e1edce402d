using MaskLlm.Data;
using MaskLlm.Experiments;

namespace MaskLlm.Tests.Experiments;

public sealed class ExperimentReportTests
{
    private static readonly ExperimentRequest Request = new()
    {
        Name = "compare",
        Model = "/models/some",
        Data = new CorpusOptions { Sources = [] },
        Out = "out",
        Seeds = [0, 1]
    };

    // A label of one mask a domain, one of two seeds, and one that lacks a text.
    private static readonly ExperimentReport Report = new(Request, ["a", "b"],
    [
        Row("dense", null, ("a", 10), ("b", 40)),
        Row("sparsegpt", null, ("a", 20), ("b", 80)),
        Row("own", null, ("a", 15)) with { Domain = "a" },
        Row("own", null, ("b", 60)) with { Domain = "b" },
        Row("learned", 0, ("a", 12), ("b", 48)),
        Row("learned", 1, ("a", 14), ("b", 56)),
        Row("half, done", 0, ("a", 11)),
    ]);

    [Fact]
    public void Means_SeedsAndDomains_AreTakenOverAllTexts()
    {
        Assert.Equal([20.0], Report.Means("dense").Select(mean => Math.Round(mean, 9)));
        Assert.Equal([30.0], Report.Means("own").Select(mean => Math.Round(mean, 9)));
        Assert.Equal([24.0, 28.0], Report.Means("learned").Select(mean => Math.Round(mean, 9)));
        Assert.Equal([30.0, 35.0], Report.Means("learned", geometric: false));
        Assert.Empty(Report.Means("half, done"));
        Assert.Equal([12.0, 14.0], Report.Values("learned", "a"));
    }

    [Fact]
    public void GapLeft_HalfwayInLogs_IsAHalf()
    {
        Assert.Equal((0.0, 1.0), (Report.GapLeft("dense"), Report.GapLeft("sparsegpt")));
        Assert.Equal((Math.Log(1.2) + Math.Log(1.4)) / 2 / Math.Log(2), Report.GapLeft("learned")!.Value, 12);
        Assert.Null(Report.GapLeft("half, done"));
    }

    [Fact]
    public void Markdown_SeedsThatDiffer_ShowsMeanAndHalfTheirDistance()
    {
        string table = ExperimentTable.Markdown(Report);
        Assert.Contains(
            "- seeds of the learned masks: 0, 1; mean and, after the sign, half the distance between the largest and the smallest\n", table,
            StringComparison.Ordinal);
        Assert.Contains("| half, done |  |  |  | 5 | 2 |\n", table, StringComparison.Ordinal);
        Assert.Contains("| learned | 26.000 ± 2.000 | 1.300 | 0.37 | 5 | 2 |\n", table, StringComparison.Ordinal);
        Assert.Contains("| text | dense | sparsegpt | own | learned | half, done |\n|---|---|---|---|---|---|\n| a | 10.000 | 20.000 | "
            + "15.000 | 13.000 ± 1.000 | 11.000 |\n", table, StringComparison.Ordinal);
        Assert.EndsWith("| **geometric mean** | 20.000 | 40.000 | 30.000 | 26.000 ± 2.000 |  |\n", table, StringComparison.Ordinal);
    }

    [Fact]
    public void Csv_EveryArmSeedAndText_HasARowBesideTheDenseFigure()
    {
        using TemporaryFolder folder = new();
        ExperimentCsv.Write(folder.File("results.csv"), Report);
        string[] lines = File.ReadAllLines(folder.File("results.csv"));
        Assert.Equal("experiment,arm,label,domain,seed,text,perplexity,dense,x,tokens,seconds", lines[0]);
        Assert.Equal(1 + 11 + 2 * 5, lines.Length);
        Assert.Contains("compare,own,own,b,,b,60,40,,5,2", lines);
        Assert.Contains("compare,,learned,,1,geometric mean,28,20,,5,2", lines);
        Assert.Contains("compare,,learned,,1,arithmetic mean,35,25,,5,2", lines);
        Assert.Contains("compare,\"half, done\",\"half, done\",,0,a,11,10,,5,2", lines);
    }

    [Fact]
    public void ToJson_ReadAgain_IsTheSameRow()
    {
        ExperimentRow row = Row("learned", ulong.MaxValue, ("a", 12.25)) with
        {
            Domain = "a",
            Series = "s",
            X = 3,
            Notes = ["note"],
            Options = new() { ["steps"] = 3 }
        };
        Assert.Equal(row.ToJson().ToJsonString(),
            ExperimentRow.Parse(System.Text.Json.Nodes.JsonNode.Parse(row.ToJson().ToJsonString())!.AsObject()).ToJson().ToJsonString());
    }

    /// <summary>No number in JSON, and none when it is read again.</summary>
    [Fact]
    public void Parse_PerplexityThatIsNull_IsNotANumber()
    {
        ExperimentRow row = ExperimentRow.Parse(Row("learned", 0, ("a", double.PositiveInfinity), ("b", 2)).ToJson());
        Assert.Equal([double.NaN, 2], row.Perplexity.Values);
        Assert.Equal((5L, 2.0, 0UL), (row.Tokens, row.Seconds, row.Seed));
    }

    private static ExperimentRow Row(string label, ulong? seed, params (string Text, double Perplexity)[] values) =>
        new(label, label, values.ToDictionary(value => value.Text, value => value.Perplexity), 5, 2) { Seed = seed };
}
