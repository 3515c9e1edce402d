using MaskLlm.Architectures;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;

namespace MaskLlm.Evaluation;

/// <summary>Which weights a mask file or a checkpoint keeps.</summary>
/// <param name="Masks">Masks by the checkpoint's name; where the shapes are unknown, rows of 8 weights that only hold the flat
/// bits. Those of a checkpoint are taken anew each time one is asked for: of weights in any number one mask is in memory.</param>
/// <param name="ShapesKnown">Whether rows and columns are those of the weight matrices.</param>
public sealed record KeptWeights(IReadOnlyDictionary<string, Mask> Masks, bool ShapesKnown = true) : IDisposable
{
    private const string SafetensorsEnding = ".safetensors";

    /// <summary>Reads a mask.npz, or takes the weights that are not zero of a safetensors file or a checkpoint folder.</summary>
    /// <param name="path">
    /// A mask file; a .safetensors file, of which all matrices are read; or a Hugging Face folder, of which the linear weights
    /// of the blocks are.
    /// </param>
    /// <param name="modelFolder">
    /// The Hugging Face folder that gives a mask file its shapes, and what it stores (inputs, outputs); null for none.
    /// </param>
    /// <param name="cancellation">Stops between tensors.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, belongs to another model or holds nothing that is masked.</exception>
    public static KeptWeights Read(string path, string? modelFolder = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        KeptWeights kept = Directory.Exists(path) ? ReadFolder(path, cancellation)
            : path.EndsWith(SafetensorsEnding, StringComparison.OrdinalIgnoreCase) ? ReadSafetensors(path, modelFolder, cancellation)
            : modelFolder is not null ? new KeptWeights(CheckpointMasks.Read(path, modelFolder))
            : ReadFlat(path);
        return kept.Masks.Count > 0 ? kept
            : throw new InvalidDataException($"{path} holds no mask and no weight matrix; there is nothing to inspect.");
    }

    /// <summary>A mask in the shape of another one of the same tensor, whatever is known of either; null where the sizes differ.</summary>
    internal Mask? InShapeOf(Mask other, string name)
    {
        Mask mask = Masks[name];
        if ((mask.Rows, mask.Columns) == (other.Rows, other.Columns)) return mask;
        bool fits = !ShapesKnown && mask.Packed.Length == other.Packed.Length
            && (mask.Packed[^1] & Mask.UnusedBits(other.Rows, other.Columns)) == 0;
        return fits ? new Mask(other.Rows, other.Columns, mask.Packed.ToArray()) : null;
    }

    /// <summary>Closes the checkpoint, where there is one.</summary>
    public void Dispose() => (Masks as NonZeroMasks)?.Dispose();

    private static KeptWeights ReadFolder(string folder, CancellationToken cancellation)
    {
        IReadOnlyList<LinearTensor> linears = CheckpointConfig.Linears(folder);
        SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(folder);
        return new KeptWeights(new NonZeroMasks(checkpoint, [.. linears.Select(linear =>
            (checkpoint.FileOf(linear.Name), checkpoint.Tensors[linear.Name], linear.Layout))], cancellation));
    }

    private static KeptWeights ReadSafetensors(string path, string? modelFolder, CancellationToken cancellation)
    {
        IReadOnlyDictionary<string, StoredLayout> layouts = modelFolder is null ? new Dictionary<string, StoredLayout>()
            : CheckpointConfig.Layouts(modelFolder);
        SafetensorsFile file = SafetensorsFile.Open(path);
        IEnumerable<TensorEntry> matrices = file.InFileOrder.Where(entry => IsMatrix(entry, layouts.ContainsKey(entry.Name)));
        return new KeptWeights(new NonZeroMasks(file, [.. matrices.Select(entry =>
            (file, entry, layouts.TryGetValue(entry.Name, out StoredLayout layout) ? layout : new StoredLayout(false, 1)))], cancellation));
    }

    // Several one after another where the model says so.
    private static bool IsMatrix(TensorEntry entry, bool isLinear) => (entry.Shape.Count == 2 || (isLinear && entry.Shape.Count == 3))
        && entry.Shape.All(size => size is > 0 and <= int.MaxValue);

    /// <summary>A mask file without its shapes.</summary>
    // Rows of 8 keep the flat groups of 2, 4 and 8 where they are; other sizes depend on where the true rows end.
    internal static KeptWeights ReadFlat(string path) => new(
        new OrderedDictionary<string, Mask>(MaskNpz.ReadPacked(path).Where(pair => pair.Value.Length > 0)
            .Select(pair => KeyValuePair.Create(pair.Key, new Mask(pair.Value.Length, 8, pair.Value)))),
        ShapesKnown: false);
}
