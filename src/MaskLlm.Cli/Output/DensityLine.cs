using System.Globalization;
using MaskLlm.Runs;

namespace MaskLlm.Cli.Output;

/// <summary>What a run says of layers that it chose to leave dense.</summary>
internal static class DensityLine
{
    internal static void Print(TextWriter output, RunRecord record)
    {
        if (record.Figures["dense_layers"] is not { } dense || dense.AsArray().Count == 0) return;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{dense.AsArray().Count} layers stay dense: density {100 * record.Figures["density"]!.GetValue<double>():0.00} %"));
    }
}
