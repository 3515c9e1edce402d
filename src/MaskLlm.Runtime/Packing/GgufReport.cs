using MaskLlm.Formats.Gguf;

namespace MaskLlm.Packing;

/// <summary>What <see cref="GgufExport"/> wrote.</summary>
/// <param name="Bytes">The size of the file.</param>
/// <param name="TensorCounts">How many tensors have each type.</param>
/// <param name="Notes">Sentences on what the file lacks or has otherwise than the checkpoint; empty where there is nothing to say.</param>
public sealed record GgufReport(long Bytes, IReadOnlyDictionary<GgufType, int> TensorCounts, IReadOnlyList<string> Notes);
