using MaskLlm.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>
/// A decoder-only transformer: embedding, blocks, norm, head. One definition for all families; what differs is in
/// <see cref="DecoderConfig"/>. Parameters keep the checkpoint's names.
/// </summary>
public sealed class Decoder : IDisposable
{
    private readonly Dictionary<string, Tensor> _parameters = new(StringComparer.Ordinal);
    private readonly List<DecoderBlock> _blocks = [];
    private readonly Tensor _norm;
    private readonly Device _device;
    private Tensor? _cosine, _sine;

    /// <param name="config">The parts.</param>
    /// <param name="parameter">Gives the parameter of a name and shape; the decoder owns it from then on.</param>
    /// <param name="device">Where the parameters are.</param>
    internal Decoder(DecoderConfig config, Func<string, long[], Tensor> parameter, Device device)
    {
        Config = config;
        _device = device;
        Tensor Own(string name, long[] shape) => _parameters[name] = parameter(name, shape).DetachFromDisposeScope();
        try
        {
            Embedding = Own("model.embed_tokens.weight", [config.VocabularySize, config.HiddenSize]);
            for (int i = 0; i < config.BlockCount; i++) _blocks.Add(new DecoderBlock(config, i, Own));
            _norm = Own("model.norm.weight", [config.HiddenSize]);
            Head = config.TieWordEmbeddings ? Embedding : Own("lm_head.weight", [config.VocabularySize, config.HiddenSize]);
        }
        catch
        {
            Dispose();
            throw;
        }
        Linears = [.. _blocks.SelectMany(block => block.Linears)];
    }

    /// <summary>The parts.</summary>
    public DecoderConfig Config { get; }

    /// <summary>Every linear layer of the blocks, in the order of the forward pass; embedding and head are not among them.</summary>
    public IReadOnlyList<LinearLayer> Linears { get; }

    /// <summary>All parameters by the checkpoint's name, in order.</summary>
    public IReadOnlyDictionary<string, Tensor> Parameters => _parameters;

    /// <summary>Where the parameters are.</summary>
    public Device Device => _device;

    /// <summary>Type of the activations and of all parameters but the linear weights of the blocks: float32 or bfloat16.</summary>
    public ScalarType Compute => Embedding.dtype;

    internal Tensor Embedding { get; }

    /// <summary>(V, D); the embedding itself where the two are tied.</summary>
    internal Tensor Head { get; }

    internal IReadOnlyList<DecoderBlock> Blocks => _blocks;

    /// <summary>The linear layers of one block, in the order of the forward pass.</summary>
    internal IReadOnlyList<LinearLayer> BlockLinears(int block) => _blocks[block].Linears;

    /// <summary>Logits of the next token.</summary>
    /// <param name="inputIds">(B, T) int64 token ids.</param>
    /// <returns>(B, T, V) in <see cref="Compute"/>, of the caller's scope.</returns>
    public Tensor Forward(Tensor inputIds)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = Hidden(inputIds);
        return nn.functional.linear(hidden, Head).MoveToOuterDisposeScope();            // (B, T, V)
    }

    /// <summary>What the head multiplies, (B, T, D), of the caller's scope.</summary>
    /// <param name="inputIds">(B, T) int64 token ids.</param>
    internal Tensor Hidden(Tensor inputIds) => FinalNorm(RunBlocks(Embed(inputIds)));

    /// <summary>(B, T) ids to (B, T, D), of the caller's scope.</summary>
    internal Tensor Embed(Tensor inputIds)
    {
        using DisposeScope scope = NewDisposeScope();
        return Embedding.index_select(0, inputIds.reshape(-1)).view(inputIds.size(0), inputIds.size(1), -1).MoveToOuterDisposeScope();
    }

    /// <summary>One block: (B, T, D) to (B, T, D), of the caller's scope.</summary>
    internal Tensor RunBlock(int block, Tensor x)
    {
        long tokens = x.size(1);
        EnsureTables((int)tokens);
        using DisposeScope scope = NewDisposeScope();
        Tensor cosine = _cosine!.narrow(0, 0, tokens).to(x.dtype), sine = _sine!.narrow(0, 0, tokens).to(x.dtype);   // (T, hs/2)
        return _blocks[block].Call(x, cosine, sine).MoveToOuterDisposeScope();
    }

    /// <summary>All blocks, one after another; what went in is disposed, so that only a graph keeps it.</summary>
    internal Tensor RunBlocks(Tensor x)
    {
        for (int i = 0; i < _blocks.Count; i++)
        {
            using Tensor input = x;
            x = RunBlock(i, input);
        }
        return x;
    }

    /// <summary>(..., D) before the head, of the caller's scope.</summary>
    internal Tensor FinalNorm(Tensor x) => RmsNorm.Call(x, _norm, Config.NormEpsilon);

    /// <summary>Frees the parameters.</summary>
    public void Dispose()
    {
        foreach (Tensor parameter in _parameters.Values) parameter.Dispose();
        _cosine?.Dispose();
        _sine?.Dispose();
    }

    private void EnsureTables(int tokens)
    {
        if (_cosine is not null && _cosine.size(0) >= tokens) return;
        _cosine?.Dispose();
        _sine?.Dispose();
        (_cosine, _sine) = RotaryEmbedding.Tables(Config.Rotary, Config.HeadSize, tokens, _device);
        _cosine.DetachFromDisposeScope();
        _sine.DetachFromDisposeScope();
    }
}
