using System.Numerics.Tensors;
using MaskLlm.Architectures;
using MaskLlm.Products;

namespace MaskLlm.Decoding;

/// <summary>
/// Runs tokens of any number of sequences through a packed model, with a cache of keys and values for each sequence. Nothing is
/// allocated for a token but pages of its cache. For one caller at a time.
/// </summary>
public sealed unsafe partial class RuntimeDecoder : IDisposable
{
    // Below this many tokens one thread does what is not a product: waking the others costs more.
    private const int TokensForTeam = 4;

    private readonly RuntimeModel _model;
    private readonly DecoderConfig _config;
    private readonly IProductKernel _kernel = ProductKernels.Choose();
    private readonly WorkerTeam _team;
    private readonly KeyValuePages _pages;
    private readonly ActivationBuffer _hidden, _normed, _projected, _query, _key, _value, _mixed, _gate, _up;
    private readonly ActivationBuffer? _queryLatent, _latent, _turnedKey;
    private readonly InputBuffer _inputs;
    private readonly RuntimeRotary? _rotary, _windowRotary;
    private readonly int? _originalLength;
    private readonly float[][] _scores;
    private readonly float[] _slopes;
    private readonly BatchToken[] _tokens;
    private readonly int[] _positions, _wanted;
    private readonly Action<int, int, int> _embed, _normInput, _normMlp, _normFinal, _place, _attend, _packMixed, _activate, _multiply;
    private readonly Action<int, int, int> _packQueryLatent, _packLatent;
    private readonly Action<int, int, int> _score, _choose, _packRouted, _activateRouted, _combine;
    private readonly RoutedTokens? _routed;
    private ActivationBuffer _logits;
    private int _count, _wantedCount, _blockIndex;
    private RuntimeBlock _block;
    private ProductInput _input;
    private RuntimeProduct[] _products;
    private int _productCount;

    /// <param name="model">The model; it must outlive the decoder.</param>
    /// <param name="options">Threads, tokens at once, memory of the cache.</param>
    /// <exception cref="ArgumentException"><c>MASKLLM_KERNEL</c> names a kernel that this processor cannot run, or an option is out of
    /// range.</exception>
    public RuntimeDecoder(RuntimeModel model, RuntimeDecoderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        options ??= new RuntimeDecoderOptions();
        options.Validate();
        (_model, _config, Options) = (model, model.Config, options);
        ContextLength = Math.Min(options.ContextLength ?? model.Config.MaxPositions, model.Config.MaxPositions);
        int tokens = options.TokensAtOnce, threads = options.Threads ?? Environment.ProcessorCount;
        int keyHeads = _config.KeyValueHeadCount;
        _team = new WorkerTeam(threads);
        _pages = new KeyValuePages(_config, options.CacheBytes);
        (_hidden, _normed, _projected) = (new(tokens, _config.HiddenSize), new(tokens, _config.HiddenSize),
            new(tokens, _config.HiddenSize));
        (_query, _mixed) = (new(tokens, _config.HeadCount * _config.HeadSize), new(tokens, _config.HeadCount * _config.ValueSize));
        (_key, _value) = (new(tokens, keyHeads * _config.PlainKeySize), new(tokens, keyHeads * _config.ValueSize));
        if (_config.Latent is { } latent)
        {
            _queryLatent = latent.QueryRank is { } rank ? new(tokens, rank) : null;
            (_latent, _turnedKey) = (new(tokens, latent.KeyValueRank), new(tokens, latent.TurnedSize));
        }
        int width = model.Blocks.Max(block => block.Mlp?.Up.Weight.Rows ?? 1);
        (_gate, _up) = (new(tokens, width), new(tokens, width));
        _logits = new(1, _config.VocabularySize);
        int[] widths = [_config.HiddenSize, _mixed.Width, width, _queryLatent?.Width ?? 0, _latent?.Width ?? 0];
        _inputs = new(tokens, widths.Max(), model.Type, isSparse: model.SparseLayers > 0);
        _routed = _config.Experts is { } experts ? new(experts, tokens, threads, _config.HiddenSize, model) : null;
        _products = new RuntimeProduct[Math.Max(3, 2 * (_config.Experts?.Count ?? 0))];
        _rotary = _config.Rotary is { } rotary ? new RuntimeRotary(rotary, _config.RotarySize, tokens) : null;
        _windowRotary = _config.WindowRotary is { } other ? new RuntimeRotary(other, _config.RotarySize, tokens) : _rotary;
        _originalLength = new[] { _config.Rotary, _config.WindowRotary }
            .FirstOrDefault(turned => turned?.Scaling is { Kind: RotaryScalingKind.LongRope })?.Scaling!.OriginalMaxPositions;
        _scores = [.. Enumerable.Range(0, threads).Select(_ => new float[Math.Min(ContextLength, CachePositions)])];
        _slopes = _config.HasAlibi ? AlibiSlopes.Of(_config.HeadCount) : new float[_config.HeadCount];
        (_tokens, _positions, _wanted) = (new BatchToken[tokens], new int[tokens], new int[tokens]);
        _block = model.Blocks[0];
        (_embed, _normInput, _normMlp, _normFinal) = (Embed, NormInput, NormMlp, NormFinal);
        _place = _latent is null ? Place : PlaceLatent;
        (_attend, _packMixed, _activate, _multiply) = (Attend, PackMixed, Activate, Multiply);
        (_packQueryLatent, _packLatent) = (PackQueryLatent, PackLatent);
        (_score, _choose, _packRouted, _activateRouted, _combine) = (Score, Choose, PackRouted, ActivateRouted, Combine);
    }

    /// <summary>As they were given.</summary>
    public RuntimeDecoderOptions Options { get; }

    /// <summary>The positions that a sequence can have.</summary>
    public int ContextLength { get; }

    /// <summary>V: the ids that there are embeddings and logits for.</summary>
    public int VocabularySize => _config.VocabularySize;

    /// <summary>The kernel of the products, such as avx2.</summary>
    public string Kernel => _kernel.Name;

    /// <summary>Threads that share the work.</summary>
    public int Threads => _team.Threads;

    /// <summary>Positions that the cache still has room for, over all sequences.</summary>
    public long FreePositions => _pages.Free * KeyValuePages.Positions;

    /// <summary>Positions that the cache has room for in all.</summary>
    public long CachePositions => _pages.Limit * KeyValuePages.Positions;

    /// <summary>A new, empty sequence; the caller disposes it, before the decoder.</summary>
    public KeyValueCache StartSequence() => new(_pages);

    /// <summary>Runs some tokens; those of one sequence in their order.</summary>
    /// <param name="tokens">At most <see cref="RuntimeDecoderOptions.TokensAtOnce"/>.</param>
    /// <exception cref="ArgumentException">No token or too many, an id without an embedding, or a sequence that grows over
    /// <see cref="ContextLength"/>.</exception>
    /// <exception cref="InsufficientMemoryException">The cache is full.</exception>
    public void Forward(ReadOnlySpan<BatchToken> tokens)
    {
        if (_originalLength is { } original) TurnAnew(tokens, original);
        Run(tokens);
    }

    private void Run(ReadOnlySpan<BatchToken> tokens)
    {
        Take(tokens);
        _team.Run(_count, _embed, TokensForTeam);
        for (_blockIndex = 0; _blockIndex < _config.BlockCount; _blockIndex++)
        {
            _block = _model.Blocks[_blockIndex];
            RunBlock();
        }
        if (_wantedCount == 0) return;
        _input = _inputs.Of(_wantedCount, _config.HiddenSize);
        _team.Run(_wantedCount, _normFinal, TokensForTeam);
        Products(new RuntimeProduct(_model.Head, _input, _logits));
        if (_config.LogitDivisor == 1 && _config.LogitSoftCap is null && _model.HeadBias is null) return;
        for (int wanted = 0; wanted < _wantedCount; wanted++)
        {
            Span<float> logits = _logits.Row(wanted);
            AddBias(logits, _model.HeadBias);
            TensorPrimitives.Divide(logits, (float)_config.LogitDivisor, logits);
            RuntimeActivation.Cap(logits, _config.LogitSoftCap);
        }
    }

    /// <summary>Logits of the token that follows one that wanted them; valid until the next <see cref="Forward"/>.</summary>
    /// <param name="wanted">Which of those that wanted them, from 0.</param>
    /// <returns>(V) float32.</returns>
    public ReadOnlySpan<float> Logits(int wanted)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(wanted);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(wanted, _wantedCount);
        return _logits.Row(wanted);
    }

    /// <summary>Frees the buffers and the cache, and ends the threads.</summary>
    public void Dispose()
    {
        _team.Dispose();
        foreach (ActivationBuffer buffer in new[] { _hidden, _normed, _projected, _query, _key, _value, _mixed, _gate, _up, _logits })
            buffer.Dispose();
        foreach (ActivationBuffer? buffer in new[] { _queryLatent, _latent, _turnedKey }) buffer?.Dispose();
        _inputs.Dispose();
        _routed?.Dispose();
        _pages.Dispose();
    }

    // Longrope turns a text that is longer than the original length by other factors from its first token on: where a text grows over
    // it, what the cache has of it is run again, as Phi-3's own generation does.
    private void TurnAnew(ReadOnlySpan<BatchToken> tokens, int original)
    {
        foreach (BatchToken token in tokens) token.Cache.Coming++;
        foreach (BatchToken token in tokens)
        {
            KeyValueCache cache = token.Cache;
            if (cache.Coming == 0) continue;
            cache.Expect(cache.Length + cache.Coming);
            cache.Coming = 0;
            if (cache.IsLong == cache.TextLength > original) continue;
            cache.IsLong = !cache.IsLong;
            RunAgain(cache);
        }
    }

    private void RunAgain(KeyValueCache cache)
    {
        (int[] ids, int expected) = ([.. cache.Ids], cache.TextLength);
        cache.Truncate(0);
        cache.Expect(expected);
        BatchToken[] batch = new BatchToken[Math.Min(ids.Length, _tokens.Length)];
        foreach (int[] piece in ids.Chunk(_tokens.Length))
        {
            for (int i = 0; i < piece.Length; i++) batch[i] = new BatchToken(cache, piece[i], WantsLogits: false);
            Run(batch.AsSpan(0, piece.Length));
        }
    }

    private void Take(ReadOnlySpan<BatchToken> tokens)
    {
        if (tokens.IsEmpty || tokens.Length > _tokens.Length)
            throw new ArgumentException($"{tokens.Length} tokens were given; from 1 to {_tokens.Length} can be run at once.");
        (_count, _wantedCount) = (tokens.Length, 0);
        foreach (BatchToken token in tokens)
            if ((uint)token.Id >= (uint)_config.VocabularySize)
                throw new ArgumentException($"the token {token.Id} has no embedding; the model's ids end at {_config.VocabularySize - 1}.");
        for (int i = 0; i < _count; i++)
        {
            if (tokens[i].Cache.Length == ContextLength)
                throw new ArgumentException($"the text is longer than the {ContextLength} positions that it can have; shorten it.");
            _positions[i] = tokens[i].Cache.Append(tokens[i].Id);
            _tokens[i] = tokens[i];
            if (tokens[i].WantsLogits) _wanted[_wantedCount++] = i;
        }
        if (_wantedCount > _logits.Tokens)
        {
            _logits.Dispose();
            _logits = new(_wantedCount, _config.VocabularySize);
        }
    }

    private void RunBlock()
    {
        _input = _inputs.Of(_count, _config.HiddenSize);
        _team.Run(_count, _normInput, TokensForTeam);
        if (_block.Latent is { } latent) MultiplyByLatents(latent);
        else Products(
            new(_block.Query.Weight, _input, _query), new(_block.Key.Weight, _input, _key), new(_block.Value.Weight, _input, _value));
        _team.Run(_count, _place, TokensForTeam);
        _team.Run(_count * _config.HeadCount, _attend);
        _input = _inputs.Of(_count, _mixed.Width);
        _team.Run(_count, _packMixed, TokensForTeam);
        Products(new RuntimeProduct(_block.Output.Weight, _input, _projected));
        _input = _inputs.Of(_count, _config.HiddenSize);
        _team.Run(_count, _normMlp, TokensForTeam);
        if (_block.Mlp is { } mlp) RunMlp(mlp);
        if (_block.Experts is { } experts) RunExperts(experts);
    }

    private void RunMlp(RuntimeMlp mlp)
    {
        RuntimeProduct up = new(mlp.Up.Weight, _input, _up);
        if (mlp.Gate is { } gate) Products(up, new(gate.Weight, _input, _gate));
        else Products(up);
        _input = _inputs.Of(_count, mlp.Up.Weight.Rows);
        _team.Run(_count, _activate, TokensForTeam);
        Products(new RuntimeProduct(mlp.Down.Weight, _input, _projected));
    }

    // One job for all matrices: their blocks are shared out as if they were one matrix.
    private void Products(params ReadOnlySpan<RuntimeProduct> products)
    {
        products.CopyTo(_products);
        Products(products.Length);
    }

    // The same of the first that lie there.
    private void Products(int count)
    {
        _productCount = count;
        int blocks = 0;
        for (int i = 0; i < count; i++) blocks += _products[i].Blocks;
        _team.Run(blocks, _multiply);
    }

    private void Multiply(int worker, int from, int to)
    {
        int first = 0;
        for (int i = 0; i < _productCount && first < to; i++)
        {
            RuntimeProduct product = _products[i];
            int begin = Math.Max(0, from - first), end = Math.Min(product.Blocks, to - first);
            if (begin < end) _kernel.Multiply(product.Weight, begin, end, product.Input, product.Output, product.Stride);
            first += product.Blocks;
        }
    }
}
