using System.Globalization;
using MaskLlm.Runs;

namespace MaskLlm.Cli.Output;

/// <summary>What a run says of layers that it chose to leave dense, with the option that leaves them so in another run.</summary>
internal static class DensityLine
{
    internal static void Print(TextWriter output, RunRecord record)
    {
        string[] dense = [.. record.Figures["dense_layers"]!.AsArray().Select(name => (string)name!)];
        if (dense.Length == 0) return;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{dense.Length} layers stay dense: density {100 * record.Figures["density"]!.GetValue<double>():0.00} %; the same for learn:"));
        IEnumerable<string> unmasked = record.Figures["unmasked_layers"]!.AsArray().Select(name => (string)name!);
        output.WriteLine($"  --skip {string.Join(' ', unmasked)}");
    }
}
