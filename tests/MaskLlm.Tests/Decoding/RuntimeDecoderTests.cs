using MaskLlm.Decoding;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Packing;
using MaskLlm.Products;
using MaskLlm.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Decoding;

/// <summary>The CPU decoder against transformers' logits, and against the library's own decoder.</summary>
[Collection(TorchTests.Name)]
public class RuntimeDecoderTests
{
    public static TheoryData<string> Families() => DecoderTests.Families();

    [Theory]
    [MemberData(nameof(Families))]
    public void Forward_DenseFloat32_GivesTransformersLogits(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder folder = new();
        using RuntimeModel model = RuntimeFiles.Export(folder, name, WeightType.Float32);
        Dictionary<string, Tensor> expected = TensorFile.Read(Fixture.PathOf($"models/{name}/expected.safetensors"));
        Assert.Equal(0, model.SparseLayers);
        foreach (int atOnce in new[] { 1, 7, 24 })
            Assert.True(RuntimeFiles.RelativeDifference(RuntimeFiles.Logits(model, Ids(expected), atOnce),
                Values(expected["logits"])) < 1e-4, $"{atOnce} at once");
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Forward_TwoOfFour_GivesTheLibrarysLogits(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder folder = new();
        Dictionary<string, Mask> masks = RuntimeFiles.RandomMasks(name, 3);
        Dictionary<string, Tensor> expected = TensorFile.Read(Fixture.PathOf($"models/{name}/expected.safetensors"));
        foreach ((WeightType type, double tolerance) in new[] { (WeightType.Float32, 1e-4), (WeightType.BFloat16, 1.5e-2) })
        {
            using RuntimeModel model = RuntimeFiles.Export(folder, name, type, masks);
            Assert.Equal(model.LinearLayers, model.SparseLayers);
            using Decoder library = Checkpoint.Load(Fixture.PathOf($"models/{name}"));
            using MaskedWeights applied = MaskedWeights.Apply(library, masks);
            double difference = Difference(model, type != WeightType.Float32, expected, library);
            Assert.True(difference < tolerance, $"{type}: {difference}");
        }
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Forward_AnyType_IsTheDequantisedModel(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder folder = new();
        Dictionary<string, Mask> masks = RuntimeFiles.RandomMasks(name, 4);
        Dictionary<string, Tensor> expected = TensorFile.Read(Fixture.PathOf($"models/{name}/expected.safetensors"));
        // Float weights are computed with as they are; integers multiply activations of 8 bits, and their rounding grows from block to
        // block.
        foreach ((WeightType type, double tolerance) in new[] { (WeightType.BFloat16, 1e-4), (WeightType.Int8, 1.5e-2),
            (WeightType.Int4, 1.5e-2) })
        {
            using RuntimeModel model = RuntimeFiles.Export(folder, name, type, masks);
            using Decoder library = Checkpoint.Load(Fixture.PathOf($"models/{name}"));
            Dequantise(library, model);
            double difference = Difference(model, type != WeightType.BFloat16, expected, library);
            Assert.True(difference < tolerance * model.Config.BlockCount, $"{type}: {difference}");
        }
    }

    /// <summary>The original length is 16: Phi-3 of transformers runs the text again where it grows over that, and gives the logits of the
    /// whole text.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void Forward_LongRopeGrowsOverTheOriginalLengthAndBack_GivesTheLogitsOfTheWholeText(int atOnce)
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder folder = new();
        using RuntimeModel model = RuntimeFiles.Export(folder, "phi3-longrope", WeightType.Float32);
        Dictionary<string, Tensor> expected = TensorFile.Read(Fixture.PathOf("models/phi3-longrope/expected.safetensors"));
        using RuntimeDecoder decoder = new(model, new RuntimeDecoderOptions { Threads = 1, TokensAtOnce = atOnce });
        using KeyValueCache cache = decoder.StartSequence(), fresh = decoder.StartSequence();
        long[] text = Ids(expected)[1];
        Run(cache, text);
        Assert.True(RuntimeFiles.RelativeDifference(decoder.Logits(0), Values(expected["logits"][1][^1])) < 1e-4);
        cache.Truncate(9);
        Run(cache, text[9..12]);
        float[] shortened = decoder.Logits(0).ToArray();
        Run(fresh, text[..12]);
        Assert.True(RuntimeFiles.RelativeDifference(shortened, decoder.Logits(0)) < 1e-5);

        void Run(KeyValueCache into, long[] ids)
        {
            for (int i = 0; i < ids.Length; i += atOnce)
            {
                int end = Math.Min(ids.Length, i + atOnce);
                decoder.Forward([.. Enumerable.Range(i, end - i).Select(j => new BatchToken(into, (int)ids[j], j == ids.Length - 1))]);
            }
        }
    }

    [Fact]
    public void Forward_ManySequencesAtOnce_GivesEachItsOwnLogits()
    {
        using TemporaryFolder folder = new();
        using RuntimeModel model = RuntimeFiles.Export(folder, "llama-gqa-tied", WeightType.Float32);
        using RuntimeDecoder decoder = new(model, new RuntimeDecoderOptions { Threads = 2, TokensAtOnce = 16 });
        int[][] texts = [[1, 2, 3], [9, 8, 7, 6, 5], [4], [60, 61, 62, 63]];
        KeyValueCache[] caches = [.. texts.Select(_ => decoder.StartSequence())];
        float[][] last = new float[texts.Length][];
        for (int round = 0; round < 5; round++)
        {
            int[] here = [.. Enumerable.Range(0, texts.Length).Where(i => round < texts[i].Length)];
            decoder.Forward([.. here.Select(i => new BatchToken(caches[i], texts[i][round], WantsLogits: true))]);
            for (int i = 0; i < here.Length; i++) last[here[i]] = decoder.Logits(i).ToArray();
        }
        foreach (KeyValueCache cache in caches) cache.Dispose();
        for (int i = 0; i < texts.Length; i++)
        {
            float[] alone = RuntimeFiles.Logits(model, [[.. texts[i].Select(id => (long)id)]], 1)[^model.Config.VocabularySize..];
            Assert.True(RuntimeFiles.RelativeDifference(last[i], alone) < 1e-5, $"text {i}");
        }
    }

    [Theory]
    [InlineData(WeightType.Float32)]
    [InlineData(WeightType.BFloat16)]
    public void Forward_MoreTokensThanAWideTile_GivesEachTheLogitsOfOneAtATime(WeightType type)
    {
        using TemporaryFolder folder = new();
        using RuntimeModel model = RuntimeFiles.Export(folder, "qwen2", type, RuntimeFiles.RandomMasks("qwen2", 6));
        using RuntimeDecoder decoder = new(model, new RuntimeDecoderOptions { Threads = 2, TokensAtOnce = 120 });
        long[][] texts = [[.. Enumerable.Range(0, 60).Select(i => 7L * i % 90)], [.. Enumerable.Range(0, 60).Select(i => 11L * i % 90)]];
        using KeyValueCache first = decoder.StartSequence(), second = decoder.StartSequence();
        decoder.Forward([.. texts[0].Select(id => new BatchToken(first, (int)id, true)), .. texts[1]
            .Select(id => new BatchToken(second, (int)id, true))]);
        float[] together = [.. Enumerable.Range(0, 120).SelectMany(i => decoder.Logits(i).ToArray())];
        Assert.True(RuntimeFiles.RelativeDifference(together, RuntimeFiles.Logits(model, texts, 1)) < 1e-5);
    }

    [Fact]
    public void Forward_TokenAfterToken_AllocatesNothing()
    {
        using TemporaryFolder folder = new();
        foreach (WeightType type in Enum.GetValues<WeightType>())
        {
            using RuntimeModel model = RuntimeFiles.Export(folder, "llama-gqa-tied", type);
            using RuntimeDecoder decoder = new(model, new RuntimeDecoderOptions { Threads = 1 });
            using KeyValueCache cache = decoder.StartSequence();
            BatchToken[] token = [new BatchToken(cache, 5, WantsLogits: true)];
            // Past the lengths at which vector code of the framework is first used, and into a new page.
            for (int i = 0; i < 40; i++) decoder.Forward(token);
            // A collection in between, for another thread's sake, would count the unused rest of this thread's allocation buffer.
            Assert.True(GC.TryStartNoGCRegion(64 << 20));
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 16; i++) decoder.Forward(token);
            long after = GC.GetAllocatedBytesForCurrentThread();
            GC.EndNoGCRegion();
            Assert.Equal(before, after);
        }
    }

    [Fact]
    public void Forward_AnyThreads_GivesTheSameBits()
    {
        using TemporaryFolder folder = new();
        using RuntimeModel model = RuntimeFiles.Export(folder, "qwen3", WeightType.BFloat16);
        long[][] ids = [[.. Enumerable.Range(1, 30).Select(i => (long)i)]];
        float[] one = RuntimeFiles.Logits(model, ids, 30, threads: 1);
        foreach (int threads in new[] { 2, 3, 5 }) Assert.Equal(one, RuntimeFiles.Logits(model, ids, 30, threads));
    }

    [Fact]
    public void Forward_WrongTokens_AreRefusedInOneSentence()
    {
        using TemporaryFolder folder = new();
        using RuntimeModel model = RuntimeFiles.Export(folder, "llama-gqa-tied", WeightType.Float32);
        using RuntimeDecoder decoder = new(model, new RuntimeDecoderOptions { TokensAtOnce = 4, ContextLength = 3 });
        using KeyValueCache cache = decoder.StartSequence();
        Assert.Throws<ArgumentException>(() => decoder.Forward([]));
        Assert.Throws<ArgumentException>(() => decoder.Forward([new BatchToken(cache, -1, true)]));
        Assert.Throws<ArgumentException>(() => decoder.Forward([new BatchToken(cache, model.Config.VocabularySize, true)]));
        decoder.Forward([new BatchToken(cache, 1, false), new BatchToken(cache, 1, false), new BatchToken(cache, 1, false)]);
        Assert.Contains("3 positions", Assert.Throws<ArgumentException>(() => decoder.Forward([new BatchToken(cache, 1, true)])).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void StartSequence_PagesGivenBack_ServeTheNext()
    {
        using TemporaryFolder folder = new();
        using RuntimeModel model = RuntimeFiles.Export(folder, "llama-gqa-tied", WeightType.Float32);
        using RuntimeDecoder decoder = new(model, new RuntimeDecoderOptions { CacheBytes = 1 });
        long free = decoder.FreePositions;
        Assert.True(free > 0);
        for (int i = 0; i < 3; i++)
        {
            using KeyValueCache cache = decoder.StartSequence();
            decoder.Forward([new BatchToken(cache, 1, false)]);
            Assert.Equal(0, decoder.FreePositions);
            using KeyValueCache second = decoder.StartSequence();
            Assert.Throws<InsufficientMemoryException>(() => decoder.Forward([new BatchToken(second, 1, false)]));
        }
        Assert.Equal(free, decoder.FreePositions);
    }

    private static void Dequantise(Decoder library, RuntimeModel model)
    {
        Dictionary<string, MatrixPlan> plans = MatrixPlan.All(model.Config).ToDictionary(plan => plan.Name);
        foreach ((string name, PackedMatrix matrix) in RuntimeFiles.Matrices(model))
        {
            Span<float> values = TensorBytes.Floats(library.Parameters[plans[name].Tensor]);
            for (int row = 0; row < matrix.Rows; row++)
                PanelUnpacking.Row(matrix, row, values.Slice(plans[name].TensorRow(row) * matrix.Columns, matrix.Columns));
        }
    }

    private static long[][] Ids(Dictionary<string, Tensor> expected)
    {
        Tensor ids = expected["input_ids"];
        return [.. Enumerable.Range(0, (int)ids.size(0)).Select(i => ids[i].data<long>().ToArray())];
    }

    // What is rounded may send a token to another expert, so of mixtures the median over positions counts then.
    private static double Difference(RuntimeModel model, bool isRounded, Dictionary<string, Tensor> expected, Decoder library)
    {
        float[] runtime = RuntimeFiles.Logits(model, Ids(expected), 24), own = Logits(library, expected);
        return isRounded && model.Config.Experts is not null ? RuntimeFiles.MedianDifference(runtime, own, model.Config.VocabularySize)
            : RuntimeFiles.RelativeDifference(runtime, own);
    }

    private static float[] Logits(Decoder library, Dictionary<string, Tensor> expected)
    {
        using IDisposable noGradient = no_grad();
        return Values(library.Forward(expected["input_ids"]));
    }

    private static float[] Values(Tensor tensor) => TensorBytes.Floats(tensor.to(ScalarType.Float32).contiguous()).ToArray();
}
