using System.Diagnostics;
using MaskLlm.Data;

namespace MaskLlm.Tests.Data;

public sealed class WholeTokensTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_Text_IsEncodedInOneCall()
    {
        List<string> encoded = [];
        int[] ids = WholeTokens.Read(_folder.Write("t.txt", "a\nb"), 10, text =>
        {
            encoded.Add(text);
            return [1, 2];
        }, TestContext.Current.CancellationToken);
        Assert.Equal([1, 2], ids);
        Assert.Equal(["a\nb"], encoded);
    }

    [Theory]
    [InlineData("6,")]
    [InlineData("2, 3")]
    [InlineData("3, 2")]
    public void Read_Ids_AreTakenAsTheyAreRowAfterRow(string shape) =>
        Assert.Equal([5, 4, 3, 2, 1, 0],
            WholeTokens.Read(_folder.WriteNpy("ids.npy", "|u1", shape, [5, 4, 3, 2, 1, 0]), 6, NotCalled,
            TestContext.Current.CancellationToken));

    [Theory]
    [InlineData("ids.npy", "6,", null)]
    [InlineData("ids.npy", "2, 3", 3)]
    [InlineData("ids.npy", "1, 6", null)]
    [InlineData("ids.npy", "6, 1", null)]
    [InlineData("ids.txt", "2, 3", null)]
    public void RowLength_RowsOfTwoToFive_IsThatOfAMatrixAlone(string name, string shape, int? length) =>
        Assert.Equal(length, WholeTokens.RowLength(_folder.WriteNpy(name, "|u1", shape, [5, 4, 3, 2, 1, 0]), longest: 5));

    [Fact]
    public void Read_IdOutsideTheVocabulary_IsRefused() =>
        Assert.Throws<InvalidDataException>(() =>
            WholeTokens.Read(_folder.WriteNpy("ids.npy", "|u1", "3,", [5, 4, 3]), 5, NotCalled, TestContext.Current.CancellationToken));

    [Theory]
    [InlineData("4,")]
    [InlineData("1000000000,")]
    [InlineData("3000000000,")]
    public void Read_FewerIdsThanPromised_IsRefused(string shape) =>
        Assert.Throws<InvalidDataException>(() =>
            WholeTokens.Read(_folder.WriteNpy("ids.npy", "|u1", shape, [5, 4, 3]), 6, NotCalled, TestContext.Current.CancellationToken));

    [Fact]
    public void Read_ArrayOfNumpy_GivesItsIds()
    {
        string? path = Fixture.Shared("fixtures/trained/small/calibration.npy");
        if (path is null) Assert.Skip("shared/ is not on this machine");
        int[] ids = WholeTokens.Read(path, 4096, _ => throw new UnreachableException(), TestContext.Current.CancellationToken);
        Assert.Equal(64 * 256, ids.Length);
        Assert.All(ids, id => Assert.InRange(id, 0, 4095));
        Assert.Equal(File.ReadAllBytes(path)[^4..], BitConverter.GetBytes(ids[^1]));
    }

    private static int[] NotCalled(string text) => throw new InvalidOperationException(text);
}
