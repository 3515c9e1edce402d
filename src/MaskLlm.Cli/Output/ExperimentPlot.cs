using System.Globalization;
using MaskLlm.Experiments;
using ScottPlot;
using ScottPlot.Plottables;

namespace MaskLlm.Cli.Output;

/// <summary><c>plot.png</c>: curves against tokens where an experiment has them, otherwise a bar for each row of its table.</summary>
internal static class ExperimentPlot
{
    private static readonly double[] OfDecade = [1, 2, 5];

    // Values further apart than this would hide all but the largest.
    private const double WideRatio = 8;

    internal static void Write(string path, ExperimentReport report) => PlotImage.Write(path, Of(report));

    /// <summary>The plot, which the caller disposes.</summary>
    internal static Plot Of(ExperimentReport report)
    {
        Plot plot = PlotImage.New();
        bool wide = IsWide(report);
        if (report.Rows.Any(row => row.X is not null) && !IsByDomain(report)) DrawCurves(plot, report, wide);
        else DrawBars(plot, report, wide);
        string texts = report.Texts.Count == 1 ? "text" : "texts";
        plot.Title($"{report.Request.Name}: perplexity, geometric mean over {report.Texts.Count} {texts}", size: 16);
        plot.YLabel("perplexity");
        if (wide)
            SetLogarithmicTicks(plot.Axes.Left, Enumerable.Range(-1, 9)
                .SelectMany(power => OfDecade.Select(first => first * Math.Pow(10, power))));
        return plot;
    }

    // Masks of domains have one length there, and so no curve.
    private static bool IsByDomain(ExperimentReport report) => report.Rows.Select(row => row.X).OfType<double>().Distinct().Count() < 2;

    private static void DrawCurves(Plot plot, ExperimentReport report, bool wide)
    {
        List<(ExperimentRow Row, List<double> Means)> points =
        [
            .. report.Labels.Select(label => (report.Rows.First(row => row.Label == label), Finite(report.Means(label))))
                .Where(point => point.Item2.Count > 0),
        ];
        foreach (IGrouping<string, (ExperimentRow Row, List<double> Means)> series in points.Where(point => point.Row.X is not null)
            .GroupBy(point => point.Row.Series!))
        {
            (ExperimentRow Row, List<double> Means)[] sorted = [.. series.OrderBy(point => point.Row.X)];
            Scatter curve = plot.Add.Scatter(
                sorted.Select(point => Math.Log10(point.Row.X!.Value)).ToArray(),
                sorted.Select(point => OnAxis(point.Means.Average(), wide)).ToArray());
            (curve.LegendText, curve.LineWidth, curve.MarkerSize) = (series.Key, 2, 8);
        }
        foreach ((ExperimentRow Row, List<double> Means) level in points.Where(point => point.Row.X is null))
        {
            HorizontalLine line = plot.Add.HorizontalLine(OnAxis(level.Means.Average(), wide), 1.5f, pattern: LinePattern.Dashed);
            line.LegendText = level.Row.Label;
        }
        plot.XLabel("tokens seen");
        SetLogarithmicTicks(plot.Axes.Bottom, report.Rows.Select(row => row.X).OfType<double>().Distinct());
        plot.ShowLegend(Edge.Right);
    }

    private static void DrawBars(Plot plot, ExperimentReport report, bool wide)
    {
        string[] labels = [.. report.Labels.Where(label => Finite(report.Means(label)).Count > 0)];
        double dense = report.Means(labels[0]).Average(), floor = wide ? Math.Floor(OnAxis(dense, wide)) : 0;
        for (int i = 0; i < labels.Length; i++)
        {
            List<double> means = Finite(report.Means(labels[i]));
            Bar bar = new()
            {
                Position = i,
                ValueBase = floor,
                Value = OnAxis(means.Average(), wide),
                FillColor = i == 0 ? Colors.Gray
                : Colors.C0
            };
            bar.Label = means.Average().ToString("0.00", CultureInfo.InvariantCulture);
            plot.Add.Bar(bar);
            // Where seeds differ: one short line each.
            if (means.Count > 1)
                plot.Add.Markers(means.Select(_ => (double)i).ToArray(), means.Select(mean => OnAxis(mean, wide)).ToArray(),
                    MarkerShape.HorizontalBar, 12, Colors.Black);
        }
        plot.Add.HorizontalLine(OnAxis(dense, wide), 1, Colors.Gray, LinePattern.Dashed);
        plot.Axes.Bottom.SetTicks([.. Enumerable.Range(0, labels.Length).Select(i => (double)i)], labels);
        (plot.Axes.Bottom.TickLabelStyle.Rotation, plot.Axes.Bottom.TickLabelStyle.Alignment) = (30, Alignment.MiddleLeft);
        plot.Axes.Bottom.MinimumSize = 120;
        plot.Axes.Right.MinimumSize = 6 * labels[^1].Length;
        plot.Axes.Margins(bottom: 0, top: 0.15);
        plot.HideGrid();
    }

    private static bool IsWide(ExperimentReport report)
    {
        double[] means = [.. report.Labels.SelectMany(label => Finite(report.Means(label)))];
        return means.Max() / means.Min() > WideRatio;
    }

    private static List<double> Finite(IEnumerable<double> values) => [.. values.Where(double.IsFinite)];

    private static double OnAxis(double perplexity, bool wide) => wide ? Math.Log10(perplexity) : perplexity;

    private static void SetLogarithmicTicks(IAxis axis, IEnumerable<double> values)
    {
        double[] at = [.. values];
        axis.SetTicks([.. at.Select(Math.Log10)], [.. at.Select(value => value.ToString("#,0.##", CultureInfo.InvariantCulture))]);
    }
}
