using System.Text.Json;
using MaskLlm.Formats;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Json;
using MaskLlm.Masks;

namespace MaskLlm.Architectures;

/// <summary>
/// Mask files of a model. A file has each tensor's bits in the checkpoint's own layout; here every mask is (outputs, inputs), so that its
/// groups run along the inputs, whatever the layout is.
/// </summary>
public static class CheckpointMasks
{
    /// <summary>Reads the masks of a model.</summary>
    /// <param name="path">A mask.npz.</param>
    /// <param name="modelFolder">The Hugging Face folder that it belongs to.</param>
    /// <returns>Masks by parameter name, in the order of the file.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, or its masks belong to another model.</exception>
    public static IReadOnlyDictionary<string, Mask> Read(string path, string modelFolder)
    {
        RequireOrder(path, modelFolder);
        IReadOnlyList<LinearTensor> linears = CheckpointConfig.Linears(modelFolder);
        return Turned(
            MaskNpz.Read(path, linears.ToDictionary(linear => linear.Name, linear => linear.Layout.MatrixOf(linear.Rows, linear.Columns))),
            linears.ToDictionary(linear => linear.Name, linear => linear.Layout, StringComparer.Ordinal));
    }

    /// <summary>Writes masks; the same masks give the same bytes.</summary>
    /// <param name="path">The file; replaced where it exists.</param>
    /// <param name="masks">Masks by parameter name, written in the order in which they enumerate.</param>
    /// <param name="modelFolder">The Hugging Face folder that they belong to.</param>
    /// <exception cref="IOException">The folder is missing, or the disk refuses.</exception>
    public static void Write(string path, IReadOnlyDictionary<string, Mask> masks, string modelFolder)
    {
        ArgumentNullException.ThrowIfNull(masks);
        MaskNpz.Write(path, Turned(masks, CheckpointConfig.Layouts(modelFolder)));
    }

    // A run that orders channels keeps the model that its mask is of beside it.
    private static void RequireOrder(string path, string modelFolder)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!, permuted = Path.Combine(folder, "permuted");
        if (File.Exists(path) && Directory.Exists(modelFolder) && File.Exists(Path.Combine(permuted, CheckpointFiles.ConfigName))
            && SaysPermuted(Path.Combine(folder, CheckpointFiles.RecordName)) && EmbeddingRows.Differ(modelFolder, permuted))
            throw new InvalidDataException($"{path}: the mask is of {permuted}, the model in another order of its channels, and not of "
                + $"{modelFolder}; name that model.");
    }

    private static bool SaysPermuted(string record) =>
        File.Exists(record) && JsonSource.Parse(JsonSource.ReadFile(record), out JsonElement root) is null
        && root.ValueKind == JsonValueKind.Object && root.TryGetProperty("options", out JsonElement options)
        && options.ValueKind == JsonValueKind.Object && options.TryGetProperty("permute", out JsonElement permute)
        && permute.ValueKind == JsonValueKind.True;

    private static IReadOnlyDictionary<string, Mask> Turned(IReadOnlyDictionary<string, Mask> masks,
        IReadOnlyDictionary<string, StoredLayout> layouts) =>
        !layouts.Values.Any(layout => layout.IsTransposed) ? masks : new OrderedDictionary<string, Mask>(masks.Select(mask =>
            KeyValuePair.Create(mask.Key, layouts.TryGetValue(mask.Key, out StoredLayout layout) ? layout.Turn(mask.Value) : mask.Value)));
}
