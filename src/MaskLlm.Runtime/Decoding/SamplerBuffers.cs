namespace MaskLlm.Decoding;

/// <summary>Room for a draw; samplers that draw one after another share it.</summary>
/// <param name="vocabularySize">V.</param>
internal sealed class SamplerBuffers(int vocabularySize)
{
    internal float[] Logits { get; } = new float[vocabularySize];

    internal float[] CandidateLogits { get; } = new float[vocabularySize];

    internal int[] Candidates { get; } = new int[vocabularySize];
}
