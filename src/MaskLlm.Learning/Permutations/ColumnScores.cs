using System.Runtime.Intrinsics;

namespace MaskLlm.Permutations;

/// <summary>Scores of the weights that read some channels, a list for each channel; scores are at least 0.</summary>
/// <param name="columns">Channels.</param>
/// <param name="rows">Weights of each, of all its layers.</param>
internal sealed class ColumnScores(int columns, int rows)
{
    private int _filled;

    /// <summary>By channel, each as long as <see cref="Stride"/>.</summary>
    internal float[][] Columns { get; } = [.. Enumerable.Range(0, columns).Select(_ => new float[StrideOf(rows)])];

    /// <summary>Whole vectors; what is behind the rows is 0, and adds nothing to any sum.</summary>
    internal int Stride => StrideOf(rows);

    /// <summary>Takes the next rows.</summary>
    /// <param name="scores">(rows, channels), row after row.</param>
    internal void Add(ReadOnlySpan<float> scores)
    {
        for (int at = 0; at < scores.Length; at += columns, _filled++)
            for (int column = 0; column < columns; column++) Columns[column][_filled] = scores[at + column];
    }

    private static int StrideOf(int rows) => (rows + Vector256<float>.Count - 1) / Vector256<float>.Count * Vector256<float>.Count;
}
