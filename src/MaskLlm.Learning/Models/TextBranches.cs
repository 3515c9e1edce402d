using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Rows of tokens in which several endings of one beginning stand side by side: each ending sees the beginning and itself, as if
/// it alone followed. So a beginning is run once for all its endings.</summary>
internal sealed class TextBranches : IDisposable
{
    private TextBranches(Tensor positions, Tensor seen) => (Positions, Seen) = (positions, seen);

    /// <summary>(B, T) int64: where each token stands in its text.</summary>
    internal Tensor Positions { get; }

    /// <summary>(B, 1, T, T): whether a row's token sees a column's.</summary>
    internal Tensor Seen { get; }

    /// <summary>Places the tokens of rows.</summary>
    /// <param name="rows">Of each row the tokens of the beginning and of every ending, in that order.</param>
    /// <param name="tokens">T, at least as many as the longest row has; what is beyond a row is seen by nothing in it.</param>
    /// <param name="device">Of the tensors.</param>
    internal static TextBranches Of(IReadOnlyList<(int Beginning, IReadOnlyList<int> Endings)> rows, int tokens, Device device)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor positions = zeros(rows.Count, tokens, ScalarType.Int64), parts = empty(rows.Count, tokens, ScalarType.Int64);
        Span<long> position = TensorBytes.Longs(positions), part = TensorBytes.Longs(parts);
        part.Fill(-1);
        for (int row = 0; row < rows.Count; row++)
        {
            int at = row * tokens;
            (int beginning, IReadOnlyList<int> endings) = rows[row];
            for (int i = 0; i < beginning; i++, at++) (position[at], part[at]) = (i, 0);
            for (int ending = 0; ending < endings.Count; ending++)
                for (int i = 0; i < endings[ending]; i++, at++) (position[at], part[at]) = (beginning + i, ending + 1);
        }
        Tensor own = parts.unsqueeze(2), other = parts.unsqueeze(1);                    // (B, T, 1), (B, 1, T)
        Tensor seen = own.eq(other).logical_or(other.eq(zeros(1, ScalarType.Int64)))
            .logical_and(ones(tokens, tokens, ScalarType.Bool).tril()).unsqueeze(1);    // (B, 1, T, T)
        return new TextBranches(positions.to(device).DetachFromDisposeScope(), seen.to(device).DetachFromDisposeScope());
    }

    /// <summary>What is seen through a window.</summary>
    /// <param name="window">Tokens that a token sees, itself included; null for all.</param>
    /// <returns>(B, 1, T, T), of the caller's scope.</returns>
    internal Tensor SeenWithin(int? window)
    {
        using DisposeScope scope = NewDisposeScope();
        if (window is not { } size) return Seen.alias().MoveToOuterDisposeScope();
        Tensor distance = Positions.unsqueeze(2) - Positions.unsqueeze(1);
        return Seen.logical_and(distance.lt(tensor((long)size, device: Positions.device)).unsqueeze(1)).MoveToOuterDisposeScope();
    }

    /// <summary>The rows of a table at the tokens' positions.</summary>
    /// <param name="table">(positions, D).</param>
    /// <returns>(B, T, D), of the caller's scope.</returns>
    internal Tensor Place(Tensor table)
    {
        using DisposeScope scope = NewDisposeScope();
        return table.index_select(0, Positions.reshape(-1)).view(Positions.size(0), Positions.size(1), -1).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        Positions.Dispose();
        Seen.Dispose();
    }
}
