using System.Diagnostics;

namespace MaskLlm.Randomness;

/// <summary>Counter-based random numbers: the same key and counter give the same words on every machine and thread.</summary>
/// <remarks>Philox4x32 with ten rounds: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".</remarks>
internal static class Philox
{
    internal const int Rounds = 10;
    internal const uint FirstMultiplier = 0xD2511F53;
    internal const uint SecondMultiplier = 0xCD9E8D57;
    internal const uint FirstKeyStep = 0x9E3779B9; // the golden ratio
    internal const uint SecondKeyStep = 0xBB67AE85; // sqrt(3) - 1

    /// <summary>Writes the 128 random bits that belong to a key and a counter.</summary>
    /// <param name="key">The stream: usually a seed.</param>
    /// <param name="counterHigh">Upper 64 bits of the counter.</param>
    /// <param name="counterLow">Lower 64 bits of the counter.</param>
    /// <param name="fourWords">Takes the result; four words long.</param>
    public static void Block(ulong key, ulong counterHigh, ulong counterLow, Span<uint> fourWords)
    {
        Debug.Assert(fourWords.Length == 4);
        uint k0 = (uint)key, k1 = (uint)(key >> 32);
        uint c0 = (uint)counterLow, c1 = (uint)(counterLow >> 32);
        uint c2 = (uint)counterHigh, c3 = (uint)(counterHigh >> 32);
        for (int round = 0; round < Rounds; round++)
        {
            ulong first = (ulong)FirstMultiplier * c0;
            ulong second = (ulong)SecondMultiplier * c2;
            c0 = (uint)(second >> 32) ^ c1 ^ k0;
            c1 = (uint)second;
            c2 = (uint)(first >> 32) ^ c3 ^ k1;
            c3 = (uint)first;
            k0 += FirstKeyStep;
            k1 += SecondKeyStep;
        }

        fourWords[0] = c0;
        fourWords[1] = c1;
        fourWords[2] = c2;
        fourWords[3] = c3;
    }
}
