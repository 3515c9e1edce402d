using MaskLlm.Masks;

namespace MaskLlm.Tests.Masks;

public sealed class MaskAgreementTests
{
    [Fact]
    public void Between_OneOfTwoGroupsDiffers_CountsGroupsAndBits()
    {
        Mask a = Mask.FromBytes(1, 8, [1, 1, 0, 0, 1, 0, 1, 0]);
        Mask b = Mask.FromBytes(1, 8, [1, 1, 0, 0, 1, 0, 0, 1]);
        Assert.Equal(new MaskAgreement(2, 1, 0.75), MaskAgreement.Between(a, b, 4));
        Assert.Equal(new MaskAgreement(2, 2, 1), MaskAgreement.Between(a, a, 4));
    }

    [Fact]
    public void Plus_TwoLayers_WeighsBitsByGroups()
    {
        MaskAgreement sum = MaskAgreement.None.Plus(new MaskAgreement(3, 3, 1)).Plus(new MaskAgreement(1, 0, 0.5));
        Assert.Equal(new MaskAgreement(4, 3, 0.875), sum);
        Assert.Equal(MaskAgreement.None, MaskAgreement.None.Plus(MaskAgreement.None));
    }

    [Fact]
    public void Between_OtherShapes_IsRefused()
    {
        Mask mask = Mask.FromBytes(2, 6, new byte[12]);
        Assert.Throws<ArgumentException>(() => MaskAgreement.Between(mask, Mask.FromBytes(3, 4, new byte[12]), 2));
        Assert.Throws<ArgumentException>(() => MaskAgreement.Between(mask, mask, 4));
        Assert.Throws<ArgumentOutOfRangeException>(() => MaskAgreement.Between(mask, mask, 0));
    }

    [Theory]
    [InlineData(1, 24)]
    [InlineData(16, 0)]
    [InlineData(32, 0)]
    public void Between_AnyGroupSize_CountsEqualGroups(int groupSize, long equal)
    {
        byte[] bits = [.. Enumerable.Range(0, 32).Select(i => (byte)(i % 3 == 0 ? 1 : 0))], other = [.. bits];
        for (int i = 0; i < 32; i += 4) other[i] ^= 1;
        Mask a = Mask.FromBytes(1, 32, bits), b = Mask.FromBytes(1, 32, other);
        Assert.Equal(new MaskAgreement(32 / groupSize, equal, 0.75), MaskAgreement.Between(a, b, groupSize));
    }

    [Fact]
    public void Between_GroupsBeyond32_AreRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            MaskAgreement.Between(Mask.FromBytes(1, 33, new byte[33]), Mask.FromBytes(1, 33, new byte[33]), 33));
}
