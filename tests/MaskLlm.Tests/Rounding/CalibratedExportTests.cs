using MaskLlm.Architectures;
using MaskLlm.Data;
using MaskLlm.Decoding;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Packing;
using MaskLlm.Products;
using MaskLlm.Rounding;
using MaskLlm.Tests.Data;
using MaskLlm.Tests.Decoding;
using MaskLlm.Tests.Models;

namespace MaskLlm.Tests.Rounding;

/// <summary>Files of int4 that were rounded on text.</summary>
[Collection(TorchTests.Name)]
public sealed class CalibratedExportTests : IDisposable
{
    private readonly DataFolder _data = new();
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Families() => DecoderTests.Families();

    public void Dispose()
    {
        _data.Dispose();
        _folder.Dispose();
    }

    /// <summary>Fused, transposed and interleaved tensors too: every weight is near the checkpoint's, and pruned ones are 0.</summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void Write_AnyFamily_RoundsEveryMatrixWhereItLies(string name)
    {
        Dictionary<string, Mask> masks = RuntimeFiles.RandomMasks(name, 3);
        string file = _folder.File("mask.npz");
        CheckpointMasks.Write(file, masks, Fixture.PathOf($"models/{name}"));
        Write(name, file, _folder.File("a.maskllm"));
        using RuntimeModel model = RuntimeModel.Open(_folder.File("a.maskllm"));
        using Decoder library = Checkpoint.Load(Fixture.PathOf($"models/{name}"));
        Dictionary<string, MatrixPlan> plans = MatrixPlan.All(model.Config).ToDictionary(plan => plan.Name);
        foreach ((string matrixName, PackedMatrix matrix) in RuntimeFiles.Matrices(model).Where(each => each.Matrix.IsSparse))
        {
            MatrixPlan plan = plans[matrixName];
            ReadOnlySpan<float> dense = TensorBytes.Floats(library.Parameters[plan.Tensor]);
            float[] row = new float[matrix.Columns];
            double error = 0, size = 0;
            for (int r = 0; r < matrix.Rows; r++)
            {
                PanelUnpacking.Row(matrix, r, row);
                for (int c = 0; c < matrix.Columns; c++)
                {
                    bool isKept = masks[plan.Tensor][plan.TensorRow(r), c];
                    float wanted = dense[plan.TensorRow(r) * matrix.Columns + c];
                    if (!isKept) Assert.Equal(0, row[c]);
                    error += isKept ? Math.Pow(row[c] - wanted, 2) : 0;
                    size += isKept ? wanted * wanted : 0;
                }
            }
            // Rounding each by itself leaves 0.005 to 0.01; weights that make up for others move further.
            Assert.True(error < 0.05 * size, $"{matrixName}: {error / size}");
        }
    }

    [Fact]
    public void Write_WeightsThatAreZeroAlready_IsWhatTheirMaskGives()
    {
        const string Name = "llama-gqa-tied";
        Dictionary<string, Mask> masks = RuntimeFiles.RandomMasks(Name, 5);
        string mask = _folder.File("mask.npz"), pruned = _folder.File("pruned");
        CheckpointMasks.Write(mask, masks, Fixture.PathOf($"models/{Name}"));
        MaskedCheckpoint.Write(Fixture.PathOf($"models/{Name}"), masks, pruned, cancellation: TestContext.Current.CancellationToken);
        Write(Name, mask, _folder.File("a.maskllm"));
        CalibratedExport.Write(Request(pruned, null, _folder.File("b.maskllm")), cancellation: TestContext.Current.CancellationToken);
        AssertSameMatrices(_folder.File("a.maskllm"), _folder.File("b.maskllm"));
        Write(Name, mask, _folder.File("c.maskllm"));
        Assert.Equal(File.ReadAllBytes(_folder.File("a.maskllm")), File.ReadAllBytes(_folder.File("c.maskllm")));
    }

    [Fact]
    public void Write_Cancelled_LeavesNothing()
    {
        Assert.Throws<OperationCanceledException>(() => CalibratedExport.Write(
            Request(Fixture.PathOf("models/llama-gqa-tied"), null, _folder.File("a.maskllm")), cancellation: new(true)));
        Assert.False(File.Exists(_folder.File("a.maskllm")));
    }

    private static unsafe void AssertSameMatrices(string first, string second)
    {
        using RuntimeModel one = RuntimeModel.Open(first), other = RuntimeModel.Open(second);
        foreach ((PackedMatrix a, PackedMatrix b) in RuntimeFiles.Matrices(one).Zip(RuntimeFiles.Matrices(other),
            (a, b) => (a.Matrix, b.Matrix)))
        {
            Assert.Equal(a.IsSparse, b.IsSparse);
            Assert.True(new ReadOnlySpan<byte>(a.Data, (int)a.Bytes).SequenceEqual(new ReadOnlySpan<byte>(b.Data, (int)b.Bytes)));
        }
    }

    private void Write(string name, string? mask, string path) => CalibratedExport.Write(
        Request(Fixture.PathOf($"models/{name}"), mask, path), cancellation: TestContext.Current.CancellationToken);

    private CalibratedExportRequest Request(string model, string? mask, string path)
    {
        byte[] ids = [.. Enumerable.Range(0, 8 * 16).Select(i => (byte)(i * 37 % 61))];
        return new CalibratedExportRequest
        {
            Model = model,
            Mask = mask,
            Data = new CorpusOptions { Sources = [new DataSource(_data.WriteNpy("ids.npy", "|u1", "8, 16", ids))] },
            Samples = 8,
            Out = path,
        };
    }
}
