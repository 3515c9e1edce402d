using MaskLlm.Architectures.Families;
using MaskLlm.Formats;
using MaskLlm.Formats.Safetensors;

namespace MaskLlm.Architectures;

/// <summary>What a Hugging Face checkpoint folder says of its model: config.json, held against the tensors.</summary>
public static class CheckpointConfig
{
    /// <summary>Reads only the configuration, and holds it against the tensors that the folder has.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <exception cref="DirectoryNotFoundException">No such folder, such as a name on the hub.</exception>
    /// <exception cref="InvalidDataException">No config.json, or a broken one.</exception>
    /// <exception cref="NotSupportedException">A family or part that is not known.</exception>
    public static DecoderConfig Read(string folder)
    {
        CheckpointFolder.Require(folder);
        DecoderConfig config = ModelFamily.Read(folder);
        using SafetensorsCheckpoint file = SafetensorsCheckpoint.Open(folder);
        return CheckpointContents.Fit(config, file);
    }

    /// <summary>What a checkpoint says and is not followed, or holds and is not read: a sentence each, for the user.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <exception cref="DirectoryNotFoundException">No such folder.</exception>
    /// <exception cref="InvalidDataException">No config.json or tensors, or broken ones.</exception>
    /// <exception cref="NotSupportedException">A family or part that is not known.</exception>
    public static IReadOnlyList<string> Notes(string folder)
    {
        CheckpointFolder.Require(folder);
        ConfigFile config = ModelFamily.Open(folder);
        DecoderConfig decoder = ModelFamily.Read(config);
        using SafetensorsCheckpoint file = SafetensorsCheckpoint.Open(folder);
        return [.. config.Notes, .. CheckpointContents.Notes(decoder, file)];
    }

    /// <summary>The configuration, held against the tensors of the folder.</summary>
    internal static DecoderConfig Read(SafetensorsCheckpoint file) => CheckpointContents.Fit(ModelFamily.Read(file.Folder), file);

    /// <summary>The shapes of the linear weights of the blocks, held against its tensors without reading one: what a mask file
    /// needs.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <returns>Rows and columns by the checkpoint's name, in the order of the forward pass.</returns>
    /// <exception cref="DirectoryNotFoundException">No such folder.</exception>
    /// <exception cref="InvalidDataException">No config.json, or a broken one.</exception>
    public static IReadOnlyDictionary<string, (int Rows, int Columns)> LinearShapes(string folder) =>
        new OrderedDictionary<string, (int, int)>(
            Linears(folder).Select(linear => KeyValuePair.Create(linear.Name, (linear.Rows, linear.Columns))), StringComparer.Ordinal);

    /// <summary>The linear weights of the blocks, held against the tensors as <see cref="LinearShapes"/> does.</summary>
    internal static IReadOnlyList<LinearTensor> Linears(string folder)
    {
        CheckpointFolder.Require(folder);
        DecoderConfig config = ModelFamily.Read(folder);
        using SafetensorsCheckpoint file = SafetensorsCheckpoint.Open(folder);
        LinearTensor[] linears = [.. ParameterShapes.Linears(CheckpointContents.Fit(config, file))];
        foreach (LinearTensor linear in linears) CheckpointContents.RequireShape(folder, file, linear.Name, [.. linear.StoredShape]);
        return linears;
    }

    /// <summary>The linear weights of the blocks that the checkpoint stores otherwise than (outputs, inputs); none without a
    /// config.json.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    internal static IReadOnlyDictionary<string, StoredLayout> Layouts(string folder) =>
        File.Exists(Path.Combine(folder, CheckpointFiles.ConfigName)) ? ParameterShapes.Layouts(ModelFamily.Read(folder))
            : new Dictionary<string, StoredLayout>();
}
