using System.Runtime.InteropServices;
using MaskLlm.Decoding;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Measures;
using MaskLlm.Packing;
using MaskLlm.Products;
using MaskLlm.Tests.Data;
using MaskLlm.Tests.Machine;

namespace MaskLlm.Tests.Decoding;

/// <summary>Perplexity on the CPU runtime against its definition in double precision.</summary>
[Collection(TorchTests.Name)]
public sealed class RuntimeEvaluationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Windows longer than the decoder takes at once: 200 tokens by 128.</summary>
    [Theory]
    [InlineData(200, null, 3)]
    [InlineData(200, 2, 2)]
    [InlineData(129, 2, 2)]
    [InlineData(130, 1, 1)]
    [InlineData(2, 5, 5)]
    [InlineData(617, 9, 1)]
    public void Run_Windows_IsTheExponentialOfTheMeanLossOfTheirTokensButTheFirst(int length, int? most, int windows)
    {
        using DataFolder data = new();
        int[] ids = [.. Enumerable.Range(0, 617).Select(i => 37 * i % 128)];
        string text = data.WriteNpy("ids.npy", "|u1", "617,", [.. ids.Select(id => (byte)id)]);
        using RuntimeModel model = LongModel(null);
        ToldProgress told = new();
        EvaluationReport report = RuntimeEvaluation.Run(
            new EvaluationRequest { Model = model.Path, Data = text, SequenceLength = length, MaxWindows = most }, 2,
            told, TestContext.Current.CancellationToken);

        PerplexityResult result = Assert.Single(report.Rows).Result!;
        double expected = Math.Exp(Enumerable.Range(0, windows)
            .Sum(window => Loss(model, ids.AsSpan(window * length, length))) / (windows * (length - 1)));
        Assert.Equal(1, result.Perplexity / expected, 1e-5);
        Assert.Equal((617L, windows, 617 % length), (result.Tokens, result.Windows, result.TailTokens));
        Assert.True(result.Seconds > 0);
        Assert.Equal((model.Path, text, length, null), (report.Model, report.Data, report.SequenceLength, report.Rows[0].Mask));
        Assert.Equal($"weights in float32 on the CPU runtime ({ProductKernels.Choose().Name})", report.Arithmetic);
        Assert.Equal(
            [
                new Progress($"reading {text}", 0, 1),
                .. Enumerable.Range(1, windows).Select(done => new Progress("evaluating the file", done, windows)),
            ],
            told.All);
    }

    [Fact]
    public void Run_Stream_LeavesTheFileWhereItIs()
    {
        using DataFolder data = new();
        string text = data.WriteNpy("ids.npy", "|u1", "256,", [.. Enumerable.Range(0, 256).Select(i => (byte)(37 * i % 128))]);
        using RuntimeModel model = LongModel(null);
        EvaluationRequest whole = new() { Model = model.Path, Data = text, SequenceLength = 128 };
        double[] found = [.. new[] { whole, whole with { Stream = true } }.Select(request => RuntimeEvaluation.Run(
            request, 1, cancellation: TestContext.Current.CancellationToken).Rows[0].Result!.Perplexity)];
        Assert.Equal(found[0], found[1]);
    }

    /// <summary>Frequencies that depend on the length are those of the whole window.</summary>
    [Theory]
    [InlineData("llama-dynamic")]
    [InlineData("llama-yarn")]
    [InlineData("phi3-longrope")]
    public void Run_FixtureOnItsIds_GivesItsLoss(string name)
    {
        using DataFolder data = new();
        using SafetensorsFile expected = SafetensorsFile.Open(Fixture.PathOf($"models/{name}/expected.safetensors"));
        TensorEntry ids = expected.Tensors["input_ids"];
        string text = data.WriteNpy("ids.npy", "<i8", $"{ids.Shape[0]}, {ids.Shape[1]}", expected.Bytes(ids).ToArray());
        using RuntimeModel model = RuntimeFiles.Export(_folder, name, WeightType.Float32);
        EvaluationRequest request = new() { Model = model.Path, Data = text, SequenceLength = (int)ids.Shape[1] };
        PerplexityResult result = RuntimeEvaluation.Run(request, 1, null, TestContext.Current.CancellationToken).Rows[0].Result!;
        double loss = MemoryMarshal.Read<float>(expected.Bytes(expected.Tensors["loss"]));
        Assert.Equal(1, result.Perplexity / Math.Exp(loss), 1e-4);
    }

    [Fact]
    public void Run_OneSparseLayer_IsSaidToHaveItsMaskInTheFile()
    {
        using DataFolder data = new();
        string text = data.WriteNpy("ids.npy", "|u1", "8,", [1, 2, 3, 4, 5, 6, 7, 8]);
        Dictionary<string, Mask> masks = RuntimeFiles.RandomMasks("llama-gqa-tied", 1);
        using RuntimeModel model = LongModel(new Dictionary<string, Mask> { [masks.Keys.First()] = masks.Values.First() });
        EvaluationRequest request = new() { Model = model.Path, Data = text, SequenceLength = 8 };
        Assert.Equal("in the file", Assert.Single(RuntimeEvaluation.Run(request, 1, null, TestContext.Current.CancellationToken).Rows)
            .Mask);
        Assert.Equal(
            $"{model.Path} is a runtime file, whose mask is its own; `Masks` is for a Hugging Face folder.",
            Assert.Throws<ArgumentException>(() =>
                RuntimeEvaluation.Run(request with { Masks = ["m.npz"] }, 1, null, TestContext.Current.CancellationToken)).Message);
        Assert.Throws<OperationCanceledException>(() => RuntimeEvaluation.Run(request, 1, null, new CancellationToken(canceled: true)));
    }

    // -log of the softmax at the next token, over all tokens but the first.
    private static double Loss(RuntimeModel model, ReadOnlySpan<int> window)
    {
        long[] ids = [.. window.ToArray().Select(id => (long)id)];
        float[] logits = RuntimeFiles.Logits(model, [ids], 50);
        int vocabulary = model.Config.VocabularySize;
        return Enumerable.Range(0, ids.Length - 1).Sum(at =>
        {
            double[] here = [.. logits.Skip(at * vocabulary).Take(vocabulary).Select(logit => (double)logit)];
            return Math.Log(here.Sum(Math.Exp)) - here[ids[at + 1]];
        });
    }

    private RuntimeModel LongModel(IReadOnlyDictionary<string, Mask>? masks)
    {
        string source = Fixture.PathOf("models/llama-gqa-tied"), path = _folder.File("long.maskllm");
        string config = File.ReadAllText(Path.Combine(source, "config.json"));
        File.WriteAllText(_folder.File("config.json"),
            config.Replace("\"max_position_embeddings\": 64", "\"max_position_embeddings\": 700", StringComparison.Ordinal));
        File.Copy(Path.Combine(source, "model.safetensors"), _folder.File("model.safetensors"));
        RuntimeExport.Write(_folder.Path, masks, WeightType.Float32, path, stop: TestContext.Current.CancellationToken);
        return RuntimeModel.Open(path);
    }
}
