using System.Globalization;
using MaskLlm.Architectures;
using MaskLlm.Architectures.Families;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Machine;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Loads the weights of Hugging Face checkpoint folders.</summary>
public static class Checkpoint
{
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
    /// <exception cref="InvalidDataException">A missing, broken or non-finite tensor; a shape that the configuration does not
    /// give.</exception>
    /// <exception cref="NotSupportedException">A family, part or type that is not known.</exception>
    /// <exception cref="InsufficientMemoryException">The weights do not fit.</exception>
    public static Decoder Load(string folder, Device? device = null, ScalarType compute = ScalarType.Float32, bool keepBFloat16 = false)
    {
        Precision.Require(compute);
        CheckpointFolder.Require(folder);
        DecoderConfig config = ModelFamily.Read(folder);
        using SafetensorsCheckpoint file = SafetensorsCheckpoint.Open(folder);
        config = CheckpointContents.Fit(config, file);
        Dictionary<string, LinearTensor> linears = ParameterShapes.Linears(config)
            .ToDictionary(linear => linear.Name, StringComparer.Ordinal);
        ScalarType TypeOf(TensorEntry entry) => !linears.ContainsKey(entry.Name) ? compute
            : keepBFloat16 ? LinearType(entry) : ScalarType.Float32;
        RequireMemory(folder, file, TypeOf);
        using IDisposable noGradient = no_grad();
        return new Decoder(config, (name, shape) =>
            ReadParameter(file, name, shape, linears.GetValueOrDefault(name), TypeOf, device ?? CPU), device ?? CPU);
    }

    /// <summary>
    /// Loads a model whole where its weights fit; else, or where that is asked for, a model whose embedding, head and linear weights stay
    /// in their files but for what runs, with the same results to the bit.
    /// </summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="streams">Whether linear weights stay in their files; null: where all would not fit.</param>
    /// <param name="warn">Told in one sentence where that is chosen.</param>
    /// <param name="device">Where the parameters go; null for the CPU.</param>
    /// <param name="compute">As for <see cref="Load"/>.</param>
    internal static Decoder LoadOrStream(string folder, bool? streams, Action<string>? warn, Device? device = null,
        ScalarType compute = ScalarType.Float32)
    {
        if (!(streams ?? IsTooLarge(folder, compute, warn))) return Load(folder, device, compute, keepBFloat16: true);
        Precision.Require(compute);
        StreamedWeights streamed = StreamedWeights.Open(folder, device ?? CPU);
        try
        {
            using IDisposable noGradient = no_grad();
            return new Decoder(streamed.Config, (name, shape) =>
                ReadParameter(streamed.File, name, shape, linear: null, _ => compute, device ?? CPU), device ?? CPU, streamed, compute);
        }
        catch
        {
            streamed.Dispose();
            throw;
        }
    }

    // What a verb needs beside the weights is not known here.
    private static bool IsTooLarge(string folder, ScalarType compute, Action<string>? warn)
    {
        const double MostOfMemory = 0.8;
        DecoderConfig config = CheckpointConfig.Read(folder);
        HashSet<string> linears = [.. ParameterShapes.Linears(config).Select(linear => linear.Name)];
        using SafetensorsCheckpoint file = SafetensorsCheckpoint.Open(folder);
        double needed = file.Tensors.Values.Sum(tensor =>
            (double)CountValues(tensor) * Precision.BytesOf(linears.Contains(tensor.Name) ? LinearType(tensor) : compute));
        long available = AvailableMemory.Bytes();
        if (needed <= MostOfMemory * available) return false;
        warn?.Invoke(string.Create(CultureInfo.InvariantCulture,
            $"{folder}: the weights take {needed / 1e9:0.0} GB and {available / 1e9:0.0} GB of memory is available: one block at a time is "
            + $"read from the file (`Stream`)."));
        return true;
    }

    /// <summary>The type of a linear weight in memory: float32, and what the file has in bfloat16 stays so.</summary>
    internal static ScalarType LinearType(TensorEntry entry) =>
        entry.Type == TensorType.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;

    /// <summary>One parameter, (O, I) where it is a matrix, of the caller's scope.</summary>
    internal static Tensor ReadParameter(SafetensorsCheckpoint file, string name, long[] shape, LinearTensor? linear,
        Func<TensorEntry, ScalarType> typeOf, Device device)
    {
        string folder = file.Folder;
        TensorEntry entry = CheckpointContents.RequireParameter(folder, file, name,
            linear is null ? shape : linear.Layout.ShapeOf(linear.Rows, linear.Columns));
        using DisposeScope scope = NewDisposeScope();
        Tensor weight = TensorBytes.Read(entry, (offset, target) => file.Read(name, offset, target));
        Tensor computed = weight.to(typeOf(entry));
        // After the conversion: what is too large for the type that is computed in is infinite there.
        if (!FiniteTensors.All(computed))
            throw CheckpointRows.NotFinite(folder, name, FiniteTensors.All(weight) ? $" in {computed.dtype}" : "");
        if (linear is not null) computed = StoredTensors.Read(linear.Layout, computed);
        return computed.to(device).MoveToOuterDisposeScope();
    }

    private static void RequireMemory(string folder, SafetensorsCheckpoint file, Func<TensorEntry, ScalarType> typeOf)
    {
        long values = file.Tensors.Values.Sum(CountValues);
        AvailableMemory.Require(
            file.Tensors.Values.Sum(tensor => CountValues(tensor) * Precision.BytesOf(typeOf(tensor))),
            FormattableString.Invariant($"{folder}: loading {values / 1e6:0} million weights"),
                "close other programs, take a smaller model or a larger machine, or read it block by block where there is `Stream`");
    }

    private static long CountValues(TensorEntry tensor) => tensor.Shape.Aggregate(1L, (product, size) => product * size);
}
