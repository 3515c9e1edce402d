using MaskLlm.Architectures;
using MaskLlm.Data;
using MaskLlm.Decoding;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Packing;
using MaskLlm.Priors;
using MaskLlm.Products;
using MaskLlm.Runs;
using MaskLlm.Tests.Data;
using MaskLlm.Tests.Decoding;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Priors;

/// <summary>Runs on recorded models: stopped and resumed, with hidden states in files, with updated weights.</summary>
[Collection(TorchTests.Name)]
public sealed class PruneRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DataFolder _data = new();

    public void Dispose()
    {
        _folder.Dispose();
        _data.Dispose();
    }

    [Theory]
    [InlineData("wanda", false, 64)]
    [InlineData("ria", false, 0)]
    [InlineData("sparsegpt", false, 64)]
    [InlineData("sparsegpt", true, 64)]
    [InlineData("sparsegpt", true, 0)]
    [InlineData("admm", true, 64)]
    [InlineData("admm", true, 0)]
    public void Execute_StoppedAfterABlockAndResumed_GivesTheSameBytes(string method, bool update, int hiddenMegabytes)
    {
        PruneRequest request = Request(method) with
        {
            UpdateWeights = Update(method, update),
            HiddenMemoryBytes = (long)hiddenMegabytes << 20,
        };
        PruneRun.Execute(request with { Out = _folder.File("whole") }, null, null, TestContext.Current.CancellationToken);
        using CancellationTokenSource stop = new();
        List<string> blocks = [];

        Assert.ThrowsAny<OperationCanceledException>(() => PruneRun.Execute(request, new StopAfter(1, stop), null, stop.Token));
        Assert.False(File.Exists(Path.Combine(request.Out, "run.json")));
        PruneRun.Execute(request with { Resume = true }, new Done(blocks), null, TestContext.Current.CancellationToken);

        // What was finished before the stop is reported once and not done again.
        Assert.Equal(["block 1/2", "block 2/2"], blocks);
        foreach (string file in update ? ["mask.npz", "model/model.safetensors"] : new[] { "mask.npz" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(_folder.File("whole"), file)), File.ReadAllBytes(Path.Combine(request.Out, file)));
        Assert.False(Directory.Exists(Path.Combine(request.Out, "checkpoint")));
    }

    [Fact]
    public void Execute_TokensOfExpertsWithoutExperts_IsSaid()
    {
        List<string> said = [];
        PruneRun.Execute(Request("wanda") with { MinExpertTokens = 3 }, null, said.Add, TestContext.Current.CancellationToken);
        Assert.Contains("the model has no experts, and of no effect is `MinExpertTokens`.", said);
    }

    /// <summary>Of experts that too few tokens reached those of the finished blocks count too.</summary>
    [Theory]
    [InlineData("mixtral", "wanda", WeightUpdate.None)]
    [InlineData("mixtral", "sparsegpt", WeightUpdate.Exact)]
    [InlineData("granitemoe", "admm", WeightUpdate.Exact)]
    [InlineData("deepseek-v3", "admm", WeightUpdate.Exact)]
    public void Execute_MixtureStoppedAndResumed_SaysAndGivesTheSame(string model, string method, WeightUpdate update)
    {
        PruneRequest request = Request(method, model) with { UpdateWeights = update };
        List<string> whole = [], resumed = [];
        PruneRun.Execute(request with { Out = _folder.File("whole") }, null, whole.Add, TestContext.Current.CancellationToken);
        using CancellationTokenSource stop = new();

        int last = CheckpointConfig.Read(request.Model).BlockCount - 1;
        Assert.ThrowsAny<OperationCanceledException>(() => PruneRun.Execute(request, new StopAfter(last, stop), null, stop.Token));
        PruneRun.Execute(request with { Resume = true }, null, resumed.Add, TestContext.Current.CancellationToken);

        Assert.Contains(whole, sentence => sentence.Contains("reached by fewer", StringComparison.Ordinal));
        Assert.Equal(whole, resumed);
        foreach (string file in update == WeightUpdate.None ? new[] { "mask.npz" } : ["mask.npz", "model/model.safetensors"])
            Assert.Equal(File.ReadAllBytes(Path.Combine(_folder.File("whole"), file)), File.ReadAllBytes(Path.Combine(request.Out, file)));
    }

    [Fact]
    public void Execute_AnyFileOfTheCheckpointDamaged_IsRefusedByName()
    {
        PruneRequest request = Request("wanda") with { HiddenMemoryBytes = 0 };
        using CancellationTokenSource stop = new();
        Assert.ThrowsAny<OperationCanceledException>(() => PruneRun.Execute(request, new StopAfter(1, stop), null, stop.Token));
        string[] files = Directory.GetFiles(Path.Combine(request.Out, "checkpoint"));
        Assert.Equal(["block-0.safetensors", "hidden-1.safetensors", "state.safetensors"],
            files.Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (string file in files)
        {
            byte[] whole = File.ReadAllBytes(file), damaged = [.. whole];
            damaged[^1] ^= 1;
            File.WriteAllBytes(file, damaged);
            InvalidDataException refused = Assert.Throws<InvalidDataException>(
                () => PruneRun.Execute(request with { Resume = true }, null, null, TestContext.Current.CancellationToken));
            Assert.StartsWith(file, refused.Message, StringComparison.Ordinal);
            File.WriteAllBytes(file, whole);
        }
        PruneRun.Execute(request with { Resume = true }, null, null, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("wanda")]
    [InlineData("sparsegpt")]
    [InlineData("admm")]
    public void Execute_HiddenStatesInFiles_GivesTheSameBytes(string method)
    {
        PruneRequest request = Request(method) with { UpdateWeights = Update(method, method != "wanda") };
        PruneRun.Execute(request, null, null, TestContext.Current.CancellationToken);
        PruneRun.Execute(request with { Out = _folder.File("spilled"), HiddenMemoryBytes = 0 }, null, null,
            TestContext.Current.CancellationToken);

        foreach (string file in method != "wanda" ? ["mask.npz", "model/model.safetensors"] : new[] { "mask.npz" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(request.Out, file)),
                File.ReadAllBytes(Path.Combine(_folder.File("spilled"), file)));
    }

    [Theory]
    [InlineData("wanda")]
    [InlineData("admm")]
    public void Execute_DenseShareStoppedAndResumed_ChoosesOnceAndGivesTheSameBytes(string method)
    {
        PruneRequest request = Request(method) with { DenseShare = 0.2 };
        RunRecord whole = PruneRun.Execute(request with { Out = _folder.File("whole") }, null, null, TestContext.Current.CancellationToken);
        using CancellationTokenSource stop = new();
        Phases phases = new();

        Assert.ThrowsAny<OperationCanceledException>(() => PruneRun.Execute(request, new StopAfter(1, stop), null, stop.Token));
        RunRecord resumed = PruneRun.Execute(request with { Resume = true }, phases, null, TestContext.Current.CancellationToken);

        Assert.DoesNotContain("choosing what stays dense", phases.Seen);
        Assert.NotEmpty(whole.Figures["dense_layers"]!.AsArray());
        Assert.Equal(whole.Figures["dense_layers"]!.ToJsonString(), resumed.Figures["dense_layers"]!.ToJsonString());
        foreach (string file in method == "admm" ? ["mask.npz", "model/model.safetensors"] : new[] { "mask.npz" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(_folder.File("whole"), file)), File.ReadAllBytes(Path.Combine(request.Out, file)));
        string message = Assert.Throws<ArgumentException>(() => PruneRun.Execute(
            request with { Out = _folder.File("whole"), Resume = true, DenseShare = 0.1 }, null, null,
            TestContext.Current.CancellationToken)).Message;
        Assert.Contains("complete", message, StringComparison.Ordinal);
    }

    /// <summary>The layers that stay have their weights to the bit, and the packed file computes what the framework does.</summary>
    [Fact]
    public void Execute_DenseShare_LeavesTheseLayersAsTheyAreAndRunsPacked()
    {
        PruneRequest request = Request("admm") with { DenseShare = 0.2 };

        RunRecord record = PruneRun.Execute(request, null, null, TestContext.Current.CancellationToken);

        string[] dense = [.. record.Figures["dense_layers"]!.AsArray().Select(name => (string)name!)];
        string target = Path.Combine(request.Out, "model"), packed = _folder.File("packed.maskllm");
        IReadOnlyDictionary<string, Mask> masks = CheckpointMasks.Read(Path.Combine(request.Out, "mask.npz"), request.Model);
        using DisposeScope scope = NewDisposeScope();
        using Decoder before = Checkpoint.Load(request.Model), after = Checkpoint.Load(target);
        foreach ((LinearLayer old, LinearLayer now) in before.Linears.Zip(after.Linears))
            Assert.Equal((dense.Contains(old.Name), dense.Contains(old.Name)),
                (!masks.ContainsKey(old.Name), TensorFile.MaxDifference(old.Weight, now.Weight) == 0));
        RuntimeExport.Write(target, masks, WeightType.Float32, packed, null, TestContext.Current.CancellationToken);
        using RuntimeModel runtime = RuntimeModel.Open(packed);
        Assert.Equal((masks.Count, masks.Count + dense.Length), (runtime.SparseLayers, runtime.LinearLayers));
        long[] ids = [.. Enumerable.Range(0, 24).Select(i => (long)(i * 7 % 128))];
        float[] logits = TensorBytes.Floats(after.Forward(tensor(ids).view(1, -1)).contiguous()).ToArray();
        Assert.True(RuntimeFiles.RelativeDifference(RuntimeFiles.Logits(runtime, [ids], 24), logits) < 1e-4);
    }

    /// <summary>Masks and weights are those of pruning the model in the new order, which lies beside them; a run that goes on does not
    /// search again, and one without an order leaves no older one there.</summary>
    [Theory]
    [InlineData("wanda")]
    [InlineData("admm")]
    public void Execute_PermuteStoppedAndResumed_IsPruningInTheNewOrder(string method)
    {
        PruneRequest request = Request(method) with { Permute = true };
        using CancellationTokenSource stop = new();
        Assert.ThrowsAny<OperationCanceledException>(() => PruneRun.Execute(request, new StopAfter(1, stop), null, stop.Token));
        Phases phases = new();

        RunRecord record = PruneRun.Execute(request with { Resume = true }, phases, null, TestContext.Current.CancellationToken);

        Assert.DoesNotContain("order of channels", phases.Seen);
        Assert.Equal((true, RecordedPath.Of(request.Model)), ((bool)record.Options["permute"]!, (string?)record.Options["model"]));
        string permuted = Path.Combine(request.Out, "permuted"), alone = _folder.File("alone");
        Assert.NotEqual(File.ReadAllBytes(Path.Combine(request.Model, "model.safetensors")),
            File.ReadAllBytes(Path.Combine(permuted, "model.safetensors")));
        PruneRequest plain = request with { Model = permuted, Out = alone, Permute = false };
        PruneRun.Execute(plain, null, null, TestContext.Current.CancellationToken);
        foreach (string file in method == "admm" ? ["mask.npz", "model/model.safetensors"] : new[] { "mask.npz" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(alone, file)), File.ReadAllBytes(Path.Combine(request.Out, file)));
        string card = File.ReadAllText(Path.Combine(request.Out, "README.md"));
        Assert.Contains("--permute", card, StringComparison.Ordinal);
        Assert.Contains("no mask of the original", card, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(request.Out, "model", "run.json")));
        // The mask fits the original's shapes, and is refused there by name.
        string mask = Path.Combine(request.Out, "mask.npz");
        Assert.NotEmpty(CheckpointMasks.Read(mask, permuted));
        Assert.StartsWith($"{mask}: the mask is of {permuted}", Assert.Throws<InvalidDataException>(() =>
            CheckpointMasks.Read(mask, request.Model)).Message, StringComparison.Ordinal);
        string left = Assert.Throws<ArgumentException>(() => PruneRun.Execute(request with { Permute = false, Force = true }, null, null,
            TestContext.Current.CancellationToken)).Message;
        Assert.Contains("holds the model in the order of an earlier run", left, StringComparison.Ordinal);
    }

    /// <summary>What is refused is refused before an earlier run is replaced, and before anything is written.</summary>
    [Fact]
    public void Execute_PermuteThatIsRefused_LeavesWhatIsThere()
    {
        PruneRequest request = Request("wanda");
        PruneRun.Execute(request, null, null, TestContext.Current.CancellationToken);
        string[] before = [.. Directory.EnumerateFileSystemEntries(request.Out).Order(StringComparer.Ordinal)];
        PruneRequest permuting = request with { Permute = true, Force = true, Skip = ["*"] };
        Assert.Throws<ArgumentException>(() => PruneRun.Execute(permuting, null, null, TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentException>(() => PruneRun.Execute(permuting with { Skip = [], SequenceLength = 1 << 20 }, null, null,
            TestContext.Current.CancellationToken));
        Assert.Equal(before, Directory.EnumerateFileSystemEntries(request.Out).Order(StringComparer.Ordinal));
        string fresh = _folder.File("fresh");
        Assert.Throws<ArgumentException>(() => PruneRun.Execute(permuting with { Out = fresh, Force = false }, null, null,
            TestContext.Current.CancellationToken));
        Assert.False(Directory.Exists(fresh));
    }

    [Fact]
    public void Execute_DenseShareBesideSkip_NamesAllThatHaveNoMask()
    {
        RunRecord record = PruneRun.Execute(Request("wanda") with { DenseShare = 0.2, Skip = ["*down_proj*"] }, null, null,
            TestContext.Current.CancellationToken);
        string[] dense = [.. record.Figures["dense_layers"]!.AsArray().Select(name => (string)name!)];
        Assert.NotEmpty(dense);
        string[] skipped = ["model.layers.0.mlp.down_proj.weight", "model.layers.1.mlp.down_proj.weight"];
        Assert.Equal(dense.Concat(skipped).Order(StringComparer.Ordinal),
            record.Figures["unmasked_layers"]!.AsArray().Select(name => (string)name!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Execute_PermuteWithAMaskOrWithoutData_IsRefused()
    {
        PruneRequest request = Request("wanda") with { Permute = true };
        string mask = _folder.File("some.npz");
        Assert.Contains("is of the order that the channels have", Refused(
            request with { Mask = mask, Method = "admm", UpdateWeights = WeightUpdate.Exact }), StringComparison.Ordinal);
        Assert.StartsWith("`Permute` looks at activations", Refused(request with { Method = "magnitude", Data = null }),
            StringComparison.Ordinal);

        static string Refused(PruneRequest request) => Assert.Throws<ArgumentException>(() =>
            PruneRun.Execute(request, cancellation: TestContext.Current.CancellationToken)).Message;
    }

    [Fact]
    public void Execute_ResumedWithOtherOptions_NamesTheOption()
    {
        PruneRequest request = Request("wanda");
        using CancellationTokenSource stop = new();
        Assert.ThrowsAny<OperationCanceledException>(() => PruneRun.Execute(request, new StopAfter(1, stop), null, stop.Token));

        string message = Assert.Throws<ArgumentException>(() =>
            PruneRun.Execute(request with { Resume = true, Method = "ria" }, null, null, TestContext.Current.CancellationToken)).Message;

        Assert.Contains("started with method \"wanda\", now it is \"ria\"", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama-gqa-tied")]
    [InlineData("llama-bf16-sharded")]
    [InlineData("llama-f16")]
    public void Execute_UpdatedWeights_WritesACheckpointThatIsNm(string name)
    {
        PruneRequest request = Request("sparsegpt", name) with { UpdateWeights = WeightUpdate.Own };

        PruneRun.Execute(request, null, null, TestContext.Current.CancellationToken);

        using DisposeScope scope = NewDisposeScope();
        string target = Path.Combine(request.Out, "model");
        IReadOnlyDictionary<string, Mask> masks = MaskNpz.Read(Path.Combine(request.Out, "mask.npz"),
            CheckpointConfig.LinearShapes(target));
        using Decoder before = Checkpoint.Load(request.Model), after = Checkpoint.Load(target);
        foreach ((LinearLayer old, LinearLayer updated) in before.Linears.Zip(after.Linears))
        {
            Tensor kept = MaskTensors.ToTensor(masks[old.Name], CPU);
            Assert.Equal(0, (updated.Weight * (1 - kept)).abs().max().item<float>());
            Assert.InRange(((updated.Weight - old.Weight) * kept).abs().max().item<float>(), 1e-4, 1);
        }
        Assert.Equal(0, TensorFile.MaxDifference(before.Parameters["model.embed_tokens.weight"],
            after.Parameters["model.embed_tokens.weight"]));
    }

    private static WeightUpdate Update(string method, bool update) => !update ? WeightUpdate.None
        : method == "sparsegpt" ? WeightUpdate.Own : WeightUpdate.Exact;

    private PruneRequest Request(string method, string model = "llama-gqa-tied")
    {
        Random random = new(5);
        string text = _data.WriteNpy("ids.npy", "<i4", "10, 24",
            [.. Enumerable.Range(0, 240).SelectMany(_ => BitConverter.GetBytes(random.Next(128)))]);
        return new()
        {
            Model = Fixture.PathOf("models/" + model),
            Method = method,
            Out = _folder.File("run"),
            Data = new CorpusOptions { Sources = [new DataSource(text)] }
        };
    }

    private sealed class StopAfter(int blocks, CancellationTokenSource stop) : IProgress<Progress>
    {
        public void Report(Progress value)
        {
            if (value.Phase.StartsWith("pruning", StringComparison.Ordinal)
                && value.Detail!.StartsWith($"block {blocks}/", StringComparison.Ordinal)) stop.Cancel();
        }
    }

    private sealed class Phases : IProgress<Progress>
    {
        internal HashSet<string> Seen { get; } = [];

        public void Report(Progress value) => Seen.Add(value.Phase);
    }

    private sealed class Done(List<string> blocks) : IProgress<Progress>
    {
        public void Report(Progress value)
        {
            if (value.Phase.StartsWith("pruning", StringComparison.Ordinal) && !blocks.Contains(value.Detail!)) blocks.Add(value.Detail!);
        }
    }
}
