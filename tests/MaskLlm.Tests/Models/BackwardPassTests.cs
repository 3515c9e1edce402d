using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Models;

[Collection(TorchTests.Name)]
public class BackwardPassTests
{
    private const string Tied = "llama-gqa-tied";
    private const double Scale = 0.25;

    // 5 does not divide the 34 tokens of the batch; 64 is all of them.
    public static MatrixTheoryData<string, bool, int> Cases() =>
        new([Tied, "llama-bias", "qwen3", "mistral-sliding", "bloom", "gptj"], [false, true], [5, 64]);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Run_AllParameters_GivesLossAndGradientsOfTheWholeGraph(string name, bool checkpointed, int chunkTokens)
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Load(name);
        foreach (Tensor parameter in model.Parameters.Values) parameter.requires_grad_();
        (Tensor inputs, Tensor targets) = Batch();
        double expectedLoss = WholeGraph(model, inputs, targets);
        Dictionary<string, Tensor> expected = TakeGradients(model.Parameters);

        double loss = BackwardPass.Run(model, inputs, targets, Scale, checkpointed, chunkTokens: chunkTokens);

        Assert.Equal(expectedLoss, loss, 1e-5);
        RequireEqual(expected, TakeGradients(model.Parameters));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Run_Teacher_GivesLossAndGradientsOfItsFormula(string name, bool checkpointed, int chunkTokens)
    {
        const double share = 0.7;
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Load(name);
        (Tensor inputs, Tensor targets) = Batch();
        Teacher teacher = new(new Predictions(model.Hidden(inputs).mul(0.5), share));
        Tensor probabilities = nn.functional.softmax(model.Head.Call(teacher.Predictions.Hidden), dim: -1);
        foreach (LinearLayer layer in model.Linears) layer.Weight.requires_grad_();
        Tensor logarithms = nn.functional.log_softmax(model.Forward(inputs), dim: -1);
        Tensor divergence = probabilities.mul(probabilities.log() - logarithms).sum(-1).mean();
        Tensor crossEntropy = -logarithms.gather(2, targets.unsqueeze(-1)).mean();
        Tensor expectedLoss = (1 - share) * crossEntropy + share * divergence;
        (expectedLoss * Scale).backward();
        Dictionary<string, Tensor> weights = model.Linears.ToDictionary(layer => layer.Name, layer => layer.Weight),
            expected = TakeGradients(weights);

        double loss = BackwardPass.Run(model, inputs, targets, Scale, checkpointed, chunkTokens: chunkTokens, teacher: teacher);

        Assert.Equal(expectedLoss.item<float>(), loss, 1e-5);
        RequireEqual(expected, TakeGradients(weights));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_Twice_AddsTheGradients(bool checkpointed)
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Load(Tied);
        foreach (Tensor parameter in model.Parameters.Values) parameter.requires_grad_();
        (Tensor inputs, Tensor targets) = Batch();
        BackwardPass.Run(model, inputs, targets, 2 * Scale, checkpointed);
        Dictionary<string, Tensor> once = TakeGradients(model.Parameters);

        for (int i = 0; i < 2; i++) BackwardPass.Run(model, inputs, targets, Scale, checkpointed);

        RequireEqual(once, TakeGradients(model.Parameters));
    }

    /// <summary>gamma times the mean over blocks of the squared error, each over what its dense block adds.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_TeacherWithStates_GivesGradientsOfItsFormula(bool checkpointed)
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Load(Tied);
        (Tensor inputs, Tensor targets) = Batch();
        BlockStates states = OtherStates(model, inputs);
        Teacher teacher = new(new Predictions(model.Hidden(inputs).mul(0.5), 0), states, 0.5);
        foreach (LinearLayer layer in model.Linears) layer.Weight.requires_grad_();
        Tensor hidden = model.Embed(inputs), total = DecoderLoss.Of(model, inputs, targets);
        double expectedLoss = total.item<float>();
        for (int block = 0; block < 2; block++)
        {
            hidden = model.RunBlock(block, hidden);
            total += 0.5 / 2 * Error(states, block, hidden);
        }
        (total * Scale).backward();
        Dictionary<string, Tensor> weights = model.Linears.ToDictionary(layer => layer.Name, layer => layer.Weight),
            expected = TakeGradients(weights);

        double loss = BackwardPass.Run(model, inputs, targets, Scale, checkpointed, teacher: teacher);

        Assert.Equal(expectedLoss, loss, 1e-5);
        RequireEqual(expected, TakeGradients(weights));
    }

    [Fact]
    public void Backward_BlocksOnTheirOwn_GiveTheMeanErrorAndEachItsGradient()
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Load(Tied);
        (Tensor inputs, _) = Batch();
        BlockStates states = OtherStates(model, inputs);
        foreach (LinearLayer layer in model.Linears) layer.Weight.requires_grad_();
        Tensor[] errors = [.. Enumerable.Range(0, 2).Select(block => Error(states, block, model.RunBlock(block, states.Values[block])))];
        ((errors[0] + errors[1]) * Scale).backward();
        Dictionary<string, Tensor> weights = model.Linears.ToDictionary(layer => layer.Name, layer => layer.Weight),
            expected = TakeGradients(weights);
        List<int> entered = [];

        double error = BlockReconstruction.Backward(model, states, Scale, block =>
        {
            entered.Add(block);
            return enable_grad(is_grad_enabled());
        });

        Assert.Equal((errors[0].item<float>() + errors[1].item<float>()) / 2, error, 1e-5);
        Assert.Equal([0, 1], entered);
        RequireEqual(expected, TakeGradients(weights));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    [InlineData(2)]
    public void RunInParts_AnySize_GivesLossAndGradientsOfTheWholeBatch(int? micro)
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Load(Tied);
        (Tensor inputs, Tensor targets) = TokenBatch.Split([.. Enumerable.Range(0, 4 * 9).Select(i => i * 37 % 128)], 4, CPU);
        Teacher teacher = new(new Predictions(model.Hidden(inputs).mul(0.5), 0.7));
        foreach (LinearLayer layer in model.Linears) layer.Weight.requires_grad_();
        Dictionary<string, Tensor> weights = model.Linears.ToDictionary(layer => layer.Name, layer => layer.Weight);
        double expectedLoss = BackwardPass.Run(model, inputs, targets, 1, false, teacher: teacher);
        Dictionary<string, Tensor> expected = TakeGradients(weights);

        double loss = BackwardPass.RunInParts(model, inputs, targets, micro, checkpointActivations: false, teacher: teacher);

        Assert.Equal(expectedLoss, loss, 1e-5);
        RequireEqual(expected, TakeGradients(weights));
    }

    [Fact]
    public void Run_EnterBlock_UsesItsWeightsInBothRunsOfEveryBlock()
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Load(Tied);
        (Tensor inputs, Tensor targets) = Batch();
        Dictionary<string, Tensor> dense = model.Linears.ToDictionary(layer => layer.Name, layer => layer.Weight);
        WeightLoan[] loans = [.. model.Linears.Select(layer => layer.Lend((dense[layer.Name] * 0.5).requires_grad_()))];
        double expectedLoss = WholeGraph(model, inputs, targets);
        Dictionary<string, Tensor> expected = TakeGradients(model.Linears.ToDictionary(layer => layer.Name, layer => layer.Weight));
        foreach (WeightLoan loan in loans) loan.Dispose();
        Assert.All(model.Linears, layer => Assert.Same(dense[layer.Name], layer.Weight));
        Dictionary<string, Tensor> found = [];
        List<string> calls = [];

        double loss = BackwardPass.Run(model, inputs, targets, Scale, checkpointActivations: true, block =>
            new HalvedWeights(model, block, calls, found));

        Assert.Equal(expectedLoss, loss, 1e-5);
        Assert.Equal(["enter 0", "leave 0", "enter 1", "leave 1", "enter 1", "leave 1", "enter 0", "leave 0"], calls);
        RequireEqual(expected, found);
        Assert.All(model.Linears, layer => Assert.Same(dense[layer.Name], layer.Weight));
    }

    [Fact]
    public void Run_GradientInTheLastBlockOnly_RunsNoOtherBlockAgain()
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Load(Tied);
        (Tensor inputs, Tensor targets) = Batch();
        Tensor only = model.BlockLinears(1)[0].Weight.requires_grad_();
        WholeGraph(model, inputs, targets);
        Dictionary<string, Tensor> expected = TakeGradients(new Dictionary<string, Tensor> { ["only"] = only });
        List<int> entered = [];

        BackwardPass.Run(model, inputs, targets, Scale, checkpointActivations: true, block =>
        {
            entered.Add(block);
            return enable_grad(is_grad_enabled());
        });

        Assert.Equal([0, 1, 1], entered);
        RequireEqual(expected, TakeGradients(new Dictionary<string, Tensor> { ["only"] = only }));
    }

    /// <summary>A norm between the embedding and the blocks gets its gradient where the embedding wants none.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_NormOfTheEmbeddingAlone_GetsItsGradient(bool checkpointed)
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder model = Load("bloom");
        Dictionary<string, Tensor> norm = model.Parameters
            .Where(parameter => parameter.Key.Contains("word_embeddings_layernorm", StringComparison.Ordinal))
            .ToDictionary(parameter => parameter.Key, parameter => parameter.Value.requires_grad_());
        (Tensor inputs, Tensor targets) = Batch();
        WholeGraph(model, inputs, targets);
        Dictionary<string, Tensor> expected = TakeGradients(norm);

        BackwardPass.Run(model, inputs, targets, Scale, checkpointed, chunkTokens: 64);

        Assert.Equal(2, expected.Count);
        RequireEqual(expected, TakeGradients(norm));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_ManyTimes_LeavesNoTensorBehind(bool checkpointed)
    {
        using Decoder model = Load(Tied);
        foreach (Tensor parameter in model.Parameters.Values) parameter.requires_grad_();
        (Tensor inputs, Tensor targets) = Batch();
        BackwardPass.Run(model, inputs, targets, Scale, checkpointed, chunkTokens: 5);
        // Tensors that earlier tests dropped must not be counted, whenever they are finalized.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long live = Tensor.TotalCount;

        for (int i = 0; i < 100; i++) BackwardPass.Run(model, inputs, targets, Scale, checkpointed, chunkTokens: 5);

        Assert.Equal(live, Tensor.TotalCount);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_BFloat16_IsNearFloat32(bool checkpointed)
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder wide = Load("llama-bf16-sharded");
        using Decoder narrow = Checkpoint.Load(Fixture.PathOf("models/llama-bf16-sharded"), compute: ScalarType.BFloat16,
            keepBFloat16: true);
        (Tensor inputs, Tensor targets) = Batch();
        foreach (LinearLayer layer in wide.Linears.Concat(narrow.Linears)) layer.Weight.requires_grad_();

        double expected = BackwardPass.Run(wide, inputs, targets, Scale, checkpointed),
            found = BackwardPass.Run(narrow, inputs, targets, Scale, checkpointed);

        Assert.Equal(expected, found, 2e-2 * expected);
        foreach ((LinearLayer a, LinearLayer b) in wide.Linears.Zip(narrow.Linears))
        {
            Assert.Equal(ScalarType.BFloat16, b.Weight.grad!.dtype);
            double difference = (a.Weight.grad! - b.Weight.grad!).norm().item<float>();
            Assert.True(difference < 5e-2 * a.Weight.grad!.norm().item<float>(), a.Name);
        }
    }

    [Theory]
    [InlineData(49152, 341)]
    [InlineData(128256, 130)]
    [InlineData(10_000_000, 64)]
    public void ChunkTokens_Vocabulary_FillsAChunkButNotLess(int vocabularySize, int expected) =>
        Assert.Equal(expected, VocabularyLoss.ChunkTokens(vocabularySize));

    private static Decoder Load(string name) => Checkpoint.Load(Fixture.PathOf($"models/{name}"));

    // 17 tokens are more than the window of mistral-sliding.
    private static (Tensor Inputs, Tensor Targets) Batch() =>
        TokenBatch.Split([.. Enumerable.Range(0, 2 * 18).Select(i => i * 37 % 128)], 2, CPU);

    // Of no model at all: the dense states would have no error.
    private static BlockStates OtherStates(Decoder model, Tensor inputs) =>
        new([.. BlockStates.Of(model, inputs).Values.Select((state, i) => state.mul(1 + 0.25 * i))]);

    private static Tensor Error(BlockStates states, int block, Tensor output) =>
        (output - states.Values[block + 1]).square().sum() / (states.Values[block + 1] - states.Values[block]).square().sum();

    private static double WholeGraph(Decoder model, Tensor inputs, Tensor targets)
    {
        Tensor loss = DecoderLoss.Of(model, inputs, targets);
        (loss * Scale).backward();
        return loss.item<float>();
    }

    private static Dictionary<string, Tensor> TakeGradients(IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        Dictionary<string, Tensor> gradients = [];
        foreach ((string name, Tensor tensor) in tensors)
        {
            gradients[name] = tensor.grad!.clone();
            tensor.grad!.zero_();
        }
        return gradients;
    }

    private static void RequireEqual(Dictionary<string, Tensor> expected, Dictionary<string, Tensor> found)
    {
        Assert.Equal(expected.Keys.Order(), found.Keys.Order());
        foreach ((string name, Tensor gradient) in expected)
            Assert.True(TensorFile.MaxDifference(gradient, found[name]) <= 1e-6 + 1e-5 * gradient.abs().max().item<float>(), name);
    }

    /// <summary>New tensors of half the weights in a block's layers; their gradients are taken when it is left.</summary>
    private sealed class HalvedWeights : IDisposable
    {
        private readonly List<WeightLoan> _loans = [];
        private readonly Dictionary<string, Tensor> _gradients;
        private readonly List<string> _calls;
        private readonly int _block;

        internal HalvedWeights(Decoder model, int block, List<string> calls, Dictionary<string, Tensor> gradients)
        {
            (_block, _calls, _gradients) = (block, calls, gradients);
            calls.Add($"enter {block}");
            using IDisposable noGradient = no_grad();
            foreach (LinearLayer layer in model.BlockLinears(block))
                _loans.Add(layer.Lend((layer.Weight * 0.5).requires_grad_()));
        }

        public void Dispose()
        {
            _calls.Add($"leave {_block}");
            foreach (WeightLoan loan in _loans)
            {
                if (loan.Weight.grad is { } gradient) _gradients.Add(loan.Layer.Name, gradient.clone().DetachFromDisposeScope());
                loan.Dispose();
            }
        }
    }
}
