using MaskLlm.Architectures;
using MaskLlm.Products;

namespace MaskLlm.Decoding;

/// <summary>
/// The tokens of a batch by expert, and room for what experts compute of them. A pair is a token and one of its experts; each has a row,
/// and rows of one expert lie together, filled up to whole tiles.
/// </summary>
internal sealed class RoutedTokens : IDisposable
{
    private readonly int _perToken, _experts;
    private readonly float[] _scores, _weights;
    private readonly float[][] _ranks;
    private readonly int[] _chosen, _counts, _first, _rows, _reached;

    /// <param name="config">Of the mixture.</param>
    /// <param name="tokens">Of a batch at most.</param>
    /// <param name="threads">That choose at once.</param>
    /// <param name="hidden">D.</param>
    /// <param name="model">Whose matrices they are.</param>
    internal RoutedTokens(ExpertsConfig config, int tokens, int threads, int hidden, RuntimeModel model)
    {
        (_perToken, _experts) = (config.PerToken, config.Count);
        (_scores, _weights) = (new float[tokens * _experts], new float[tokens * _perToken]);
        (_chosen, _rows) = (new int[tokens * _perToken], new int[tokens * _perToken]);
        (_counts, _first, _reached) = (new int[_experts], new int[_experts], new int[_experts]);
        _ranks = [.. Enumerable.Range(0, threads).Select(_ => new float[_experts])];
        int pairs = tokens * _perToken, rows = pairs + Math.Min(_experts, pairs) * (ProductInput.TileTokens - 1);
        (Gate, Up, Output) = (new(rows, config.Width), new(rows, config.Width), new(rows, hidden));
        Inputs = new(rows, Math.Max(hidden, config.Width), model.Type, isSparse: model.SparseLayers > 0);
    }

    internal ActivationBuffer Gate { get; }

    internal ActivationBuffer Up { get; }

    /// <summary>What experts give.</summary>
    internal ActivationBuffer Output { get; }

    internal InputBuffer Inputs { get; }

    /// <summary>Experts that have tokens, in their order.</summary>
    internal ReadOnlySpan<int> Reached => _reached.AsSpan(0, ReachedCount);

    internal int ReachedCount { get; private set; }

    /// <summary>Logits, then scores of a token.</summary>
    internal Span<float> Scores(int token) => _scores.AsSpan(token * _experts, _experts);

    /// <summary>Room to choose in.</summary>
    internal Span<float> Ranks(int worker) => _ranks[worker];

    /// <summary>The experts of a token.</summary>
    internal Span<int> Chosen(int token) => _chosen.AsSpan(token * _perToken, _perToken);

    /// <summary>What their outputs are multiplied by.</summary>
    internal Span<float> Weights(int token) => _weights.AsSpan(token * _perToken, _perToken);

    internal int ExpertOf(int pair) => _chosen[pair];

    internal int TokenOf(int pair) => pair / _perToken;

    /// <summary>The row of a pair.</summary>
    internal int RowOf(int pair) => _rows[pair];

    /// <summary>The first row of an expert.</summary>
    internal int FirstOf(int expert) => _first[expert];

    /// <summary>What an expert's matrices multiply, still to be filled.</summary>
    internal ProductInput InputOf(int expert, int columns) => Inputs.Of(_first[expert], _counts[expert], columns);

    /// <summary>Gives every pair its row.</summary>
    internal void Sort(int tokens)
    {
        ReadOnlySpan<int> chosen = _chosen.AsSpan(0, tokens * _perToken);
        Array.Clear(_counts);
        foreach (int expert in chosen) _counts[expert]++;
        ReachedCount = 0;
        int rows = 0;
        for (int expert = 0; expert < _experts; expert++)
        {
            _first[expert] = rows;
            rows += (int)ProductInput.Filled(_counts[expert]);
            if (_counts[expert] > 0) _reached[ReachedCount++] = expert;
        }
        Array.Clear(_counts);
        for (int pair = 0; pair < chosen.Length; pair++) _rows[pair] = _first[chosen[pair]] + _counts[chosen[pair]]++;
    }

    public void Dispose()
    {
        foreach (ActivationBuffer buffer in new[] { Gate, Up, Output }) buffer.Dispose();
        Inputs.Dispose();
    }
}
