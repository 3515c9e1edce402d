using System.Collections.ObjectModel;
using MaskLlm.Architectures;
using MaskLlm.Formats;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Machine;
using MaskLlm.Masks;

namespace MaskLlm.Packing;

/// <summary>Copies of Hugging Face folders whose pruned weights are zero: dense files that every loader reads.</summary>
public static class MaskedCheckpoint
{
    /// <summary>
    /// Writes a checkpoint with masked weights: the same files, tensors, types, shapes and header texts. In masked tensors
    /// pruned values become +0 and kept ones keep their bytes, except that -0 becomes +0; all other tensors and the folder's other files
    /// are
    /// copied byte for byte, without weights in other formats, subfolders and hidden files. NaN or infinity is refused in every tensor.
    /// </summary>
    /// <param name="sourceFolder">A Hugging Face folder with safetensors weights in float32, bfloat16 or float16.</param>
    /// <param name="masks">Masks by the checkpoint's name; tensors without one stay dense.</param>
    /// <param name="outFolder">The folder to write; it appears whole, or not at all where this fails or is cancelled.</param>
    /// <param name="force">Whether a checkpoint that this program wrote to <paramref name="outFolder"/> is replaced; other files in it
    /// stay.</param>
    /// <param name="progress">Told the bytes of weights done and the bytes in all.</param>
    /// <param name="cancellation">Stops within a megabyte.</param>
    /// <exception cref="ArgumentException">
    /// The output is a file, holds files without <paramref name="force"/>, or is the source; or a mask does not fit the checkpoint.
    /// </exception>
    /// <exception cref="DirectoryNotFoundException">There is no source folder.</exception>
    /// <exception cref="InvalidDataException">The source has no safetensors weights, or they are incomplete or damaged.</exception>
    /// <exception cref="NotSupportedException">A masked tensor is of another type.</exception>
    /// <exception cref="IOException">The disk refuses.</exception>
    public static void Write(
        string sourceFolder, IReadOnlyDictionary<string, Mask> masks, string outFolder,
        bool force = false, IProgress<Progress>? progress = null, CancellationToken cancellation = default) =>
        Write(sourceFolder, masks, null, outFolder, force, progress, cancellation);

    /// <summary>The same, with other values for some of the tensors: each from its file, in the type and shape of the checkpoint.</summary>
    internal static void Write(
        string sourceFolder, IReadOnlyDictionary<string, Mask> masks, IReadOnlyDictionary<string, SafetensorsFile>? updated,
            string outFolder,
        bool force, IProgress<Progress>? progress, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(outFolder);
        ArgumentNullException.ThrowIfNull(masks);
        using SafetensorsCheckpoint source = SafetensorsCheckpoint.Open(sourceFolder);
        IReadOnlyDictionary<string, StoredLayout> layouts = Layouts(sourceFolder);
        foreach ((string name, Mask mask) in masks) CheckMask(source, name, mask, LayoutOf(layouts, name));
        foreach ((string name, SafetensorsFile file) in updated ?? ReadOnlyDictionary<string, SafetensorsFile>.Empty)
            CheckUpdated(source, name, file, LayoutOf(layouts, name));
        using StagedFolder staged = StagedFolder.Create(outFolder, force, sourceFolder);
        MaskedShards shards = new(source, masks, updated, layouts, progress, cancellation);
        staged.Fill(() =>
        {
            staged.CopyBesideWeights(sourceFolder, cancellation);
            foreach (SafetensorsFile file in source.Files) shards.Write(file, staged.File(Path.GetFileName(file.Path)));
        });
        staged.Commit();
    }

    // A mask can be applied to a model of a family that is not known; such weights are (outputs, inputs).
    private static IReadOnlyDictionary<string, StoredLayout> Layouts(string folder)
    {
        try
        {
            return CheckpointConfig.Layouts(folder);
        }
        catch (Exception e) when (e is InvalidDataException or NotSupportedException)
        {
            return new Dictionary<string, StoredLayout>();
        }
    }

    /// <summary>Of a tensor of a checkpoint.</summary>
    internal static StoredLayout LayoutOf(IReadOnlyDictionary<string, StoredLayout> layouts, string name) =>
        layouts.GetValueOrDefault(name, new StoredLayout(false, 1));

    private static void CheckUpdated(SafetensorsCheckpoint source, string name, SafetensorsFile file, StoredLayout layout)
    {
        TensorEntry wanted = source.Tensors[name];
        // Vectors too, whose layout is the plain one.
        IReadOnlyList<long> size = wanted.Shape;
        IReadOnlyList<long> shape = layout == new StoredLayout(false, 1) ? size
            : layout.IsTransposed ? [layout.Parts * size[^1], size[^2]] : [layout.Parts * size[^2], size[^1]];
        if (!file.Tensors.TryGetValue(name, out TensorEntry? found) || found.Type != wanted.Type || !found.Shape.SequenceEqual(shape))
            throw new InvalidDataException(
                $"{file.Path}: no {name} of shape ({string.Join(", ", shape)}) in {wanted.Type.Spelling()}; the file belongs to another "
                + $"model.");
    }

    /// <summary>Says so where a mask belongs to another checkpoint.</summary>
    internal static void CheckMask(SafetensorsCheckpoint source, string name, Mask mask, StoredLayout layout)
    {
        if (!source.Tensors.TryGetValue(name, out TensorEntry? entry))
            throw new ArgumentException($"{source.Folder} has no tensor {name}, which is masked; the mask belongs to another model.");
        if (!entry.Shape.SequenceEqual(layout.ShapeOf(mask.Rows, mask.Columns)))
            throw new ArgumentException(
                $"{source.Folder}: {name} has shape ({string.Join(", ", entry.Shape)}) and its mask ({mask.Rows}, {mask.Columns}); the "
                    + $"mask belongs to another model.");
        if (entry.Type is not (TensorType.Float32 or TensorType.BFloat16 or TensorType.Float16))
            throw new NotSupportedException(
                $"{source.Folder}: {name} is of type {entry.Type.Spelling()}; masks are applied to F32, BF16 and F16. Save the checkpoint "
                    + $"in one of these.");
    }
}
