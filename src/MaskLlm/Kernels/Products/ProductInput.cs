namespace MaskLlm.Kernels.Products;

/// <summary>
/// The activations that a matrix multiplies, tokens four by four so that a kernel reads one stream: (tiles, I/4, 4 tokens, 4) float32
/// for float weights; (tiles, I/8, 4 tokens, 8) int8 and (tiles, I/64, 4 tokens) float32 scales for integer ones. One token alone
/// lies as it is. Columns are filled up to whole panels and tokens to whole tiles with 0.
/// </summary>
/// <param name="tokens">Tokens without the filling.</param>
/// <param name="columns">I, filled up.</param>
internal readonly unsafe struct ProductInput(int tokens, int columns)
{
    internal const int TileTokens = 4;

    internal int Tokens { get; } = tokens;

    internal int Columns { get; } = columns;

    internal float* Values { get; init; }

    internal sbyte* Bytes { get; init; }

    internal float* Scales { get; init; }

    internal int TileSize => Tokens == 1 ? 1 : TileTokens;

    internal int Tiles => (Tokens + TileSize - 1) / TileSize;

    /// <summary>Where a value lies, counted from the first; <paramref name="run"/> neighbouring columns of a token lie together.</summary>
    internal long At(int token, int column, int run) =>
        (long)(token / TileSize) * TileSize * Columns + ((long)(column / run) * TileSize + token % TileSize) * run + column % run;

    /// <summary>Where the scale of a token's panel lies.</summary>
    internal long ScaleAt(int token, int panel) =>
        ((long)(token / TileSize) * (Columns / PackedLayout.PanelColumns) + panel) * TileSize + token % TileSize;
}
