using MaskLlm.Architectures;
using MaskLlm.Data;
using MaskLlm.Priors;
using MaskLlm.Tests.Data;

namespace MaskLlm.Tests.Priors;

/// <summary>Which sequences data-driven pruning looks at.</summary>
public sealed class CalibrationDataTests : IDisposable
{
    private static readonly string Model = Fixture.PathOf("models/llama-gqa-tied");
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(128, 3)]
    [InlineData(3, 3)]
    [InlineData(2, 2)]
    public void Read_Matrix_GivesItsFirstRowsInOrder(int samples, int expected)
    {
        IReadOnlyList<int[]> read = Read(Ids("3, 5"), samples, null);
        Assert.Equal(expected, read.Count);
        for (int row = 0; row < read.Count; row++) Assert.Equal(Enumerable.Range(5 * row, 5), read[row]);
    }

    [Fact]
    public void Read_MatrixAndAnotherLength_IsRefused()
    {
        Assert.Equal(3, Read(Ids("3, 5"), 128, 5).Count);
        string message = Assert.Throws<ArgumentException>(() => Read(Ids("3, 5"), 128, 4)).Message;
        Assert.Contains("`SequenceLength` is 4, and the rows of", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_MatrixOfLongRows_NamesThePositions()
    {
        int positions = CheckpointConfig.Read(Model).MaxPositions;
        string path = _folder.WriteNpy("ids.npy", "|u1", $"1, {positions + 1}", new byte[positions + 1]);
        Assert.Contains($"the model has {positions} positions", Assert.Throws<ArgumentException>(() => Read(path, 1, null)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OneStream_GivesPiecesInOrderOfOneDocument()
    {
        string path = Ids("15,");
        Calibration calibration = Calibration(path, 3, 4);
        Assert.Equal([[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]], calibration.Sequences);
        CorpusSource source = Assert.Single(calibration.Sources);
        Assert.Equal((path, 1L, 15L, 0L, 1.0), (source.Path, source.Documents, source.Tokens, source.HeldOutTokens, source.Weight));
        Assert.Equal(3, Calibration(path, 3, 5).Sequences.Count);
        Assert.Contains("15 ids; 4 sequences of 4 need 16.", Assert.Throws<ArgumentException>(() => Calibration(path, 4, 4)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Read_Matrix_CountsRowsAndIds()
    {
        CorpusSource source = Assert.Single(Calibration(Ids("3, 5"), 2, null).Sources);
        Assert.Equal((2L, 10L), (source.Documents, source.Tokens));
    }

    private string Ids(string shape) => _folder.WriteNpy("ids.npy", "|u1", shape, [.. Enumerable.Range(0, 15).Select(id => (byte)id)]);

    private static IReadOnlyList<int[]> Read(string path, int samples, int? length) => Calibration(path, samples, length).Sequences;

    private static Calibration Calibration(string path, int samples, int? length) => CalibrationData.Read(
        new PruneRequest
        {
            Model = Model,
            Method = "wanda",
            Out = "",
            Data = new() { Sources = [new(path)] },
            Samples = samples,
            SequenceLength = length
        },
        CheckpointConfig.Read(Model), null, TestContext.Current.CancellationToken);
}
