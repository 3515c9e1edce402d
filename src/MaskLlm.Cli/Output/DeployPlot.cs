using System.Globalization;
using MaskLlm.Experiments;
using ScottPlot;
using ScottPlot.Plottables;

namespace MaskLlm.Cli.Output;

/// <summary><c>plot.png</c> of what to deploy: speed against perplexity, a colour for each model and a mark for each type.</summary>
internal static class DeployPlot
{
    private static readonly MarkerShape[] Marks =
        [MarkerShape.FilledCircle, MarkerShape.FilledSquare, MarkerShape.FilledTriangleUp, MarkerShape.FilledDiamond];

    internal static void Write(string path, DeployReport report) => PlotImage.Write(path, Of(report));

    /// <summary>The plot, which the caller disposes.</summary>
    internal static Plot Of(DeployReport report)
    {
        Plot plot = PlotImage.New();
        string[] models = [.. report.Rows.Select(row => row.Model).Distinct()], types = [.. report.Rows.Select(row => row.Type).Distinct()];
        Color[] colors = [Colors.Gray, Colors.C0, Colors.C1, Colors.C2, Colors.C3, Colors.C4, Colors.C5, Colors.C6];
        foreach (DeployRow row in report.Rows)
        {
            Scatter point = plot.Add.ScatterPoints(new[] { row.Decode[0] }, new[] { row.MeanPerplexity });
            point.Color = colors[Array.IndexOf(models, row.Model) % colors.Length];
            point.MarkerShape = Marks[Array.IndexOf(types, row.Type) % Marks.Length];
            point.MarkerSize = report.Better(row) is null ? 14 : 8;
            point.LegendText = string.Create(CultureInfo.InvariantCulture, $"{row.Model} {row.Type}, {row.FileMegabytes:0} MB");
        }
        plot.Title("what to deploy: large marks are beaten by nothing", size: 16);
        plot.XLabel("tokens a second of one sequence");
        plot.YLabel("perplexity");
        plot.ShowLegend(Edge.Right);
        return plot;
    }
}
