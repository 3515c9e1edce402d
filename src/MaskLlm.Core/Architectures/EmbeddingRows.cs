using MaskLlm.Formats.Safetensors;

namespace MaskLlm.Architectures;

/// <summary>Tells a model from another of its shapes by the first rows of the embedding, which pruning leaves as they are and another order
/// of channels does not.</summary>
internal static class EmbeddingRows
{
    private const int ComparedBytes = 1 << 16;

    /// <summary>Whether two checkpoints have other ones; not where these have other types, which says nothing.</summary>
    /// <param name="folder">A Hugging Face folder.</param>
    /// <param name="other">Another.</param>
    internal static bool Differ(string folder, string other)
    {
        using SafetensorsCheckpoint one = SafetensorsCheckpoint.Open(folder), two = SafetensorsCheckpoint.Open(other);
        string name = $"{CheckpointConfig.Read(one).Names.Embedding}.weight";
        if (!one.Tensors.TryGetValue(name, out TensorEntry? rows) || !two.Tensors.TryGetValue(name, out TensorEntry? others)
            || rows.Type != others.Type) return false;
        int length = (int)Math.Min(ComparedBytes, Math.Min(rows.ByteLength, others.ByteLength));
        return !one.Bytes(name, 0, length).SequenceEqual(two.Bytes(name, 0, length));
    }
}
