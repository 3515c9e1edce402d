using System.Diagnostics;
using MaskLlm.Data;

namespace MaskLlm.Tests.Data;

public sealed class WholeTokensTests
{
    [Fact]
    public void Read_ArrayOfNumpy_GivesItsIds()
    {
        string? path = Fixture.Shared("fixtures/trained/small/calibration.npy");
        if (path is null) Assert.Skip("shared/ is not on this machine");
        int[] ids = WholeTokens.Read(path, 4096, _ => throw new UnreachableException());
        Assert.Equal(64 * 256, ids.Length);
        Assert.All(ids, id => Assert.InRange(id, 0, 4095));
        Assert.Equal(File.ReadAllBytes(path)[^4..], BitConverter.GetBytes(ids[^1]));
    }
}
