namespace MaskLlm.Products;

/// <summary>
/// The activations that a matrix multiplies, in the order in which a kernel reads them. One token alone lies as it is. More lie four by
/// four: (tiles, I/4, 4 tokens, 4) float32 for float weights; (tiles, I/8, 4 tokens, 8) int8 and (tiles, I/64, 4 tokens) float32 scales for
/// integer ones. For 2:4 float weights every whole 64 tokens lie before those, turned: (wide tiles, I, 64 tokens). Columns are filled up to
/// whole
/// panels and tokens to whole tiles.
/// </summary>
/// <param name="tokens">Tokens without the filling.</param>
/// <param name="columns">I, filled up.</param>
/// <param name="isWide">Whether whole 64 tokens lie turned, which pays where float weights are 2:4; dense ones are no faster so.</param>
internal readonly unsafe struct ProductInput(int tokens, int columns, bool isWide)
{
    internal const int TileTokens = 4, WideTokens = 64;

    private const int FloatRun = 4, ByteRun = 8;

    internal int Tokens { get; } = tokens;

    internal int Columns { get; } = columns;

    internal float* Values { get; init; }

    internal sbyte* Bytes { get; init; }

    internal float* Scales { get; init; }

    internal int TileSize => Tokens == 1 ? 1 : TileTokens;

    internal int WideTiles { get; } = isWide ? tokens / WideTokens : 0;

    /// <summary>Tiles of four after the wide ones, or the one token.</summary>
    internal int Tiles => (Tokens - WideTiles * WideTokens + TileSize - 1) / TileSize;

    /// <summary>Tokens filled up to whole tiles.</summary>
    internal static long Filled(int tokens) => (long)(tokens + TileTokens - 1) / TileTokens * TileTokens;

    /// <summary>Where a value lies.</summary>
    internal long ValueAt(int token, int column) => token < WideTiles * WideTokens
        ? ((long)(token / WideTokens) * Columns + column) * WideTokens + token % WideTokens
        : (long)WideTiles * WideTokens * Columns + At(token - WideTiles * WideTokens, column, FloatRun);

    /// <summary>Where a byte lies.</summary>
    internal long ByteAt(int token, int column) => At(token, column, ByteRun);

    /// <summary>Where the scale of a token's panel lies.</summary>
    internal long ScaleAt(int token, int panel) =>
        ((long)(token / TileSize) * (Columns / PackedLayout.PanelColumns) + panel) * TileSize + token % TileSize;

    // Neighbouring columns of a token lie together, as many as a run.
    private long At(int token, int column, int run) =>
        (long)(token / TileSize) * TileSize * Columns + ((long)(column / run) * TileSize + token % TileSize) * run + column % run;
}
