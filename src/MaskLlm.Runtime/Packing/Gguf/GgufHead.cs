namespace MaskLlm.Packing.Gguf;

/// <summary>Where an architecture of llama.cpp finds its head.</summary>
internal enum GgufHead
{
    /// <summary>In a tensor of its own, or without it in the embedding.</summary>
    Either,

    /// <summary>In a tensor of its own only.</summary>
    Own,

    /// <summary>In the embedding only.</summary>
    Embedding,
}
