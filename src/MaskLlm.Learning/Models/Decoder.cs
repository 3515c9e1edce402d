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
    private readonly LinearLayer _embedding;
    private readonly Norm? _embeddingNorm;
    private readonly Norm _norm;
    private readonly Tensor? _positions;
    private readonly Device _device;
    private readonly RotaryTables? _rotary, _windowRotary;
    private readonly StreamedWeights? _streamed;

    /// <param name="config">The parts.</param>
    /// <param name="parameter">Gives the parameter of a name and shape; the decoder owns it from then on.</param>
    /// <param name="device">Where the parameters are.</param>
    /// <param name="streamed">Where linear weights, embedding and head stay but while they are needed; the decoder owns it. Null: they
    /// are parameters as others.</param>
    /// <param name="compute">Type of an embedding and a head that are streamed.</param>
    internal Decoder(DecoderConfig config, Func<string, long[], Tensor> parameter, Device device, StreamedWeights? streamed = null,
        ScalarType compute = ScalarType.Float32)
    {
        Config = config;
        (_device, _streamed) = (device, streamed);
        Tensor Own(string name, long[] shape) => _parameters[name] = parameter(name, shape).DetachFromDisposeScope();
        LinearLayer Vocabulary(string name) => streamed?.Vocabulary(name, compute)
            ?? new LinearLayer(name, Own(name, [config.VocabularySize, config.HiddenSize]), bias: null);
        try
        {
            _embedding = Vocabulary(config.EmbeddingName);
            if (config.PositionsName is { } positions) _positions = Own(positions, [config.PositionRows, config.HiddenSize]);
            _embeddingNorm = config.EmbeddingNorm is { } embeddingNorm ? new Norm(config, embeddingNorm, Own) : null;
            for (int i = 0; i < config.BlockCount; i++) _blocks.Add(new DecoderBlock(config, i, Own, streamed));
            _norm = new Norm(config, config.FinalNorm, Own);
            LinearLayer head = config.TieWordEmbeddings ? _embedding : Vocabulary(config.HeadName);
            Tensor? bias = config.HeadBiasName is { } headBias ? Own(headBias, [config.VocabularySize]) : null;
            Head = new VocabularyHead(head, bias, config.LogitDivisor, config.LogitSoftCap);
        }
        catch
        {
            Dispose();
            throw;
        }
        Linears = [.. _blocks.SelectMany(block => block.Linears)];
        _rotary = config.Rotary is { } rotary ? new RotaryTables(rotary, config.RotarySize, device) : null;
        _windowRotary = config.WindowRotary is { } other ? new RotaryTables(other, config.RotarySize, device) : _rotary;
    }

    /// <summary>The parts.</summary>
    public DecoderConfig Config { get; }

    /// <summary>Every linear layer of the blocks, in the order of the forward pass; embedding and head are not among them.</summary>
    public IReadOnlyList<LinearLayer> Linears { get; }

    /// <summary>All parameters by the checkpoint's name, in order; without those that are streamed.</summary>
    public IReadOnlyDictionary<string, Tensor> Parameters => _parameters;

    /// <summary>Where the parameters are.</summary>
    public Device Device => _device;

    /// <summary>Type of the activations and of all parameters but the linear weights of the blocks: float32 or bfloat16.</summary>
    public ScalarType Compute => _embedding.Type;

    /// <summary>Its weight is the embedding itself where the two are tied.</summary>
    internal VocabularyHead Head { get; }

    internal IReadOnlyList<DecoderBlock> Blocks => _blocks;

    /// <summary>Whether embedding, head and the linear weights of a block are in memory only while they are held.</summary>
    internal bool IsStreamed => _streamed is not null;

    /// <summary>Has the embedding in memory until disposed.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    internal IDisposable HoldEmbedding() => _embedding.Hold();

    /// <summary>Has the linear weights of a block in memory until disposed; null where they are there always.</summary>
    /// <exception cref="InvalidDataException">One of them is damaged.</exception>
    internal IDisposable? Hold(int block) => IsStreamed ? new LayerHolds(_blocks[block].Linears) : null;

    /// <summary>Whether <see cref="Embed"/> gives what a gradient goes back through.</summary>
    internal bool EmbeddingRequiresGradient => new[] { _embedding.Weight, _positions }.Concat(_embeddingNorm?.Parameters ?? [])
        .Any(parameter => parameter is { requires_grad: true });

    /// <summary>The linear layers of one block, in the order of the forward pass.</summary>
    internal IReadOnlyList<LinearLayer> BlockLinears(int block) => _blocks[block].Linears;

    /// <summary>Logits of the next token.</summary>
    /// <param name="inputIds">(B, T) int64 token ids.</param>
    /// <returns>(B, T, V) in <see cref="Compute"/>, of the caller's scope.</returns>
    public Tensor Forward(Tensor inputIds)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = Hidden(inputIds);
        return Head.Call(hidden).MoveToOuterDisposeScope();                             // (B, T, V)
    }

    /// <summary>What the head multiplies, (B, T, D), of the caller's scope.</summary>
    /// <param name="inputIds">(B, T) int64 token ids.</param>
    /// <param name="branches">Where a row has several endings; null where it is one text.</param>
    internal Tensor Hidden(Tensor inputIds, TextBranches? branches = null) =>
        FinalNorm(RunBlocks(Embed(inputIds, branches), branches));

    /// <summary>(B, T) ids to (B, T, D), of the caller's scope.</summary>
    internal Tensor Embed(Tensor inputIds, TextBranches? branches = null)
    {
        using IDisposable held = HoldEmbedding();
        using DisposeScope scope = NewDisposeScope();
        Tensor embedded = _embedding.Weight.index_select(0, inputIds.reshape(-1)).view(inputIds.size(0), inputIds.size(1), -1);
        if (Config.EmbeddingScale != 1) embedded = embedded.Times(Config.EmbeddingScale);
        if (_positions is not null)
        {
            Tensor places = _positions.narrow(0, Config.PositionOffset, Config.MaxPositions);
            embedded = embedded.Plus(branches?.Place(places) ?? places.narrow(0, 0, inputIds.size(1)));
        }
        if (_embeddingNorm is not null) embedded = _embeddingNorm.Call(embedded);
        return embedded.MoveToOuterDisposeScope();
    }

    /// <summary>One block: (B, T, D) to (B, T, D), of the caller's scope.</summary>
    internal Tensor RunBlock(int block, Tensor x, TextBranches? branches = null)
    {
        using IDisposable? held = Hold(block);
        using DisposeScope scope = NewDisposeScope();
        (Tensor? cosine, Tensor? sine) = Rotary(block, x);
        if (cosine is null || branches is null) return _blocks[block].Call(x, cosine, sine, branches).MoveToOuterDisposeScope();
        return _blocks[block].Call(x, branches.Place(cosine), branches.Place(sine!), branches).MoveToOuterDisposeScope();
    }

    /// <summary>What goes into the layers of one input of a block, (B, T, I), of the caller's scope.</summary>
    /// <param name="block">Its number.</param>
    /// <param name="group">The index of the layers in <see cref="DecoderBlock.LinearsByInput"/>.</param>
    /// <param name="x">(B, T, D), the block's input.</param>
    internal Tensor LayerInput(int block, int group, Tensor x)
    {
        using IDisposable? held = Hold(block);
        using DisposeScope scope = NewDisposeScope();
        (Tensor? cosine, Tensor? sine) = Rotary(block, x);
        return _blocks[block].InputOf(group, x, cosine, sine).MoveToOuterDisposeScope();
    }

    /// <summary>Which experts of a block the tokens of its input go through; of the caller's scope.</summary>
    /// <param name="block">That has experts.</param>
    /// <param name="x">(B, T, D), the block's input.</param>
    internal Routing Route(int block, Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor? cosine, Tensor? sine) = Rotary(block, x);
        Routing routing = _blocks[block].Experts!.Route(_blocks[block].MlpInput(x, cosine, sine));
        routing.Tokens.MoveToOuterDisposeScope();
        routing.Weights.MoveToOuterDisposeScope();
        return routing;
    }

    /// <summary>Runs experts of a block on tokens of the caller's choice, as <see cref="ExpertLayers.Run"/> does.</summary>
    /// <param name="block">That has experts.</param>
    /// <param name="x">(B, T, D), the block's input.</param>
    /// <param name="tokens">By expert.</param>
    internal void RunExperts(int block, Tensor x, IReadOnlyDictionary<int, Tensor?> tokens)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor? cosine, Tensor? sine) = Rotary(block, x);
        _blocks[block].Experts!.Run(_blocks[block].MlpInput(x, cosine, sine), tokens);
    }

    // (T, turned/2) each; null where nothing is turned.
    private (Tensor? Cosine, Tensor? Sine) Rotary(int block, Tensor x)
    {
        RotaryTables? tables = Config.SlidingWindow(block) is null ? _rotary : _windowRotary;
        return tables is null || Config.RotaryOf(block) is null ? (null, null) : tables.Of((int)x.size(1), x.dtype);
    }

    /// <summary>All blocks, one after another; what went in is disposed, so that only a graph keeps it.</summary>
    internal Tensor RunBlocks(Tensor x, TextBranches? branches = null)
    {
        for (int i = 0; i < _blocks.Count; i++)
        {
            using Tensor input = x;
            x = RunBlock(i, input, branches);
        }
        return x;
    }

    /// <summary>(..., D) before the head, of the caller's scope.</summary>
    internal Tensor FinalNorm(Tensor x) => _norm.Call(x);

    /// <summary>Frees the parameters.</summary>
    public void Dispose()
    {
        foreach (Tensor parameter in _parameters.Values) parameter.Dispose();
        _rotary?.Dispose();
        _windowRotary?.Dispose();
        _streamed?.Dispose();
    }
}
