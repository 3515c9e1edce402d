using System.Text;
using MaskLlm.Architectures;
using MaskLlm.Architectures.Families;
using MaskLlm.Decoding;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Products;
using MaskLlm.Tests.Machine;

namespace MaskLlm.Tests.Decoding;

/// <summary>The figures of <c>maskllm bench</c> under a clock that goes as the test says, and what is measured.</summary>
[Collection(TorchTests.Name)]
public sealed class RuntimeBenchmarkTests
{
    private static readonly RuntimeBenchmarkOptions Small = new()
    {
        Shape = "tiny",
        Threads = 1,
        Repeats = 3,
        Sequences = [1, 3],
        Prompts = [5],
        Context = 4
    };

    private static string Kernel => ProductKernels.Choose().Name;

    /// <summary>Dense work takes two seconds and 2:4 work one; four steps are a measurement of decoding.</summary>
    [Fact]
    public void Run_Shape_GivesTokensOverSecondsAndTheirRatio()
    {
        TwoClock clock = new();
        ToldProgress told = new();
        IReadOnlyList<RuntimeBenchmarkRow> rows = RuntimeBenchmark.Run(
            Small with { Types = [WeightType.Int8] }, clock, told, TestContext.Current.CancellationToken);

        string kernel = $"{Kernel}, 1 threads: 14 of 14 layers 2:4, head dense";
        byte[] config = ModelShape.ConfigJson("tiny");
        using RuntimeModel dense = RandomModel.Make(config, WeightType.Int8, isSparse: false),
            sparse = RandomModel.Make(config, WeightType.Int8, isSparse: true);
        Assert.Equal(
        [
            new("decode int8 x1", 2, 4, 2, "tokens/s", kernel),
            new("decode int8 x3", 6, 12, 2, "tokens/s", kernel),
            new("prefill int8 x5", 2.5, 5, 2, "tokens/s", kernel),
            new("file int8", dense.FileBytes / 1e6, sparse.FileBytes / 1e6, (double)dense.FileBytes / sparse.FileBytes, "MB", kernel),
        ], rows.SkipLast(1));
        RuntimeBenchmarkRow memory = rows[^1];
        Assert.Equal(("memory int8", "MB", kernel), (memory.What, memory.Unit, memory.Kernel));
        // Far below all that the process holds: only what the model added.
        Assert.InRange(memory.Dense, -Environment.WorkingSet / 4e6, Environment.WorkingSet / 2e6);
        Assert.Equal(
            [
                new Progress("making random int8 weights", 0, 1), new Progress("decode int8 x1", 0, 3),
                new Progress("decode int8 x3", 1, 3), new Progress("prefill int8 x5", 2, 3),
            ],
            told.All);
        Assert.Equal(4 * 3 * 3, clock.Calls);
    }

    /// <summary>A model of 64 learned positions: no prompt is longer, and none of a length twice.</summary>
    [Fact]
    public void Run_ModelOfFewPositions_IsMeasuredAtAsManyAsItHas()
    {
        using TemporaryFolder folder = new();
        Dictionary<string, Mask> masks = RuntimeFiles.RandomMasks("gpt2", 1);
        string path;
        using (RuntimeModel model = RuntimeFiles.Export(folder, "gpt2", WeightType.BFloat16, masks)) path = model.Path;
        RuntimeBenchmarkOptions options = new() { Model = path, Threads = 1, Repeats = 1, Sequences = [2] };
        IReadOnlyList<RuntimeBenchmarkRow> rows =
            RuntimeBenchmark.Run(options, new TwoClock(), null, TestContext.Current.CancellationToken);
        Assert.Equal(["decode bf16 x2", "prefill bf16 x64", "file bf16", "memory bf16"], rows.Select(row => row.What));
    }

    [Fact]
    public void Run_File_ComparesItWithDenseWeightsOfItsShapeAndType()
    {
        using TemporaryFolder folder = new();
        Dictionary<string, Mask> masks = RuntimeFiles.RandomMasks("llama-gqa-tied", 1);
        masks.Remove(masks.Keys.First());
        string path;
        using (RuntimeModel model = RuntimeFiles.Export(folder, "llama-gqa-tied", WeightType.BFloat16, masks)) path = model.Path;
        IReadOnlyList<RuntimeBenchmarkRow> rows = RuntimeBenchmark.Run(
            Small with { Shape = null, Model = path, Types = [WeightType.Int4], Sequences = [2] }, new TwoClock(), null,
                TestContext.Current.CancellationToken);

        Assert.Equal(["decode bf16 x2", "prefill bf16 x5", "file bf16", "memory bf16"], rows.Select(row => row.What));
        Assert.All(rows, row => Assert.Equal($"{Kernel}, 1 threads: 13 of 14 layers 2:4, head dense", row.Kernel));
        Assert.Equal(new FileInfo(path).Length / 1e6, rows[2].Sparse);
        Assert.True(rows[2].Dense > rows[2].Sparse);
    }

    [Fact]
    public void Run_DenseFile_IsRefusedWithWhatToDo()
    {
        using TemporaryFolder folder = new();
        using RuntimeModel model = RuntimeFiles.Export(folder, "llama-gqa-tied", WeightType.Int4);
        Assert.Equal(
            $"{model.Path}: no linear layer is 2:4, so there is nothing to compare; export it with `masks`.",
            Assert.Throws<ArgumentException>(() =>
                RuntimeBenchmark.Run(new RuntimeBenchmarkOptions { Model = model.Path }, stop: TestContext.Current.CancellationToken))
                .Message);
    }

    [Fact]
    public void Run_Stopped_MeasuresNothingMore()
    {
        TwoClock clock = new();
        Assert.Throws<OperationCanceledException>(() => RuntimeBenchmark.Run(Small, clock, null, new CancellationToken(canceled: true)));
        Assert.Equal(0, clock.Calls);
    }

    [Theory]
    [InlineData(WeightType.Float32, "f32", "float32")]
    [InlineData(WeightType.BFloat16, "bf16", "bfloat16")]
    [InlineData(WeightType.Int8, "int8", "int8")]
    [InlineData(WeightType.Int4, "int4", "int4")]
    public void ShortName_Type_IsThatOfTheFigures(WeightType type, string name, string spelled)
    {
        Assert.Equal((name, spelled, type),
            (RuntimeBenchmark.ShortName(type), WeightTypes.NameOf(type), WeightTypes.Parse(spelled)));
        Assert.Equal($"{name}x is no type of weights; float32, bfloat16, int8, int4 are.",
            Assert.Throws<ArgumentException>(() => WeightTypes.Parse(name + "x")).Message);
    }

    /// <summary>Each measurement of decoding begins at the context, and a prompt asks for the logits after it alone.</summary>
    [Fact]
    public void BenchmarkedModel_Work_IsTheTokensThatItIsNamedAfter()
    {
        byte[] config = ModelShape.ConfigJson("tiny");
        using BenchmarkedModel model = new(() => RandomModel.Make(config, WeightType.BFloat16, isSparse: false), Small);
        Assert.Equal([4, 4, 4], model.Caches.Select(cache => cache.Length));
        for (int i = 0; i < 2; i++)
        {
            model.Decode(2, 3);
            Assert.Equal([7, 7, 4], model.Caches.Select(cache => cache.Length));
            Assert.Equal(256, model.Decoder.Logits(1).Length);
            Assert.Throws<ArgumentOutOfRangeException>(() => model.Decoder.Logits(2).Length);
        }
        long free = model.Decoder.FreePositions;
        model.Prefill(5);
        Assert.Equal(free, model.Decoder.FreePositions);
        Assert.Equal(256, model.Decoder.Logits(0).Length);
        Assert.Throws<ArgumentOutOfRangeException>(() => model.Decoder.Logits(1).Length);
        // The longest of prompts, context and sequences at once.
        Assert.Throws<ArgumentException>(() => model.Prefill(6));
        Assert.Equal((Kernel, 5, 2048), (model.Decoder.Kernel, model.Decoder.Options.TokensAtOnce, model.Decoder.ContextLength));
    }

    [Theory]
    [InlineData("tiny", 2, 64, 4, 2, 128, 256)]
    [InlineData("llama-1b", 22, 2048, 32, 4, 5632, 32000)]
    [InlineData("llama-7b", 32, 4096, 32, 32, 11008, 32000)]
    public void ConfigJson_KnownShape_IsThatOfTheModel(string name, int blocks, int hidden, int heads, int keyValueHeads, int mlp,
        int vocabulary)
    {
        DecoderConfig config = ModelFamily.Read("config.json", ModelShape.ConfigJson(name));
        DecoderConfig expected = new()
        {
            Family = "llama",
            BlockCount = blocks,
            HiddenSize = hidden,
            HeadCount = heads,
            KeyValueHeadCount = keyValueHeads,
            HeadSize = hidden / heads,
            IntermediateSize = mlp,
            VocabularySize = vocabulary,
            MaxPositions = 2048,
            NormEpsilon = 1e-5,
            Rotary = new RotaryConfig(10000),
            TieWordEmbeddings = false,
            SlidingWindows = config.SlidingWindows,
        };
        Assert.Equal(expected, config);
        Assert.Empty(config.SlidingWindows);
    }

    [Fact]
    public void ConfigJson_UnknownShape_NamesTheKnown()
    {
        Assert.Equal(["llama-1b", "llama-7b", "olmoe-1b-7b", "qwen3-30b-a3b", "tiny"], ModelShape.Names);
        Assert.Equal("`Shape` big: llama-1b, llama-7b, olmoe-1b-7b, qwen3-30b-a3b, tiny are known.",
            Assert.Throws<ArgumentException>(() => ModelShape.ConfigJson("big")).Message);
    }

    /// <summary>Any two of every four in the linear layers, uniform in ±0.05; ones in the norms; everything else dense.</summary>
    [Fact]
    public void RandomModel_Sparse_HasTwoOfEveryFourAtRandom()
    {
        using RuntimeModel model = RandomModel.Make(ModelShape.ConfigJson("tiny"), WeightType.Float32, isSparse: true);
        Assert.Equal((14, 14, "random weights"), (model.SparseLayers, model.LinearLayers, model.Path));
        Assert.All(model.FinalNorm.Weight.Concat(model.Blocks.SelectMany(block => block.InputNorm!.Weight.Concat(block.MlpNorm!.Weight))),
            weight =>
            Assert.Equal(1f, weight));
        foreach ((string name, PackedMatrix matrix) in RuntimeFiles.Matrices(model))
        {
            float[] values = Values(matrix);
            Assert.All(values, value => Assert.InRange(value, -0.05f, 0.05f));
            Assert.True(values.Max() > 0.04f && values.Min() < -0.04f, name);
            string[] kept = [.. values.Chunk(4).Select(group => string.Concat(group.Select(value => value == 0 ? '0' : '1')))];
            string[] pairs = matrix.IsSparse ? ["0011", "0101", "0110", "1001", "1010", "1100"] : ["1111"];
            Assert.Equal(pairs, kept.Distinct().Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void RandomModel_ColumnsThatAreNoGroups_CanOnlyBeDense()
    {
        byte[] config = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(ModelShape.ConfigJson("tiny"))
            .Replace("128", "130", StringComparison.Ordinal));
        RandomModel.Make(config, WeightType.Int8, isSparse: false).Dispose();
        Assert.Equal(
            "a matrix of 130 columns cannot be 2:4.",
                Assert.Throws<ArgumentException>(() => RandomModel.Make(config, WeightType.Int8, isSparse: true)).Message);
    }

    private static float[] Values(PackedMatrix matrix)
    {
        float[] values = new float[matrix.Rows * matrix.Columns];
        for (int row = 0; row < matrix.Rows; row++) PanelUnpacking.Row(matrix, row, values.AsSpan(row * matrix.Columns, matrix.Columns));
        return values;
    }

    /// <summary>Seconds, of which the first pair of readings has two between them and the next one.</summary>
    private sealed class TwoClock : TimeProvider
    {
        private static readonly int[] Seconds = [7, 2, 11, 1];

        private long _now;

        internal int Calls { get; private set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => _now += Seconds[Calls++ % 4];
    }
}
