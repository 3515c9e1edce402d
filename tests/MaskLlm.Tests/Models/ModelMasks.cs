using MaskLlm.Architectures;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Priors;

namespace MaskLlm.Tests.Models;

/// <summary>2:4 masks of the small models.</summary>
internal static class ModelMasks
{
    internal static string Folder(string model) => Fixture.PathOf($"models/{model}");

    /// <summary>The original project's file where there is one, magnitude elsewhere.</summary>
    internal static IReadOnlyDictionary<string, Mask> Of(string model)
    {
        string original = Fixture.PathOf($"method/{model}.wanda.mask_compressed.npz");
        if (File.Exists(original)) return MaskNpz.Read(original, CheckpointConfig.LinearShapes(Folder(model)));
        using Decoder dense = Checkpoint.Load(Folder(model));
        return dense.Linears.ToDictionary(layer => layer.Name, layer => Magnitude.Prune(layer.Weight, NmPattern.TwoOfFour));
    }
}
