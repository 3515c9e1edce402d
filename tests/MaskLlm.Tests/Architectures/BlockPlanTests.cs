using MaskLlm.Architectures;
using MaskLlm.Formats.Safetensors;

namespace MaskLlm.Tests.Architectures;

/// <summary>The plan of a family takes each row of each tensor once, and its tensors are those of the original program's file.</summary>
public sealed class BlockPlanTests
{
    /// <summary>All checkpoints of the original program.</summary>
    public static TheoryData<string> Checkpoints =>
        [.. Directory.GetDirectories(Fixture.PathOf("models")).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public void Slices_OfATensor_TakeEveryRowOnce(string name)
    {
        DecoderConfig config = CheckpointConfig.Read(Fixture.PathOf($"models/{name}"));
        for (int block = 0; block < config.BlockCount; block++)
        {
            BlockPlan plan = BlockPlan.Of(config, block);
            Dictionary<LinearTensor, List<int>> rows = [];
            foreach (LinearSlice slice in plan.Slices)
            {
                if (!rows.TryGetValue(slice.Tensor, out List<int>? taken)) rows.Add(slice.Tensor, taken = []);
                taken.AddRange(Enumerable.Range(0, slice.Rows).Select(slice.TensorRow));
            }
            Assert.Equal(rows.Keys.ToHashSet(), plan.Tensors().ToHashSet());
            Assert.All(rows, pair => Assert.Equal(Enumerable.Range(0, pair.Key.Rows), pair.Value.Order()));
            Assert.Equal(plan.Slices.Count, plan.Slices.Select(slice => slice.Name).Distinct().Count());
        }
    }

    /// <summary>Layers that share the order of their channels have as many of them; values are repeated by head.</summary>
    [Theory]
    [MemberData(nameof(Checkpoints))]
    public void Channels_OfEveryMatrix_AreAsManyAsTheirKindHas(string name)
    {
        DecoderConfig config = CheckpointConfig.Read(Fixture.PathOf($"models/{name}"));
        int queries = config.HeadCount * config.HeadSize, keys = config.KeyValueHeadCount * config.PlainKeySize;
        for (int block = 0; block < config.BlockCount; block++)
        {
            int Mlp(LinearSlice slice) => config.ExpertsOf(block) is not { } experts ? config.IntermediateSize
                : slice.Expert is null ? experts.SharedWidth : experts.Width;
            int Written(LinearSlice slice) => slice.Writes switch
            {
                Channels.Residual => config.HiddenSize,
                Channels.Query => queries,
                Channels.Mlp => Mlp(slice),
                Channels.Value => config.KeyValueHeadCount * config.ValueSize,
                Channels.Key when slice.Role == LinearRole.TurnedKey => config.RotarySize,
                Channels.Key => keys,
                _ => Latent(slice.Writes),
            };
            int Read(LinearSlice slice) => slice.Reads switch
            {
                Channels.Residual => config.HiddenSize,
                Channels.Mlp => Mlp(slice),
                Channels.Value => config.HeadCount * config.ValueSize,
                _ => Latent(slice.Reads),
            };
            int Latent(Channels kind) =>
                kind == Channels.QueryLatent ? config.Latent!.QueryRank!.Value : config.Latent!.KeyValueRank;
            BlockPlan plan = BlockPlan.Of(config, block);
            Assert.All(plan.Slices, slice => Assert.Equal((Written(slice), Read(slice)), (slice.Rows, slice.Tensor.Columns)));
            Channels[] ofMlps = [.. plan.Mlps.SelectMany(_ => new[] { Channels.Mlp, Channels.Residual })];
            Channels[] latents = config.Latent is null ? [] : [Channels.QueryLatent, Channels.KeyValueLatent, Channels.Key];
            Assert.Equal([.. latents, Channels.Query, Channels.Key, Channels.Value, Channels.Residual, .. ofMlps],
                plan.Slices.Where(slice => slice.Role != LinearRole.Gate).Select(slice => slice.Writes));
        }
    }

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public void All_OfACheckpoint_AreTheTensorsOfItsFile(string name)
    {
        string folder = Fixture.PathOf($"models/{name}");
        using SafetensorsCheckpoint file = SafetensorsCheckpoint.Open(folder);
        DecoderConfig config = CheckpointConfig.Read(folder);
        IEnumerable<string> planned = ParameterShapes.All(config).Select(parameter => Shown(parameter.Name, parameter.Shape));
        Assert.Equal(
            file.Tensors.Values.Select(entry => Shown(entry.Name, entry.Shape.Select(size => (int)size))).Order(StringComparer.Ordinal),
            planned.Order(StringComparer.Ordinal));
        Assert.Empty(CheckpointConfig.Notes(folder));
    }

    /// <summary>GPT-NeoX: query, key and value of a head together, head after head; Phi-3: all queries, then keys, then values.</summary>
    [Theory]
    [InlineData("gpt-neox-parallel", 9, 25, 33, 41)]
    [InlineData("phi3", 9, 9, 41, 57)]
    [InlineData("gpt2", 9, 9, 41, 73)]
    public void TensorRow_OfTheNinth_IsWhereTheCheckpointHasIt(string name, int row, int query, int key, int value)
    {
        BlockPlan plan = BlockPlan.Of(CheckpointConfig.Read(Fixture.PathOf($"models/{name}")), 1);
        Assert.Equal((query, key, value), (plan.Query.TensorRow(row), plan.Key.TensorRow(row), plan.Value.TensorRow(row)));
    }

    private static string Shown(string name, IEnumerable<int> shape) => $"{name} ({string.Join(", ", shape)})";
}
