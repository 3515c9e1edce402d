using MaskLlm.Randomness;

namespace MaskLlm.Fuzz;

/// <summary>Inputs of one reader, each a function of the seed, the reader and its number alone.</summary>
internal sealed class FuzzRun(FuzzReader reader, ulong seed) : IDisposable
{
    private const double InsideShare = 0.7, WholeShare = 0.02;

    private readonly ScratchFolder _scratch = new();

    /// <summary>Reads inputs.</summary>
    /// <param name="first">Number of the first.</param>
    /// <param name="count">How many.</param>
    /// <param name="begin">Told the number before each.</param>
    internal IEnumerable<FuzzFailure> Failures(long first, long count, Action<long>? begin = null)
    {
        for (long index = first; index < first + count; index++)
        {
            begin?.Invoke(index);
            FuzzInput input = Input(index);
            if (reader.Fault(input) is { } fault) yield return new FuzzFailure(reader.Name, index, input.Name, input.Bytes, fault);
        }
    }

    /// <summary>One input; a few are the seeds as they are.</summary>
    internal FuzzInput Input(long index)
    {
        Span<uint> words = stackalloc uint[4];
        Philox.Block(seed, reader.Name.Aggregate(14695981039346656037, (hash, letter) => (hash ^ letter) * 1099511628211), (ulong)index,
            words);
        Random random = new((int)words[0]);
        IReadOnlyList<FuzzSeed> seeds = reader.Seeds.Value;
        FuzzSeed chosen = seeds[random.Next(seeds.Count)];
        Mutator mutator = new(random, seeds[random.Next(seeds.Count)].Bytes);
        byte[] bytes = random.NextDouble() < WholeShare ? chosen.Bytes
            : chosen.Inside is { } inside && random.NextDouble() < InsideShare ? inside(chosen.Bytes, mutator)
            : mutator.Change(chosen.Bytes);
        return new FuzzInput(chosen, bytes, _scratch);
    }

    public void Dispose() => _scratch.Dispose();
}
