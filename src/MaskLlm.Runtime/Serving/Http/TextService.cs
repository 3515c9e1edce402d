using MaskLlm.Chat;
using MaskLlm.Decoding;
using MaskLlm.Tokens;

namespace MaskLlm.Serving.Http;

/// <summary>
/// A model that answers requests as OpenAI's API does, many at once: in a server of its own (<see cref="HttpServer"/>), or beside the
/// rest of an application (<see cref="TextServiceEndpoints.MapMaskLlm"/>).
/// </summary>
public sealed class TextService : IDisposable
{
    private readonly RuntimeDecoder _decoder;
    private readonly TextBatch _batch;
    private readonly ServingLoop _loop;

    /// <summary>Starts the thread that runs the model.</summary>
    /// <param name="model">The model; the caller closes it, after the service.</param>
    /// <param name="serving">How much is served at once; null for the defaults.</param>
    /// <param name="decoder">What the model may use; null for the defaults.</param>
    /// <param name="name">What requests call the model; null for the name of its file.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="InvalidDataException">The model's tokenizer or chat template is broken.</exception>
    public TextService(RuntimeModel model, ServingOptions? serving = null, RuntimeDecoderOptions? decoder = null, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ServingOptions options = serving ?? new ServingOptions();
        options.Validate();
        RuntimeDecoderOptions uses = decoder ?? new RuntimeDecoderOptions();
        // A text that runs needs one token of the batch; the rest is for prompts.
        _decoder = new RuntimeDecoder(model, uses with { TokensAtOnce = Math.Max(uses.TokensAtOnce, 2 * options.Parallel) });
        try
        {
            Tokenizer tokenizer = model.LoadTokenizer();
            ChatFormat? chat = model.LoadChat(tokenizer);
            _batch = new TextBatch(_decoder, tokenizer, tokenizer.EndOfTextIds, options);
            Served = new ServedModel(name ?? NameOf(model.Path), tokenizer, chat, _batch, () =>
                _decoder.FreePositions);
        }
        catch
        {
            _decoder.Dispose();
            throw;
        }
        _loop = new ServingLoop(_batch);
    }

    /// <summary>What requests call the model.</summary>
    public string Name => Served.Name;

    /// <summary>The kernel that computes its products.</summary>
    public string Kernel => _decoder.Kernel;

    /// <summary>Threads that compute them.</summary>
    public int Threads => _decoder.Threads;

    /// <summary>What keeps the model's chat template from being served, in a sentence; null where nothing does.</summary>
    public string? ChatProblem => Served.Chat?.Problem;

    /// <summary>What the endpoints share.</summary>
    internal ServedModel Served { get; }

    /// <summary>Refuses new requests and those that wait, and lets those that run finish.</summary>
    /// <param name="grace">How long they have; then they are cut off.</param>
    /// <returns>Whether all finished.</returns>
    public bool Stop(TimeSpan grace) => _loop.Stop(grace);

    /// <summary>Ends the requests that are left, and gives the memory of the cache back.</summary>
    public void Dispose()
    {
        _loop.Dispose();
        _decoder.Dispose();
    }

    // A folder's name can have a dot.
    private static string NameOf(string model)
    {
        string path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(model));
        return Directory.Exists(path) ? Path.GetFileName(path) : Path.GetFileNameWithoutExtension(path);
    }
}
