using MaskLlm.Formats;
using ScottPlot;

namespace MaskLlm.Cli.Output;

/// <summary>What all pictures share: size, font, and how they are written.</summary>
internal static class PlotImage
{
    private const int Width = 1000, Height = 620;

    private static readonly string[] Fonts = ["DejaVu Sans", "Liberation Sans", "Arial"];

    /// <summary>An empty plot in a font that is there; without any the picture has no words, and is drawn nevertheless.</summary>
    internal static Plot New()
    {
        Plot plot = new();
        string? font = Fonts.FirstOrDefault(SkiaSharp.SKFontManager.Default.FontFamilies.Contains);
        if (font is not null) plot.Font.Set(font);
        return plot;
    }

    /// <summary>Writes a PNG and disposes the plot.</summary>
    internal static void Write(string path, Plot plot)
    {
        using (plot)
        {
            byte[] png = plot.GetImageBytes(Width, Height, ImageFormat.Png);
            AtomicFile.Write(path, stream => stream.Write(png));
        }
    }
}
