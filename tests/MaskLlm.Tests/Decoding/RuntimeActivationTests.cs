using MaskLlm.Architectures;
using MaskLlm.Decoding;
using MaskLlm.Products;

namespace MaskLlm.Tests.Decoding;

/// <summary>The functions of an MLP against tables of the normal distribution and of exp and tanh.</summary>
public sealed class RuntimeActivationTests
{
    /// <summary>exp(89) is infinite in float32; e / (1 + e) and 1 / (1 + e) are what 1000 and 999 share.</summary>
    [Fact]
    public void Softmax_ScoresBeyondExponentials_ShareOne()
    {
        float[] scores = [1000, 999, -1000];
        RuntimeActivation.Softmax(scores);
        Assert.Equal([0.7310586f, 0.26894143f, 0], scores, (wanted, found) => Math.Abs(wanted - found) < 1e-6);
    }

    /// <summary>Queries and keys of equal weights, 512 wide, score over 100 with themselves.</summary>
    [Fact]
    public void Forward_ModelOfLargeScores_GivesFiniteLogits()
    {
        using RuntimeModel model = RandomModel.Make(
            """
            {"model_type":"llama","num_hidden_layers":1,"hidden_size":512,"num_attention_heads":8,"num_key_value_heads":8,
            "intermediate_size":128,"vocab_size":256,"max_position_embeddings":64,"rms_norm_eps":1e-5,"tie_word_embeddings":false}
            """u8.ToArray(),
            WeightType.Float32,
            isSparse: false);
        using RuntimeDecoder decoder = new(model, new RuntimeDecoderOptions { Threads = 1 });
        using KeyValueCache cache = decoder.StartSequence();
        decoder.Forward([new BatchToken(cache, 0, WantsLogits: true)]);
        Assert.DoesNotContain(decoder.Logits(0).ToArray(), logit => !float.IsFinite(logit));
    }

    public static TheoryData<Activation, float, double> Table() => new()
    {
        // x times the share of the normal distribution below x, on both sides of 2.5 and of 6 in x / sqrt 2.
        { Activation.Gelu, 0, 0 },
        { Activation.Gelu, 1, 0.8413447460685429 },
        { Activation.Gelu, -1, -0.15865525393145705 },
        { Activation.Gelu, 3, 2.99595030590511 },
        { Activation.Gelu, -3, -0.004049694094890287 },
        { Activation.Gelu, 4, 3.9998733150326675 },
        { Activation.Gelu, -4, -0.00012668496733247986 },
        { Activation.Gelu, -5, -1.4332578593959731e-06 },
        { Activation.Gelu, 9, 9 },
        { Activation.Gelu, -9, 0 },
        // x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
        { Activation.GeluTanh, 1, 0.8411919906082768 },
        { Activation.GeluTanh, -2, -0.04540230591222494 },
        { Activation.Silu, 1, 0.7310585786300049 },
        { Activation.Silu, -2, -0.2384058440442351 },
        { Activation.QuickGelu, 1, 0.8457957659328212 },
        { Activation.QuickGelu, -2, -0.06434137685579186 },
        { Activation.Tanh, 0.5f, 0.46211715726000974 },
        { Activation.Relu, 3, 3 },
        { Activation.Relu, -3, 0 },
        { Activation.ReluSquared, 3, 9 },
        { Activation.ReluSquared, -3, 0 },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void Apply_Function_IsItsTable(Activation kind, float x, double expected)
    {
        float[] values = [x, x];
        RuntimeActivation.Apply(kind, values);
        Assert.All(values, value => Assert.Equal(expected, value, Math.Max(1e-9, 4e-6 * Math.Abs(expected))));
    }

    [Fact]
    public void GateBySilu_GateAndUp_AreMultiplied()
    {
        float[] gate = [1, -2], up = [3, 10];
        RuntimeActivation.GateBySilu(gate, up);
        Assert.Equal(3 * 0.7310585786300049, up[0], 1e-5);
        Assert.Equal(10 * -0.2384058440442351, up[1], 1e-5);
    }

    [Fact]
    public void Cap_Values_BendTowardsIt()
    {
        float[] values = [30, -30, 1e6f];
        RuntimeActivation.Cap(values, null);
        Assert.Equal([30, -30, 1e6f], values);
        RuntimeActivation.Cap(values, 50);
        Assert.Equal(50 * 0.5370495669980353, values[0], 1e-4);
        Assert.Equal(-50 * 0.5370495669980353, values[1], 1e-4);
        Assert.Equal(50, values[2], 1e-4);
    }
}
