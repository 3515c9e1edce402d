using MaskLlm.Evaluation;

namespace MaskLlm.Tests.Evaluation;

public sealed class ModelPartTests
{
    private static readonly string[] Names =
    [
        .. Enumerable.Range(0, 11)
            .SelectMany(block =>
            new[] { "self_attn.q_proj", "self_attn.k_proj", "mlp.up_proj" }.Select(kind => $"model.layers.{block}.{kind}.weight")),
    ];

    [Fact]
    public void Blocks_AndKinds_ComeInModelOrder()
    {
        Assert.Equal(Enumerable.Range(0, 11).Select(block => $"model.layers.{block}"), ModelPart.Blocks(Names).Select(part => part.Name));
        ModelPart second = ModelPart.Blocks(Names)[1];
        Assert.Equal("model.layers.1.*", second.Skip);
        Assert.Equal(Names[3..6], second.Layers);
        Assert.Equal(["q_proj", "k_proj", "up_proj"], ModelPart.Kinds(Names).Select(part => part.Name));
        Assert.Equal("*.k_proj.weight", ModelPart.Kinds(Names)[1].Skip);
        Assert.All(ModelPart.Kinds(Names), kind => Assert.Equal(11, kind.Layers.Count));
    }

    [Fact]
    public void Kinds_OfOneLastPart_AreCalledByTheirWholeNames()
    {
        string[] names = ["attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"];
        IReadOnlyList<ModelPart> kinds =
            ModelPart.Kinds(Enumerable.Range(0, 2).SelectMany(block => names.Select(name => $"transformer.h.{block}.{name}.weight")));
        Assert.Equal(["c_attn", "attn.c_proj", "c_fc", "mlp.c_proj"], kinds.Select(kind => kind.Name));
        Assert.Equal("*.mlp.c_proj.weight", kinds[3].Skip);
        Assert.Equal(["transformer.h.0.mlp.c_proj.weight", "transformer.h.1.mlp.c_proj.weight"], kinds[3].Layers);
    }

    [Fact]
    public void SkipOthers_NamesBlocksThenKindsThenLayers()
    {
        IReadOnlyList<string> Without(Func<string, bool> dense) =>
            ModelPart.SkipOthers(Names, Names.Where(name => !dense(name)).ToHashSet());
        static bool IsBlock(string name) => name.StartsWith("model.layers.1.", StringComparison.Ordinal);
        static bool IsKind(string name) => name.EndsWith("k_proj.weight", StringComparison.Ordinal);

        Assert.Empty(Without(_ => false));
        Assert.Equal(["model.layers.1.*"], Without(IsBlock));
        Assert.Equal(["*.k_proj.weight"], Without(IsKind));
        Assert.Equal(["model.layers.1.*", "*.k_proj.weight", Names[^1]],
            Without(name => IsBlock(name) || IsKind(name) || name == Names[^1]));
    }
}
