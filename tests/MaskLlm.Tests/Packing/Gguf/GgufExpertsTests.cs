using System.Globalization;
using MaskLlm.Architectures;
using MaskLlm.Formats.Gguf;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Packing;
using MaskLlm.Packing.Gguf;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using MaskLlm.Tests.Formats.Gguf;
using MaskLlm.Tests.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Packing.Gguf;

/// <summary>Mixtures of experts in GGUF files; logits of llama.cpp beside ours: <c>bench/MaskLlm.LlamaCpp logits</c>.</summary>
[Collection(TorchTests.Name)]
public sealed class GgufExpertsTests
{
    private const string Routed = "ffn_down_exps.weight ffn_gate_exps.weight ffn_gate_inp.weight ffn_up_exps.weight";

    [Theory]
    [InlineData("mixtral", 1, Routed)]
    [InlineData("qwen3-moe", 0, Routed)]
    [InlineData("granitemoe", 1, Routed)]
    [InlineData("glm4-moe", 1, "exp_probs_b.bias " + Routed + " ffn_down_shexp.weight ffn_gate_shexp.weight ffn_up_shexp.weight")]
    [InlineData("deepseek-v3", 1, "exp_probs_b.bias " + Routed + " ffn_down_shexp.weight ffn_gate_shexp.weight ffn_up_shexp.weight")]
    [InlineData("gpt-oss", 1, "attn_sinks.weight ffn_down_exps.bias ffn_gate_exps.bias ffn_gate_inp.bias ffn_up_exps.bias " + Routed)]
    public void Write_Experts_LieInOneTensorARole(string model, int block, string names)
    {
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors = GgufLayout.Tensors(model);
        GgufFile file = Write(model, masks: null);
        DecoderConfig config = Config(model);
        (int experts, int width, int hidden) = (config.Experts!.Count, config.Experts.Width, config.HiddenSize);
        foreach ((string role, long[] shape) in new (string, long[])[]
        {
            ("gate", [experts, width, hidden]), ("up", [experts, width, hidden]), ("down", [experts, hidden, width]),
        })
        {
            string name = $"blk.{block}.ffn_{role}_exps.weight";
            Assert.Equal(shape, file.Tensors[name].Shape);
            Assert.Equal(GgufLayout.Floats(Experts(model, tensors, block, role, experts)), file.Values(name));
        }
        if (model == "deepseek-v3")
            Assert.Equal(GgufLayout.Floats(tensors[$"model.layers.{block}.mlp.gate.e_score_correction_bias"]),
                file.Values($"blk.{block}.exp_probs_b.bias"));
        string router = model switch { "mixtral" or "granitemoe" => "block_sparse_moe.", _ => "mlp." };
        router += model switch { "granitemoe" => "router.layer", "gpt-oss" => "router", _ => "gate" };
        Assert.Equal(GgufLayout.Floats(tensors[$"model.layers.{block}.{router}.weight"]), file.Values($"blk.{block}.ffn_gate_inp.weight"));
        string[] found = [.. file.Tensors.Keys.Where(name => name.StartsWith($"blk.{block}.", StringComparison.Ordinal))
            .Select(name => name[(name.IndexOf('.', 4) + 1)..])
            .Where(name => name.StartsWith("ffn_", StringComparison.Ordinal) ? name != "ffn_norm.weight"
                : name.StartsWith("exp", StringComparison.Ordinal) || name.Contains("sinks", StringComparison.Ordinal))];
        Assert.Equal(names.Split(' ').Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("granitemoe")]
    [InlineData("gpt-oss")]
    public void Write_MaskOfATensorOfExperts_PrunesIt(string model)
    {
        using DisposeScope scope = NewDisposeScope();
        using Decoder dense = Checkpoint.Load(ModelMasks.Folder(model));
        OrderedDictionary<string, Mask> masks = Magnitude.Masks(dense.Linears, NmPattern.TwoOfFour);
        LinearLayer layer = dense.Linears.First(layer => layer.Parts > 1);
        Tensor kept = (layer.Weight * MaskTensors.ToTensor(masks[layer.Name], CPU)).view(layer.Parts, -1, layer.Columns);
        long width = kept.size(1) / 2;
        Tensor gate = model == "gpt-oss" ? kept[.., TensorIndex.Slice(0, null, 2)] : kept[.., ..(int)width];

        Assert.Equal(GgufLayout.Floats(gate), Write(model, masks).Values("blk.0.ffn_gate_exps.weight"));
    }

    [Theory]
    [InlineData("mixtral", "feed_forward_length 64, expert_count 4, expert_used_count 2")]
    [InlineData("qwen3-moe", "expert_count 8, expert_feed_forward_length 32, expert_used_count 2")]
    [InlineData("deepseek-v3", "attention.head_count_kv 4, attention.key_length 16, attention.kv_lora_rank 16, attention.q_lora_rank 16, "
        + "attention.value_length 8, expert_gating_func 2, expert_group_count 4, expert_group_used_count 2, expert_weights_scale 2.5, "
        + "leading_dense_block_count 1, rope.dimension_count 8")]
    [InlineData("glm4-moe", "expert_count 4, expert_feed_forward_length 32, expert_gating_func 2, "
        + "expert_shared_count 1, expert_used_count 2, expert_weights_norm True, expert_weights_scale 1, "
        + "leading_dense_block_count 1")]
    public void Write_Experts_AreDescribed(string model, string expected)
    {
        GgufFile file = Write(model, masks: null);
        string prefix = (string)file.Fields["general.architecture"] + ".";
        foreach (string field in expected.Split(", "))
        {
            string[] parts = field.Split(' ');
            Assert.Equal(parts[1], Convert.ToString(file.Fields[prefix + parts[0]], CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public void Write_Latents_LieAsInTheCheckpoint()
    {
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors = GgufLayout.Tensors("deepseek-v3");
        GgufFile file = Write("deepseek-v3", masks: null);
        foreach ((string own, string name) in new[]
        {
            ("q_a_proj", "attn_q_a"), ("q_a_layernorm", "attn_q_a_norm"), ("q_b_proj", "attn_q_b"), ("kv_a_proj_with_mqa", "attn_kv_a_mqa"),
            ("kv_a_layernorm", "attn_kv_a_norm"), ("kv_b_proj", "attn_kv_b"), ("o_proj", "attn_output"),
        })
            Assert.Equal(GgufLayout.Floats(tensors[$"model.layers.2.self_attn.{own}.weight"]), file.Values($"blk.2.{name}.weight"));
        Assert.DoesNotContain("blk.2.attn_k.weight", file.Tensors.Keys);
    }

    /// <summary>0.1 of mscale_all_dim, by which llama.cpp scales attention and the rotation; no factor beside it.</summary>
    [Fact]
    public void Write_YarnOverLatents_NamesItsLengthAlone()
    {
        using TemporaryFolder folder = new();
        GgufFile file = WriteChanged(folder, "deepseek-v3", "\"rope_type\": \"default\"", Yarn("1.0"), null);
        Assert.Equal(0.1f, (float)file.Fields["deepseek2.rope.scaling.yarn_log_multiplier"], 1e-6f);
        Assert.DoesNotContain("deepseek2.rope.scaling.attn_factor", file.Fields.Keys);
        using TemporaryFolder other = new();
        string message = Assert.Throws<NotSupportedException>(() =>
            WriteChanged(other, "deepseek-v3", "\"rope_type\": \"default\"", Yarn("0.7"), null)).Message;
        Assert.Contains("mscale of yarn is not 1", message, StringComparison.Ordinal);
        DecoderConfig config = Config("deepseek-v3");
        RotaryConfig stretched = config.Rotary! with { Scaling = new RotaryScaling(RotaryScalingKind.Yarn, 4, OriginalMaxPositions: 16) };
        Assert.Contains("yarn has no mscale_all_dim", Assert.Throws<NotSupportedException>(() =>
            GgufRequirements.Require("folder", config with { Rotary = stretched })).Message, StringComparison.Ordinal);
        stretched = stretched with { Scaling = new RotaryScaling(RotaryScalingKind.Linear, 2) };
        Assert.Contains("rope_type is linear, which llama.cpp's deepseek2 does not compute", Assert.Throws<NotSupportedException>(() =>
            GgufRequirements.Require("folder", config with { Rotary = stretched })).Message, StringComparison.Ordinal);

        static string Yarn(string scale) => "\"rope_type\": \"yarn\", \"factor\": 4.0, \"original_max_position_embeddings\": 16, "
            + $"\"mscale\": {scale}, \"mscale_all_dim\": 1.0";
    }

    [Fact]
    public void Require_RoutingThatLlamaCppDoesNotCompute_IsRefused()
    {
        DecoderConfig qwen = Config("qwen3-moe"), olmoe = Config("olmoe"), oss = Config("gpt-oss"), glm = Config("glm4-moe");
        Assert.Contains("4 heads share 2 key-value heads, and llama.cpp's olmoe", Refusal(olmoe), StringComparison.Ordinal);
        GgufRequirements.Require("folder", olmoe with { KeyValueHeadCount = 4 });
        Assert.Contains("norm_topk_prob is false, and llama.cpp's qwen3moe takes true",
            Refusal(qwen with { Experts = qwen.Experts! with { NormalizesChosen = false } }), StringComparison.Ordinal);
        Assert.Contains("has experts in every block", Refusal(Config("qwen2-moe")), StringComparison.Ordinal);
        Assert.Contains("has such blocks at the beginning only",
            Refusal(glm with { Experts = glm.Experts! with { DenseBlocks = [1] } }), StringComparison.Ordinal);
        Assert.Contains("n_group is 2, and llama.cpp's glm4moe chooses among all experts",
            Refusal(glm with { Experts = glm.Experts! with { Groups = 2 } }), StringComparison.Ordinal);
        DecoderConfig latent = Config("deepseek-v3");
        Assert.Contains("rms_norm_eps is 1E-05 and 1E-06 in the norms of latents",
            Refusal(latent with { NormEpsilon = 1e-5 }), StringComparison.Ordinal);
        Assert.Contains("rope_interleave is false, and llama.cpp's deepseek2 turns neighbours",
            Refusal(latent with { Rotary = latent.Rotary! with { TurnsNeighbours = false } }), StringComparison.Ordinal);
        Assert.Contains("swiglu_limit and swiglu_alpha are 5 and 1.702, and llama.cpp's gpt-oss takes 7 and 1.702",
            Refusal(oss with { Experts = oss.Experts! with { Limit = 5 } }), StringComparison.Ordinal);

        static string Refusal(DecoderConfig config) =>
            Assert.Throws<NotSupportedException>(() => GgufRequirements.Require("folder", config)).Message;
    }

    private static Tensor Experts(string model, Dictionary<string, Tensor> tensors, int block, string role, int experts)
    {
        string own = $"model.layers.{block}.";
        bool isGate = role == "gate";
        switch (model)
        {
            case "granitemoe":
                own += "block_sparse_moe.";
                Tensor both = tensors[$"{own}input_linear.weight"];
                return role == "down" ? tensors[$"{own}output_linear.weight"] : both.chunk(2, 1)[isGate ? 0 : 1];
            case "gpt-oss":
                own += "mlp.experts.";
                return (role == "down" ? tensors[$"{own}down_proj"]
                    : tensors[$"{own}gate_up_proj"][.., .., TensorIndex.Slice(isGate ? 0 : 1, null, 2)]).transpose(1, 2);
            default:
                string folder = model == "mixtral" ? "block_sparse_moe" : "mlp";
                string name = model != "mixtral" ? $"{role}_proj" : isGate ? "w1" : role == "up" ? "w3" : "w2";
                return stack([.. Enumerable.Range(0, experts)
                    .Select(expert => tensors[$"{own}{folder}.experts.{expert}.{name}.weight"])]);
        }
    }

    private static DecoderConfig Config(string model) => CheckpointConfig.Read(ModelMasks.Folder(model));

    // gpt-oss with the rotation that llama.cpp computes.
    private static GgufFile Write(string model, IReadOnlyDictionary<string, Mask>? masks)
    {
        using TemporaryFolder folder = new();
        return WriteChanged(folder, model, "\"truncate\": false", "\"truncate\": true", masks);
    }

    private static GgufFile WriteChanged(TemporaryFolder folder, string model, string from, string to,
        IReadOnlyDictionary<string, Mask>? masks)
    {
        foreach (string file in Directory.GetFiles(ModelMasks.Folder(model))) File.Copy(file, folder.File(Path.GetFileName(file)));
        string config = folder.File("config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace(from, to, StringComparison.Ordinal));
        GgufExport.Write(folder.Path, masks, GgufType.Float32, folder.File("a.gguf"), null, TestContext.Current.CancellationToken);
        return new GgufFile(folder.File("a.gguf"));
    }
}
