using System.Numerics.Tensors;

namespace MaskLlm.Decoding;

/// <summary>Attention of one query head of one token over the cached keys and values.</summary>
internal static unsafe class HeadAttention
{
    /// <summary>softmax(scale q K^T) V.</summary>
    /// <param name="query">(head size of keys).</param>
    /// <param name="pages">Where the cache lies.</param>
    /// <param name="cache">The sequence.</param>
    /// <param name="block">Of the decoder.</param>
    /// <param name="head">The key-value head.</param>
    /// <param name="scale">Multiplies the scores.</param>
    /// <param name="softCap">c of c tanh(x / c), which they then go through; null for none.</param>
    /// <param name="slope">What a score loses for every position between the two (ALiBi); 0 for nothing.</param>
    /// <param name="sink">A logit that no position has; null for none.</param>
    /// <param name="first">The first position seen.</param>
    /// <param name="scores">One for each position seen, to work in.</param>
    /// <param name="output">Takes (head size of values).</param>
    internal static void Attend(
        ReadOnlySpan<float> query, KeyValuePages pages, KeyValueCache cache, int block, int head, float scale, double? softCap,
        float slope, float? sink, int first, Span<float> scores, Span<float> output)
    {
        int size = query.Length, end = first + scores.Length;
        for (int position = first; position < end;)
        {
            int inPage = position % KeyValuePages.Positions, count = Math.Min(KeyValuePages.Positions - inPage, end - position);
            float* keys = pages.At(cache.Pages[position / KeyValuePages.Positions], block, isValue: false, head) + inPage * size;
            for (int i = 0; i < count; i++, keys += size)
                scores[position - first + i] = scale * TensorPrimitives.Dot(query, new ReadOnlySpan<float>(keys, size));
            position += count;
        }
        RuntimeActivation.Cap(scores, softCap);
        if (slope != 0)
            for (int i = 0; i < scores.Length; i++) scores[i] -= slope * (scores.Length - 1 - i);
        if (sink is { } logit) RuntimeActivation.Softmax(scores, logit);
        else RuntimeActivation.Softmax(scores);
        output.Clear();
        size = output.Length;
        for (int position = first; position < end;)
        {
            int inPage = position % KeyValuePages.Positions, count = Math.Min(KeyValuePages.Positions - inPage, end - position);
            float* values = pages.At(cache.Pages[position / KeyValuePages.Positions], block, isValue: true, head) + inPage * size;
            for (int i = 0; i < count; i++, values += size)
                TensorPrimitives.MultiplyAdd(new ReadOnlySpan<float>(values, size), scores[position - first + i], output, output);
            position += count;
        }
    }
}
