using System.Collections.Concurrent;
using MaskLlm.Patterns;

namespace MaskLlm.MaskKernels;

/// <summary>Work on the tiles of a layer by several threads.</summary>
/// <param name="pattern">What each thread's scratch is made for.</param>
/// <param name="threads">At least 1.</param>
internal sealed class TileLoop(NmPattern pattern, int threads)
{
    private const int TilesAtOnce = 16;

    private readonly ConcurrentBag<TileScratch> _scratch = [];

    internal void ForEach(int tiles, Action<int, TileScratch> work)
    {
        int pieces = (tiles + TilesAtOnce - 1) / TilesAtOnce;
        Parallel.For(0, pieces, new ParallelOptions { MaxDegreeOfParallelism = threads }, piece =>
        {
            if (!_scratch.TryTake(out TileScratch? scratch)) scratch = new TileScratch(pattern);
            for (int tile = piece * TilesAtOnce; tile < Math.Min(tiles, (piece + 1) * TilesAtOnce); tile++) work(tile, scratch);
            _scratch.Add(scratch);
        });
    }
}
