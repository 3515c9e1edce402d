namespace MaskLlm.Kernels;

/// <summary>Philox4x32-10, the counter-based generator of Salmon et al. 2011: a pure function of key and counter.</summary>
internal static class Philox
{
    private const uint Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57, Weyl0 = 0x9E3779B9, Weyl1 = 0xBB67AE85;

    /// <summary>Four 32-bit words of a counter.</summary>
    /// <param name="key">The seed.</param>
    /// <param name="counterHigh">Upper 64 bits of the counter.</param>
    /// <param name="counterLow">Lower 64 bits of the counter.</param>
    /// <param name="fourWords">Receives the words.</param>
    internal static void Block(ulong key, ulong counterHigh, ulong counterLow, Span<uint> fourWords)
    {
        uint c0 = (uint)counterLow, c1 = (uint)(counterLow >> 32), c2 = (uint)counterHigh, c3 = (uint)(counterHigh >> 32);
        uint k0 = (uint)key, k1 = (uint)(key >> 32);
        for (int round = 0; round < 10; round++)
        {
            ulong product0 = (ulong)Multiplier0 * c0, product1 = (ulong)Multiplier1 * c2;
            (c0, c1, c2, c3) = ((uint)(product1 >> 32) ^ c1 ^ k0, (uint)product1, (uint)(product0 >> 32) ^ c3 ^ k1, (uint)product0);
            k0 += Weyl0;
            k1 += Weyl1;
        }
        fourWords[0] = c0;
        fourWords[1] = c1;
        fourWords[2] = c2;
        fourWords[3] = c3;
    }
}
