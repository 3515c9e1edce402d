using MaskLlm.Cli.Output;
using MaskLlm.Data;
using MaskLlm.Experiments;
using ScottPlot;
using ScottPlot.Plottables;

namespace MaskLlm.Cli.Tests.Output;

/// <summary>What is drawn where: bars and curves on plain axes, and on logarithmic ones where values lie eight times apart.</summary>
public sealed class ExperimentPlotTests
{
    private static readonly ExperimentRequest Request = new()
    {
        Name = "compare",
        Model = "M",
        Data = new CorpusOptions { Sources = [] },
        Out = "out",
    };

    [Fact]
    public void Of_RowsOfATable_AreBarsFromZeroWithALineAtTheDenseModel()
    {
        using Plot plot = ExperimentPlot.Of(Report(
            Row("dense", 10), Row("learned", 20) with { Seed = 0 }, Row("learned", 30) with { Seed = 1 }, Row("broken", double.NaN)));
        Bar[] bars = Bars(plot);
        Assert.Equal([(0.0, 0.0, 10.0, "10.00"), (1, 0, 25, "25.00")],
            bars.Select(bar => (bar.Position, bar.ValueBase, Math.Round(bar.Value, 9), bar.Label)));
        Assert.Equal([Colors.Gray, Colors.C0], bars.Select(bar => bar.FillColor));
        Assert.Equal(10, Assert.Single(plot.GetPlottables<HorizontalLine>()).Y, 1e-9);
        // Each seed where there are several.
        Coordinates[] seeds = [.. Assert.Single(plot.GetPlottables<Markers>()).Data.GetScatterPoints()];
        Assert.Equal([(1.0, 20.0), (1, 30)], seeds.Select(point => (point.X, Math.Round(point.Y, 9))));
        Assert.Equal(["dense", "learned"], Ticks(plot.Axes.Bottom).Select(tick => tick.Label));
        Assert.Equal([0.0, 1], Ticks(plot.Axes.Bottom).Select(tick => tick.Position));
        Assert.Equal("compare: perplexity, geometric mean over 1 text", plot.Axes.Title.Label.Text);
        Assert.Equal("perplexity", plot.Axes.Left.Label.Text);
    }

    [Theory]
    [InlineData(80, false)]
    [InlineData(80.1, true)]
    public void Of_ValuesFarApart_AreOnALogarithmicAxis(double largest, bool isWide)
    {
        using Plot plot = ExperimentPlot.Of(Report(Row("dense", 10), Row("prior", largest)));
        Bar[] bars = Bars(plot);
        Assert.Equal(isWide ? Math.Log10(largest) : largest, bars[1].Value, 1e-9);
        Assert.Equal(isWide ? 1 : 0, bars[1].ValueBase, 1e-9);
        Assert.Equal(isWide ? 1 : 10, bars[0].Value, 1e-9);
        if (isWide)
            Assert.Equal(
                ["0.1", "0.2", "0.5", "1", "2", "5", "10", "20", "50", "100", "200", "500", "1,000"],
                Ticks(plot.Axes.Left).Take(13).Select(tick => tick.Label));
    }

    [Fact]
    public void Of_RowsOfRunsOfManyLengths_AreCurvesInTheirOrderAndDashedLevels()
    {
        using Plot plot = ExperimentPlot.Of(Report(
            Row("dense", 10), Row("b", 14) with { Series = "learned", X = 10_000 }, Row("a", 18) with { Series = "learned", X = 1000 },
            Row("c", 16) with { Series = "other", X = 1000 }));
        Scatter[] curves = [.. plot.GetPlottables<Scatter>()];
        Assert.Equal(["learned", "other"], curves.Select(curve => curve.LegendText));
        Assert.Equal([(3.0, 18.0), (4, 14)], curves[0].Data.GetScatterPoints().Select(point => (point.X, Math.Round(point.Y, 9))));
        HorizontalLine level = Assert.Single(plot.GetPlottables<HorizontalLine>());
        Assert.Equal(("dense", 10.0), (level.LegendText, Math.Round(level.Y, 9)));
        Assert.Equal("tokens seen", plot.Axes.Bottom.Label.Text);
        Assert.Equal([(4.0, "10,000"), (3, "1,000")], Ticks(plot.Axes.Bottom).Select(tick => (tick.Position, tick.Label)));
        Assert.Empty(plot.GetPlottables<BarPlot>());
    }

    /// <summary>Masks of domains have one length each, and no curve.</summary>
    [Fact]
    public void Of_RowsOfOneLength_AreBars()
    {
        using Plot plot = ExperimentPlot.Of(Report(Row("dense", 10), Row("own", 12) with { Series = "own", X = 1000 }));
        Assert.Equal(2, Bars(plot).Length);
        Assert.Empty(plot.GetPlottables<Scatter>());
    }

    [Fact]
    public void Write_Report_IsAPicture()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("maskllm-plot-").FullName, "plot.png");
        ExperimentPlot.Write(path, Report(Row("dense", 10), Row("prior", 20)));
        byte[] png = File.ReadAllBytes(path);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        Assert.Equal([0x89, .. "PNG"u8], png[..4]);
        // Width and height, most significant byte first.
        Assert.Equal([0, 0, 1000 >> 8, 1000 & 255, 0, 0, 620 >> 8, 620 & 255], png[16..24]);
    }

    private static ExperimentReport Report(params ExperimentRow[] rows) => new(Request, ["a"], rows);

    private static ExperimentRow Row(string label, double perplexity) =>
        new(label, label, new Dictionary<string, double> { ["a"] = perplexity }, 5, 2);

    private static Bar[] Bars(Plot plot) => [.. plot.GetPlottables<BarPlot>().SelectMany(each => each.Bars)];

    // All, seen or not.
    private static Tick[] Ticks(IAxis axis)
    {
        using Paint paint = Paint.NewDisposablePaint();
        axis.TickGenerator.Regenerate(new CoordinateRange(-9, 9), axis.Edge, new PixelLength(500), paint, axis.TickLabelStyle);
        return axis.TickGenerator.Ticks;
    }
}
