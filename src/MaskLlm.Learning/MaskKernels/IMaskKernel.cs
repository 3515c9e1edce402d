namespace MaskLlm.MaskKernels;

/// <summary>
/// The arithmetic of mask learning over one tile. Every implementation gives the same bits, by the same operations in the same
/// order; none depends on how the processor treats denormal numbers, because those that could matter are made zero.
/// </summary>
/// <remarks>Arrays of candidates are (C, <see cref="MaskTile.Size"/>); those of weights (groups, M).</remarks>
internal interface IMaskKernel
{
    /// <summary>How it is called in records and in <c>MASKLLM_KERNEL</c>.</summary>
    string Name { get; }

    /// <summary>Draws the tile's masks: y = softmax((kappa p + g) / tau), mask = y S.</summary>
    /// <param name="tile">Logits and weights.</param>
    /// <param name="sample">Noise, scale, temperature.</param>
    /// <param name="masked">Takes W * mask.</param>
    /// <param name="largest">Takes the largest probability of each group.</param>
    /// <param name="scratch">(C + M) * <see cref="MaskTile.Size"/> values.</param>
    /// <remarks>MaskLLM eq. 6-7.</remarks>
    void Sample(in MaskTile tile, in MaskSample sample, Span<float> masked, Span<float> largest, Span<float> scratch);

    /// <summary>Draws the same masks again and takes the loss's gradient by the masked weight back to the logits, the reward's
    /// included.</summary>
    /// <param name="tile">Logits and weights.</param>
    /// <param name="sample">Noise, scale, temperature, reward.</param>
    /// <param name="maskedGradient">dL/d(W * mask).</param>
    /// <param name="byLogits">Takes dL/dp, (C, Size).</param>
    /// <param name="words">Takes the noise's random words, (C, Size): nine low bits of each are free for other use. Empty if not
    /// wanted.</param>
    /// <param name="scratch">(C + M) * <see cref="MaskTile.Size"/> values.</param>
    /// <remarks>dL/dmask = W (dL/d(W mask) - 2 lambda W mask); dL/dy = S dL/dmask; dL/dp = kappa/tau y (dL/dy - sum_c y dL/dy).</remarks>
    void Gradient(in MaskTile tile, in MaskSample sample, ReadOnlySpan<float> maskedGradient, Span<float> byLogits, Span<uint> words,
        Span<float> scratch);

    /// <summary>AdamW over neighbouring logits of one candidate, a multiple of <see cref="MaskTile.Multiple"/> of them.</summary>
    void Update(in AdamWStep step, Span<float> logits, Span<float> first, Span<float> second, ReadOnlySpan<float> gradient);

    /// <summary>Random words of a tile of weights.</summary>
    /// <param name="rounding">Seed, layer and step.</param>
    /// <param name="tile">Its place in its layer.</param>
    /// <param name="words"><see cref="MaskTile.Size"/>; they are none of the noise's.</param>
    void Words(in MaskSample rounding, uint tile, Span<uint> words);

    /// <summary>bfloat16 to float32, exact.</summary>
    void Widen(ReadOnlySpan<ushort> source, Span<float> target);

    /// <summary>float32 to bfloat16, to the nearest, ties to even. No NaN.</summary>
    void Narrow(ReadOnlySpan<float> source, Span<ushort> target);

    /// <summary>float32 to bfloat16, up or down by chance so that the mean is kept.</summary>
    /// <param name="source">Values, no NaN.</param>
    /// <param name="words">Nine low bits of each decide.</param>
    /// <param name="target">Same length.</param>
    void NarrowStochastic(ReadOnlySpan<float> source, ReadOnlySpan<uint> words, Span<ushort> target);

    /// <summary>First moments to 8 bits: sign and the square root of |m| / largest in 127 steps, rounded by chance so that the mean is
    /// kept.</summary>
    /// <returns>The largest |m|: the block's scale.</returns>
    float EncodeFirst(ReadOnlySpan<float> source, ReadOnlySpan<uint> words, Span<byte> target);

    /// <summary>The way back.</summary>
    void DecodeFirst(ReadOnlySpan<byte> source, float scale, Span<float> target);

    /// <summary>Second moments to 8 bits: the fourth root of v / largest in 255 steps, rounded by chance so that the mean is
    /// kept.</summary>
    /// <returns>The largest v: the block's scale.</returns>
    float EncodeSecond(ReadOnlySpan<float> source, ReadOnlySpan<uint> words, Span<byte> target);

    /// <summary>The way back.</summary>
    void DecodeSecond(ReadOnlySpan<byte> source, float scale, Span<float> target);
}
