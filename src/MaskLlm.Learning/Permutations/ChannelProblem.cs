using MaskLlm.Architectures;
using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Permutations;

/// <summary>Channels that have one order, and who reads them.</summary>
/// <param name="Kind">Which they are.</param>
/// <param name="Size">How many.</param>
/// <param name="Readers">Matrices, or parts of them.</param>
/// <param name="Rows">Of the largest of them.</param>
/// <param name="Scores">Of each, (R, Size) float32 on the CPU, of the caller's scope; made when its turn comes.</param>
/// <param name="Take">Told the order that was found.</param>
internal sealed record ChannelProblem(Channels Kind, int Size, int Readers, int Rows, Func<int, Tensor> Scores, Action<int[]> Take)
{
    // Rows of all readers together that are enough to tell groups apart, and of each.
    private const int EnoughRows = 16384, FewestRows = 256, MostRows = 1024;

    /// <summary>Rows of a reader that the search looks at, at most.</summary>
    internal int SampledRows => Math.Min(Rows, Math.Clamp(EnoughRows / Readers, FewestRows, MostRows));

    /// <summary>The scores that the search looks at: of a reader with more rows some, by chance, that stand for all.</summary>
    internal ColumnScores Sample(RandomDraws draws)
    {
        ColumnScores sample = new(Size, Readers * SampledRows);
        for (int reader = 0; reader < Readers; reader++)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor scores = Scores(reader);
            int rows = (int)scores.size(0);
            if (rows > SampledRows)
            {
                long[] some = [.. draws.Shuffled(rows).Take(SampledRows).Order().Select(row => (long)row)];
                scores = scores.index_select(0, tensor(some)).Times((double)rows / SampledRows);
            }
            sample.Add(TensorBytes.Floats(scores.contiguous()));
        }
        return sample;
    }
}
