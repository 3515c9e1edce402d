using MaskLlm.Formats.Safetensors;
using MaskLlm.Models.Families;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Hugging Face checkpoint folders: config.json and safetensors.</summary>
public static class Checkpoint
{
    /// <summary>Reads only the configuration, and holds it against the tensors that the folder has.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <exception cref="DirectoryNotFoundException">No such folder, such as a name on the hub.</exception>
    /// <exception cref="InvalidDataException">No config.json, or a broken one.</exception>
    /// <exception cref="NotSupportedException">A family or part that is not known.</exception>
    public static DecoderConfig ReadConfig(string folder)
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
    internal static DecoderConfig ReadConfig(SafetensorsCheckpoint file) => CheckpointContents.Fit(ModelFamily.Read(file.Folder), file);

    /// <summary>Loads a model for the CPU or a GPU.</summary>
    /// <param name="folder">A Hugging Face folder, with weights in float32, bfloat16 or float16.</param>
    /// <param name="device">Where the parameters go; null for the CPU.</param>
    /// <param name="compute">
    /// Type of the activations, float32 or bfloat16, and of every parameter but the linear weights of the blocks, which are float32.
    /// </param>
    /// <param name="keepBFloat16">
    /// Leaves linear weights that the file has in bfloat16 in it, which halves their memory: each is widened while its layer
    /// runs, with the same results to the bit.
    /// </param>
    /// <exception cref="ArgumentException"><paramref name="compute"/> is neither float32 nor bfloat16.</exception>
    /// <exception cref="InvalidDataException">A missing, broken or non-finite tensor; a shape that the configuration does not give.</exception>
    /// <exception cref="NotSupportedException">A family, part or type that is not known.</exception>
    /// <exception cref="InsufficientMemoryException">The weights do not fit.</exception>
    public static Decoder Load(string folder, Device? device = null, ScalarType compute = ScalarType.Float32, bool keepBFloat16 = false)
    {
        Precision.Require(compute);
        CheckpointFolder.Require(folder);
        DecoderConfig config = ModelFamily.Read(folder);
        using SafetensorsCheckpoint file = SafetensorsCheckpoint.Open(folder);
        config = CheckpointContents.Fit(config, file);
        ScalarType TypeOf(TensorEntry entry) => !DecoderBlock.IsLinearWeight(entry.Name, entry.Shape.Count) ? compute
            : keepBFloat16 && entry.Type == TensorType.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
        RequireMemory(folder, file, TypeOf);
        using IDisposable noGradient = no_grad();
        return new Decoder(config, (name, shape) => ReadParameter(folder, file, name, shape, TypeOf, device ?? CPU), device ?? CPU);
    }

    /// <summary>The shapes of the linear weights of the blocks, held against its tensors without reading one: what a mask file needs.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <returns>Rows and columns by the checkpoint's name, in the order of the forward pass.</returns>
    /// <exception cref="DirectoryNotFoundException">No such folder.</exception>
    /// <exception cref="InvalidDataException">No config.json, or a broken one.</exception>
    public static IReadOnlyDictionary<string, (int Rows, int Columns)> LinearShapes(string folder)
    {
        CheckpointFolder.Require(folder);
        DecoderConfig config = ModelFamily.Read(folder);
        using SafetensorsCheckpoint file = SafetensorsCheckpoint.Open(folder);
        OrderedDictionary<string, (int, int)> shapes = new(StringComparer.Ordinal);
        foreach ((string name, int rows, int columns, bool mayBeSparse) in ParameterShapes.Matrices(CheckpointContents.Fit(config, file)))
        {
            if (!mayBeSparse) continue;
            RequireShape(folder, file, name, [rows, columns]);
            shapes.Add(name, (rows, columns));
        }
        return shapes;
    }

    /// <summary>The entry of a parameter, held against what the configuration asks for.</summary>
    internal static TensorEntry RequireParameter(string folder, SafetensorsCheckpoint file, string name, long[] shape)
    {
        TensorEntry entry = RequireShape(folder, file, name, shape);
        if (entry.Type is not (TensorType.Float32 or TensorType.BFloat16 or TensorType.Float16))
            throw new NotSupportedException(
                $"{folder}: {name} is of type {entry.Type.Spelling()}; weights in F32, BF16 and F16 can be read. "
                + "Take the unquantised checkpoint, or save it in one of these.");
        return entry;
    }

    /// <summary>The same, of whatever type.</summary>
    internal static TensorEntry RequireShape(string folder, SafetensorsCheckpoint file, string name, long[] shape)
    {
        if (!file.Tensors.TryGetValue(name, out TensorEntry? entry))
            throw new InvalidDataException($"{folder}: {name} is missing, which config.json asks for; is the checkpoint complete?");
        if (!entry.Shape.SequenceEqual(shape))
            throw new InvalidDataException(
                $"{folder}: {name} has shape ({string.Join(", ", entry.Shape)}); config.json gives ({string.Join(", ", shape)}).");
        return entry;
    }

    internal static InvalidDataException NotFinite(string folder, string name, string where = "") =>
        new($"{folder}: {name} holds NaN or infinite values{where}; the checkpoint is damaged, get it again.");

    private static Tensor ReadParameter(string folder, SafetensorsCheckpoint file, string name, long[] shape, Func<TensorEntry, ScalarType> typeOf, Device device)
    {
        TensorEntry entry = RequireParameter(folder, file, name, shape);
        using DisposeScope scope = NewDisposeScope();
        Tensor weight = TensorBytes.Read(entry, (offset, target) => file.Read(name, offset, target));
        Tensor computed = weight.to(typeOf(entry));
        // After the conversion: what is too large for the type that is computed in is infinite there.
        if (!Finite.All(computed)) throw NotFinite(folder, name, Finite.All(weight) ? $" in {computed.dtype}" : "");
        return computed.to(device).MoveToOuterDisposeScope();
    }

    private static void RequireMemory(string folder, SafetensorsCheckpoint file, Func<TensorEntry, ScalarType> typeOf)
    {
        long values = file.Tensors.Values.Sum(CountValues);
        AvailableMemory.Require(
            file.Tensors.Values.Sum(tensor => CountValues(tensor) * Precision.BytesOf(typeOf(tensor))),
            FormattableString.Invariant($"{folder}: loading {values / 1e6:0} million weights"), "close other programs, or take a smaller model or a larger machine");
    }

    private static long CountValues(TensorEntry tensor) => tensor.Shape.Aggregate(1L, (product, size) => product * size);
}
