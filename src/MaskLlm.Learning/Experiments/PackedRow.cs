using MaskLlm.Architectures;

namespace MaskLlm.Experiments;

/// <summary>A row's packed file.</summary>
/// <param name="File">Its path.</param>
/// <param name="Config">Whose positions bound a prompt.</param>
internal sealed record PackedRow(string File, DecoderConfig Config);
