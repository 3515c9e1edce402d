using System.Text.Json.Nodes;
using MaskLlm.Data;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using MaskLlm.Runs;

namespace MaskLlm.Tests.Priors;

/// <summary>Every figure and word that one-shot pruning and merging report.</summary>
[Collection(TorchTests.Name)]
public sealed class PruneReportsTests
{
    private static readonly PruneRequest Request = new()
    {
        Model = "/models/some",
        Method = "wanda",
        Out = "/my runs/it's",
        Data = new CorpusOptions { Sources = [new DataSource("a.txt", 0.25), new DataSource("b c.txt")], DocumentSeparator = "\n\n" },
        Seed = 5,
        SequenceLength = 64,
        Skip = ["*.k_proj.weight"],
    };

    private static readonly RunDensity Whole = new(0.5, 0, [], []),
        Dense = new(0.625, 0.25, ["a.k", "b.k"], ["a.k", "b.k", "c"]);

    private static readonly KindDensity[] Densities = [new("self_attn.q_proj", 2, 2, 0.5), new("mlp.up_proj", 2, 1, 0.75)];

    [Fact]
    public void Card_MaskAlone_HasTheCommandThatMadeIt() => Assert.Equal("""
        # 2:4 mask for some

        One-shot pruning with maskllm, method `wanda`: 2 of every 4 neighbours in a row stay. `mask.npz` holds one bit a weight of every masked layer; the weights themselves are unchanged, embedding and head stay dense.

        | kind of layer | masked | density |
        |---|---|---|
        | self_attn.q_proj | 2 of 2 | 50.00 % |
        | mlp.up_proj | 1 of 2 | 75.00 % |

        Made by:

        ```
        maskllm prune /models/some --method wanda --pattern 2:4 --data a.txt:0.25 'b c.txt' --document-separator '\n\n' --samples 128 --seq-len 64 --seed 5 --out '/my runs/it'\''s' --skip '*.k_proj.weight'
        ```

        No perplexity was measured: `maskllm eval MODEL --mask mask.npz --data TEXT` does. Every option, version and input hash is in `run.json`.

        """, Card(Request));

    [Fact]
    public void Card_UpdatedWeights_SaysThatTheMaskAloneIsAnotherThing()
    {
        string card = Card(Request with
        {
            Method = "sparsegpt",
            UpdateWeights = WeightUpdate.Own,
            Data = null,
            Skip = [],
            Pattern = new NmPattern(1, 4),
            Out = "out"
        });
        Assert.Contains("method `sparsegpt`: 1 of every 4 neighbours", card, StringComparison.Ordinal);
        Assert.Contains("and `model` the checkpoint: its weights make up for those that are gone", card, StringComparison.Ordinal);
        Assert.Contains("\nmaskllm prune /models/some --method sparsegpt --pattern 1:4 --update-weights own --out out\n", card,
            StringComparison.Ordinal);
        Assert.Contains("`maskllm eval model --data TEXT` does.", card, StringComparison.Ordinal);
    }

    [Fact]
    public void Card_LayersLeftDense_SaysTheDensityAndIsNotCalledByThePattern()
    {
        string card = Card(Request with { DenseShare = 0.3 }, Dense);
        Assert.StartsWith("# Mask of density 62.50 % for some\n", card, StringComparison.Ordinal);
        Assert.Contains("2 of every 4 neighbours in a row stay. This holds in all layers but 2, 25.00 % of the weights, which stay dense as "
            + "their pruning would cost most (budget 30.00 %: `a.k`, `b.k`); 62.50 % of the weights of the blocks are kept in all. "
            + "`mask.npz`", card, StringComparison.Ordinal);
        Assert.Contains(" --skip '*.k_proj.weight' --dense-share 0.3\n", card, StringComparison.Ordinal);
        Assert.DoesNotContain("2:4 mask", card, StringComparison.Ordinal);
    }

    [Fact]
    public void KindDensity_LayersWithAndWithoutMasks_CountsBoth()
    {
        using Decoder model = Checkpoint.Load(Fixture.PathOf("models/llama-gqa-tied"));
        Dictionary<string, Mask> masks = model.Linears.Where(layer => layer.Name.Contains("q_proj", StringComparison.Ordinal)
            || layer.Name.Contains("0.mlp.up", StringComparison.Ordinal))
            .ToDictionary(layer => layer.Name, layer => Magnitude.Prune(layer.Weight, new NmPattern(1, 4)));

        IReadOnlyList<KindDensity> kinds = KindDensity.Of(model, masks);

        Assert.Equal(
            ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj",
                "mlp.down_proj"], kinds.Select(kind => kind.Kind));
        Assert.Equal(new KindDensity("self_attn.q_proj", 2, 2, 0.25), kinds[0]);
        Assert.Equal(new KindDensity("self_attn.k_proj", 2, 0, 1), kinds[1]);
        Assert.Equal(new KindDensity("mlp.up_proj", 2, 1, 0.625), kinds[5]);
    }

    /// <summary>Inputs of 32, 32, 32 and 64 wide: their second moments, six matrices of the widest, and the hidden states twice.</summary>
    [Fact]
    public void MemoryBytes_Method_IsItsStatisticsAndTwiceTheHiddenStates()
    {
        using Decoder model = Checkpoint.Load(Fixture.PathOf("models/llama-gqa-tied"));
        PruneMethod sparseGpt = new("sparsegpt", NmPattern.TwoOfFour);
        Assert.Equal(4L * (3 * 32 * 32 + 64 * 64 + 6 * 64 * 64), BlockwisePruner.MemoryBytes(model, sparseGpt, 0));
        Assert.Equal(4L * (3 * 32 * 32 + 64 * 64 + 6 * 64 * 64) + 2000, BlockwisePruner.MemoryBytes(model, sparseGpt, 1000));
        Assert.Equal(2000, BlockwisePruner.MemoryBytes(model, new PruneMethod("wanda", NmPattern.TwoOfFour), 1000));
        // Of one input, products in both models, of all and of what is held out; the factorisation; a trained block six times.
        PruneMethod admm = new("admm", NmPattern.TwoOfFour);
        Assert.Equal(4L * (4 + 6) * 64 * 64 + 4000, BlockwisePruner.MemoryBytes(model, admm, 1000));
        long weights = model.Blocks[0].Linears.Sum(layer => (long)layer.Rows * layer.Columns);
        Assert.Equal(BlockwisePruner.MemoryBytes(model, admm, 1000) + 4 * 6 * weights,
            BlockwisePruner.MemoryBytes(model, admm with { TrainsBlocks = true }, 1000));
        Assert.Equal(3L * 16 * 32 * 4, HiddenStates.BytesOf(32, [new int[16], new int[16], new int[16]]));
    }

    [Fact]
    public void RequireMemory_MoreThanThereIs_NamesMethodAndCalibration()
    {
        using Decoder model = Checkpoint.Load(Fixture.PathOf("models/llama-gqa-tied"));
        string message = Assert.Throws<InsufficientMemoryException>(() =>
            BlockwisePruner.RequireMemory(model, new PruneMethod("wanda", NmPattern.TwoOfFour), [new int[16], new int[16]],
                long.MaxValue / 4, "`Method`", "lower `Samples`")).Message;
        Assert.StartsWith("`Method` wanda with 2 sequences of 16 needs about 4611686018.4 GB", message, StringComparison.Ordinal);
        Assert.EndsWith("; lower `Samples`.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Record_Calibration_CountsItsTokens()
    {
        // Three sequences, two of them the same.
        Calibration calibration = new([[.. Enumerable.Repeat(1, 16)], new int[16], new int[16]],
            [new CorpusSource("a.txt", 1, 480, 0, 1, "hash")]);
        Dictionary<string, Mask> masks = new() { ["a"] = Mask.FromBytes(2, 4, new byte[8]), ["b"] = Mask.FromBytes(3, 8, new byte[24]) };

        RunRecord record = PruneRecord.Create(Request, new JsonObject { ["x"] = 1 }, new JsonObject { ["y"] = "z" }, masks, Dense,
            calibration, 2);

        Assert.Equal((5UL, "plain"), (record.Seed, record.Kernel));
        JsonObject figures = record.Figures;
        Assert.Equal(
            ["tokens", "different_samples", "sources", "seconds", "tokens_per_second", "masked_weights", "density",
                "dense_layers", "unmasked_layers", "peak_memory_bytes", "first_loss",
                "final_loss", "perplexity"], figures.Select(pair => pair.Key));
        Assert.Equal((32L, 2, 2.0, 24.0, 32L),
            ((long)figures["tokens"]!, (int)figures["different_samples"]!, (double)figures["seconds"]!,
            (double)figures["tokens_per_second"]!, (long)figures["masked_weights"]!));
        Assert.Equal((0.625, """["a.k","b.k"]"""), ((double)figures["density"]!, figures["dense_layers"]!.ToJsonString()));
        Assert.Equal("""["a.k","b.k","c"]""", figures["unmasked_layers"]!.ToJsonString());
        Assert.Equal("""{"dense":null,"prior":null,"learned":null}""", figures["perplexity"]!.ToJsonString());
        Assert.Equal(0, (long)PruneRecord.Create(Request, [], [], masks, Whole, null, 2).Figures["tokens"]!);
    }

    [Fact]
    public void Options_Run_AreNamedAsOnTheCommandLine()
    {
        Calibration calibration = new([new int[16], new int[16]], [new CorpusSource("a.txt", 1, 480, 0, 1, "hash")]);
        JsonObject options = PruneRecord.Options(Request with { HiddenMemoryBytes = 3L << 20 }, calibration);
        Assert.Equal(
            Json("""
            {"model":"/models/some","method":"wanda","mask":null,"data":["a.txt:1"],"document-separator":"\n\n","text-column":"text","samples":2,"seq-len":16,"min-expert-tokens":256,"seed":5,"pattern":"2:4","update-weights":"none","blockwise":true,"permute":false,
            "skip":["*.k_proj.weight"],"dense-share":0,"hidden-memory":3}
            """),
            options.ToJsonString());
        JsonObject decisive = PruneRecord.Decisive(options, new JsonObject { ["f"] = "h" }, calibration.Sequences);
        Assert.False(decisive.ContainsKey("hidden-memory"));
        Assert.Equal("h", (string?)decisive["inputs"]!["f"]);
        Assert.NotEqual((string?)decisive["calibration"],
            (string?)PruneRecord.Decisive(options, [], [new int[16], [.. Enumerable.Repeat(1, 16)]])["calibration"]);
        JsonObject without = PruneRecord.Options(Request with { Data = null }, null);
        Assert.Equal([null, null, null, null], new[] { "data", "document-separator", "samples", "seq-len" }.Select(name => without[name]));
    }

    [Fact]
    public void MergeReport_ToJson_HasEveryFigure() => Assert.Equal(
        """{"out":"o.npz","pattern":"2:4","tensors":3,"groups":100,"unanimous_groups":40,"inputs":[{"path":"a","equal_groups":90,"equal_bits":0.95},{"path":"b","equal_groups":60,"equal_bits":0.8}]}""",
        new MergeReport("o.npz", NmPattern.TwoOfFour, 3, 100, 40,
            [("a", new MaskAgreement(100, 90, 0.95)), ("b", new MaskAgreement(100, 60, 0.8))]).ToJson().ToJsonString());

    private static string Card(PruneRequest request, RunDensity? kept = null)
    {
        using TemporaryFolder folder = new();
        PruneCard.Write(folder.File("README.md"), request, Densities, kept ?? Whole);
        return File.ReadAllText(folder.File("README.md"));
    }

    // Without the white space.
    private static string Json(string text) => JsonNode.Parse(text)!.ToJsonString();
}
