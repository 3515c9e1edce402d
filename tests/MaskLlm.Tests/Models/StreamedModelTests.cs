using System.Text.Json.Nodes;
using MaskLlm.Data;
using MaskLlm.Evaluation;
using MaskLlm.Learning;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using MaskLlm.Runs;
using MaskLlm.Tasks;
using MaskLlm.Tests.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Models;

/// <summary>Models whose weights stay in their files but for one block: the same to the bit as those in memory.</summary>
[Collection(TorchTests.Name)]
public sealed class StreamedModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DataFolder _data = new();

    /// <summary>Weights in float32 and bfloat16, stored either way round, in one file and in several, and experts in tensors of their
    /// own and in one.</summary>
    public static TheoryData<string> Models =>
        ["llama-gqa-tied", "llama-bf16-sharded", "gpt2", "phi3", "gemma3", "bloom", "mixtral", "gpt-oss", "deepseek-v3"];

    public void Dispose()
    {
        _folder.Dispose();
        _data.Dispose();
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Perplexity_DenseAndMasked_IsThatOfTheModelInMemory(string name)
    {
        using Decoder whole = Checkpoint.Load(Fixture.PathOf($"models/{name}"), keepBFloat16: true), streamed = Stream(name);
        int[] ids = [.. Enumerable.Range(0, 200).Select(i => i * 31 % whole.Config.VocabularySize)];
        OrderedDictionary<string, Mask> masks = Magnitude.Masks(whole.Linears, NmPattern.TwoOfFour);
        double dense = At(streamed);
        Assert.Equal(At(whole), dense);
        using (MaskedWeights.Apply(whole, masks))
        using (MaskedWeights.Apply(streamed, masks))
        {
            double masked = At(streamed);
            Assert.Equal(At(whole), masked);
            Assert.NotEqual(dense, masked);
        }
        Assert.Equal(dense, At(streamed));

        double At(Decoder model) => Perplexity.Evaluate(model, ids, 24, cancellation: TestContext.Current.CancellationToken).Perplexity;
    }

    [Fact]
    public void Run_ManyBatches_ReadsEachWeightOnceAndHoldsOneBlock()
    {
        using Decoder model = Stream("llama-gqa-tied");
        Dictionary<string, int> read = model.Linears.ToDictionary(layer => layer.Name, _ => 0);
        int most = 0, embeddings = 0;
        // Embedding and head in one: for the first and for the last thing that is done, and not beside a block.
        model.Head.Layer.Arrives = _ =>
        {
            embeddings++;
            Assert.DoesNotContain(model.Linears, layer => layer.IsHeld);
        };
        foreach (LinearLayer layer in model.Linears)
            layer.Arrives = _ =>
            {
                read[layer.Name]++;
                most = Math.Max(most, model.Linears.Count(other => other.IsHeld));
            };
        int[] ids = [.. Enumerable.Range(0, 4096).Select(i => i % model.Config.VocabularySize)];
        Perplexity.Evaluate(model, ids, 16, cancellation: TestContext.Current.CancellationToken);
        Assert.All(read.Values, times => Assert.Equal(1, times));
        Assert.Equal((model.BlockLinears(0).Count, 2), (most, embeddings));
        Assert.DoesNotContain(model.Linears.Append(model.Head.Layer), layer => layer.IsHeld);
        Assert.DoesNotContain(model.Parameters.Values, parameter => parameter.dim() == 2);
        Assert.Throws<InvalidOperationException>(() => model.Linears[0].Weight);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Score_SharedBeginnings_IsThatOfTheModelInMemory(string name)
    {
        using Decoder whole = Checkpoint.Load(Fixture.PathOf($"models/{name}"), keepBFloat16: true), streamed = Stream(name);
        ScoredText[] texts = [.. Enumerable.Range(2, 300).Select(i =>
            ScoredText.Of([([1, i % 50, 3, 4, i % 7], 2), ([1, i % 50, 3, 5], 1), ([1, i % 50, 3, 9, 8, 2], 3)]))];
        List<double> shares = [];
        Assert.Equal(Score(whole, null), Score(streamed, shares.Add));
        Assert.Equal(1, shares[^1]);
        Assert.Equal(shares.Order(), shares);

        List<(int, double, bool)> Score(Decoder model, Action<double>? passed)
        {
            List<(int, double, bool)> found = [];
            new TorchLikelihoods(model).Score(texts, (text, all) => found.AddRange(all.Select(one => (text, one.LogLikelihood,
                one.IsGreedy))), passed, TestContext.Current.CancellationToken);
            return found;
        }
    }

    [Theory]
    [InlineData("magnitude", false)]
    [InlineData("wanda", false)]
    [InlineData("sparsegpt", true)]
    [InlineData("admm", true)]
    public void Prune_Streamed_GivesTheSameFiles(string method, bool hasModel)
    {
        PruneRequest request = new()
        {
            Model = Fixture.PathOf("models/llama-bf16-sharded"),
            Method = method,
            UpdateWeights = method == "sparsegpt" ? WeightUpdate.Own : WeightUpdate.None,
            Data = method == "magnitude" ? null : Ids(),
            Samples = 8,
            SequenceLength = 16,
            Out = _folder.File("whole"),
            Stream = false,
        };
        PruneRun.Execute(request, cancellation: TestContext.Current.CancellationToken);
        PruneRun.Execute(request with { Out = _folder.File("streamed"), Stream = true },
            cancellation: TestContext.Current.CancellationToken);
        string[] files = hasModel ? ["mask.npz", .. Directory.GetFiles(Path.Combine(request.Out, "model"), "*.safetensors")
            .Select(file => $"model/{Path.GetFileName(file)}")] : ["mask.npz"];
        Assert.Equal(hasModel, files.Length > 1);
        foreach (string file in files)
            Assert.Equal(File.ReadAllBytes(Path.Combine(_folder.File("whole"), file)),
                File.ReadAllBytes(Path.Combine(_folder.File("streamed"), file)));
    }

    [Fact]
    public void Prune_StreamedWithADenseShareByData_SaysWhatItNeeds()
    {
        PruneRequest request = new()
        {
            Model = Fixture.PathOf("models/llama-gqa-tied"),
            Method = "wanda",
            Data = Ids(),
            Samples = 4,
            SequenceLength = 16,
            DenseShare = 0.2,
            Out = _folder.File("out"),
            Stream = true,
        };
        Assert.Contains("`DenseShare`", Assert.Throws<InsufficientMemoryException>(() =>
            PruneRun.Execute(request, cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void InputSquares_Streamed_AreThoseOfTheModelInMemory()
    {
        using Decoder whole = Checkpoint.Load(Fixture.PathOf("models/gpt2")), streamed = Stream("gpt2");
        int[][] sequences = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 1, 9, 1]];
        using InputSquares expected = InputSquares.Of(whole, sequences, cancellation: TestContext.Current.CancellationToken),
            found = InputSquares.Of(streamed, sequences, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(expected.ByName.Keys, found.ByName.Keys);
        foreach ((string name, Tensor squares) in expected.ByName) Assert.True(squares.equal(found.ByName[name]).all().item<bool>(), name);
    }

    /// <summary>In memory, partly in the file, and all of them there.</summary>
    [Theory]
    [InlineData(1 << 20, false)]
    [InlineData(100, true)]
    [InlineData(0, true)]
    public void PassedStates_WrittenTwice_GiveTheLast(long mostBytes, bool spills)
    {
        using PassedStates states = new(3, mostBytes);
        for (int round = 0; round < 2; round++)
            for (int batch = 0; batch < 3; batch++)
            {
                using Tensor state = arange(12.0f).reshape(3, 4) + 100 * round + batch;
                states.Write(batch, state);
            }
        Assert.Equal(spills, states.IsSpilled);
        for (int batch = 0; batch < 3; batch++)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor read = states.Read(batch, CPU);
            Assert.Equal([3L, 4], read.shape);
            Assert.Equal([.. Enumerable.Range(0, 12).Select(i => i + 100f + batch)], read.data<float>().ToArray());
        }
    }

    [Fact]
    public void Learn_StreamedOrInMemory_LowersEachBlocksErrorAndResumesToTheSameBytes()
    {
        LearnRequest request = new()
        {
            Model = Fixture.PathOf("models/llama-gqa-tied"),
            Data = Ids(),
            Out = _folder.File("whole"),
            Prior = "wanda",
            SaveEvery = 3,
            LogEvery = 1,
            Options = LearnOptions.Of(Recipe.Distilled) with
            {
                Stream = true,
                Steps = 8,
                BatchSize = 4,
                MicroBatchSize = 2,
                SequenceLength = 16,
                PriorSamples = 8,
            },
        };
        RunRecord record = LearnRun.Execute(request, cancellation: TestContext.Current.CancellationToken);
        string[] lines = File.ReadAllLines(Path.Combine(request.Out, "metrics.jsonl"));
        Assert.Equal(16, lines.Length);   // two blocks of eight steps
        Assert.True((double)record.Figures["perplexity"]!["learned"]! > 0);
        Assert.Equal(true, (bool?)record.Options["stream"]);

        foreach (int stopped in (int[])[2, 5, 8, 11])
        {
            using CancellationTokenSource stop = new();
            LearnRequest again = request with { Out = _folder.File($"stopped-{stopped}") };
            Assert.ThrowsAny<OperationCanceledException>(() => LearnRun.Execute(again, new StopAt(stopped, stop), null, stop.Token));
            RunRecord resumed = LearnRun.Execute(again with { Resume = true }, cancellation: TestContext.Current.CancellationToken);
            // A block that was finished but for its states begins again where it was saved last.
            Assert.Equal(stopped == 8 ? 6L : stopped, (long)resumed.Figures["resumed_at_step"]!);
            Assert.Equal(lines.Select(StepOf), File.ReadAllLines(Path.Combine(again.Out, "metrics.jsonl")).Select(StepOf));
            Assert.Equal(File.ReadAllBytes(Path.Combine(request.Out, "mask.npz")),
                File.ReadAllBytes(Path.Combine(again.Out, "mask.npz")));
        }
    }

    private static int StepOf(string line) => (int)JsonNode.Parse(line)!["step"]!;

    private CorpusOptions Ids() => new()
    {
        Sources = [new DataSource(_data.WriteNpy("ids.npy", "|u1", "4000,",
            [.. Enumerable.Range(0, 4000).Select(i => (byte)((i * i + 7 * i) % 96))]))],
    };

    private static Decoder Stream(string name) => Checkpoint.LoadOrStream(Fixture.PathOf($"models/{name}"), streams: true, warn: null);

    private sealed class StopAt(long step, CancellationTokenSource stop) : IProgress<Progress>
    {
        public void Report(Progress value)
        {
            if (value.Phase == "learning" && value.Done == step) stop.Cancel();
        }
    }
}
