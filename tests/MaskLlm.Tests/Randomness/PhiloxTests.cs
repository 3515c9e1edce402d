using MaskLlm.Randomness;

namespace MaskLlm.Tests.Randomness;

/// <summary>Known answers are those that Random123 ships for philox4x32 with ten rounds.</summary>
public class PhiloxTests
{
    [Theory]
    [InlineData(0UL, 0UL, 0UL, 0x6627E8D5u, 0xE169C58Du, 0xBC57AC4Cu, 0x9B00DBD8u)]
    [InlineData(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, 0x408F276Du, 0x41C83B0Eu, 0xA20BC7C6u, 0x6D5451FDu)]
    [InlineData(0x299F31D0A4093822UL, 0x0370734413198A2EUL, 0x85A308D3243F6A88UL, 0xD16CFE09u, 0x94FDCCEBu, 0x5001E420u, 0x24126EA1u)]
    public void Block_KnownCounter_GivesTheKnownAnswer(ulong key, ulong high, ulong low, uint w0, uint w1, uint w2, uint w3)
    {
        uint[] words = new uint[4];
        Philox.Block(key, high, low, words);
        Assert.Equal([w0, w1, w2, w3], words);
    }
}
