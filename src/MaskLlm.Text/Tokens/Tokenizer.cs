using System.Text.Json.Nodes;
using MaskLlm.Json;

namespace MaskLlm.Tokens;

/// <summary>Turns text into token ids and back as the tokenizer of a Hugging Face checkpoint does. Safe for many threads.</summary>
/// <remarks>
/// Byte-pair tokenizers are read, from <c>tokenizer.json</c> (Hugging Face tokenizers) or <c>tokenizer.model</c>
/// (SentencePiece). Truncation and padding that a file may ask for are left to the caller.
/// </remarks>
public sealed class Tokenizer
{
    private readonly EncodingPipeline _pipeline;
    private readonly SpecialTemplate _template;
    private readonly TokenDecoder _decoder;
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<int, string> _tokens = [];
    private readonly HashSet<string> _specialTokens;
    private readonly HashSet<int> _addedIds;
    private readonly int _embeddings;

    /// <param name="parts">What the tokenizer file says.</param>
    /// <param name="hash">Names it.</param>
    /// <param name="embeddings">Ids that the model has an embedding for; null for all.</param>
    internal Tokenizer(TokenizerParts parts, string hash, int? embeddings = null)
    {
        _embeddings = embeddings ?? int.MaxValue;
        AddedVocabulary added = new(parts.AddedTokens, parts.Normalizer);
        _pipeline = new EncodingPipeline(added, parts.PreTokenizers, new BpeModel(parts.Vocabulary));
        _template = parts.Template;
        _decoder = parts.Decoder;
        _ids = new Dictionary<string, int>(parts.Vocabulary.Ids);
        foreach ((string token, int id) in parts.Vocabulary.Ids)
            _tokens[id] = token;
        foreach (AddedToken token in parts.AddedTokens)
            (_ids[token.Content], _tokens[token.Id]) = (token.Id, token.Content);
        _addedIds = [.. parts.AddedTokens.Select(token => token.Id)];
        _specialTokens = [.. parts.AddedTokens.Where(token => token.IsSpecial).Select(token => token.Content)];
        VocabularySize = _tokens.Keys.DefaultIfEmpty(-1).Max() + 1;
        Hash = hash;
    }

    private Tokenizer(TokenizerSource source, int? embeddings)
        : this(source.Parts, source.Hash, embeddings)
    {
        EndOfTextIds = source.EndIds;
        SeparatorId = source.SeparatorId;
        SpecialTokens = source.Settings.Names.ForTemplates();
    }

    /// <summary>The largest id plus one, added tokens included.</summary>
    public int VocabularySize { get; }

    /// <summary>SHA-256 of the tokenizer file and of what other files add to its tokens, 64 lower-case hexadecimal digits: a key for caches
    /// of tokens.</summary>
    public string Hash { get; }

    /// <summary>
    /// The tokens that end a text: all that <c>generation_config.json</c>, <c>config.json</c>, <c>tokenizer_config.json</c> and
    /// <c>special_tokens_map.json</c> name. Empty where no file names one.
    /// </summary>
    public IReadOnlyList<int> EndOfTextIds { get; } = [];

    /// <summary>
    /// The token that separates documents: <c>eos_token_id</c> of config.json, or else <c>eos_token</c> of the tokenizer, or else the id
    /// of generation_config.json; null where no file names one of the tokenizer's.
    /// </summary>
    public int? SeparatorId { get; }

    /// <summary>What a chat template is given beside the conversation: <c>bos_token</c> and its like with their texts,
    /// <c>additional_special_tokens</c> with several.</summary>
    public IReadOnlyDictionary<string, JsonNode?> SpecialTokens { get; } = new Dictionary<string, JsonNode?>();

    /// <summary>The ids that special tokens put before a text.</summary>
    internal IReadOnlyList<int> BeginIds => _template.Before;

    internal EncodingPipeline Pipeline => _pipeline;

    /// <summary>Reads the tokenizer of a checkpoint: <c>tokenizer.json</c>, or else <c>tokenizer.model</c>, with what the files beside it
    /// say.</summary>
    /// <param name="folder">The checkpoint's folder.</param>
    /// <param name="embeddings">Ids that the model has an embedding for; a text that gives another is refused. Null for all.</param>
    /// <exception cref="FileNotFoundException">The folder has neither file.</exception>
    /// <exception cref="InvalidDataException">A file is damaged.</exception>
    /// <exception cref="NotSupportedException">The file asks for something that is not supported; the message names it.</exception>
    public static Tokenizer Load(string folder, int? embeddings = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Load(TokenizerFiles.In(folder), embeddings) ?? throw new FileNotFoundException(
            $"{folder}: no tokenizer.json and no tokenizer.model. Copy the tokenizer files of the checkpoint into the folder.");
    }

    /// <summary>Reads one tokenizer file by itself; a name that ends in <c>.model</c> is SentencePiece's, any other is JSON.</summary>
    /// <param name="file">Path of the file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    /// <exception cref="NotSupportedException">The file asks for something that is not supported; the message names it.</exception>
    public static Tokenizer FromFile(string file)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        return FromBytes(file, JsonSource.ReadFile(file));
    }

    /// <summary>The same of bytes that lie in no file yet; <paramref name="file"/> is for messages.</summary>
    internal static Tokenizer FromBytes(string file, byte[] bytes) => new(TokenizerSource.OfFile(file, bytes), embeddings: null);

    /// <summary>Reads the tokenizer of a checkpoint whose files are anywhere; null where it has none.</summary>
    internal static Tokenizer? Load(TokenizerFiles files, int? embeddings) => TokenizerSource.Find(files) is { } source
        ? new Tokenizer(source, embeddings) : null;

    /// <summary>The ids of a text. Added tokens inside the text are recognised, as in Hugging Face.</summary>
    /// <param name="text">Any text; a surrogate without its partner is read as U+FFFD. A long text is encoded on all processors.</param>
    /// <param name="addSpecialTokens">True to put the tokenizer's special tokens around it (for instance a begin-of-text token).</param>
    /// <exception cref="ArgumentException">The text has a token that the model has no embedding for.</exception>
    public int[] Encode(string text, bool addSpecialTokens = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        return EncodeUpTo(text, int.MaxValue, addSpecialTokens)!;
    }

    /// <summary>The same where there are no more ids than <paramref name="most"/>; else null, and a long text is not encoded to its
    /// end.</summary>
    /// <exception cref="ArgumentException">The text has a token that the model has no embedding for.</exception>
    internal int[]? EncodeUpTo(string text, int most, bool addSpecialTokens)
    {
        int around = addSpecialTokens ? _template.Before.Count + _template.After.Count : 0;
        if (_pipeline.Encode(WellFormed(text), most - around) is not { } ids)
            return null;
        if (addSpecialTokens) ids = [.. _template.Before, .. ids, .. _template.After];
        return _embeddings < VocabularySize && Array.Find(ids, id => id >= _embeddings) is > 0 and var beyond ? throw Unembedded(beyond)
            : ids;
    }

    /// <summary>The text of ids. Ids without a token (a model's padding of its vocabulary) leave nothing, as in Hugging Face.</summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="skipSpecialTokens">True to leave special tokens out.</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false)
    {
        List<string> tokens = new(ids.Length);
        foreach (int id in ids)
        {
            if (_tokens.TryGetValue(id, out string? token) && !(skipSpecialTokens && _specialTokens.Contains(token)))
                tokens.Add(token);
        }

        return string.Concat(_decoder.Decode(tokens));
    }

    /// <summary>The id of a token, given as its text in the vocabulary or as an added token.</summary>
    /// <param name="token">The token's text.</param>
    /// <param name="id">Its id; 0 where there is none.</param>
    /// <returns>True where the vocabulary has the token.</returns>
    public bool TryGetId(string token, out int id)
    {
        ArgumentNullException.ThrowIfNull(token);
        return _ids.TryGetValue(token, out id);
    }

    /// <summary>The text of a special token; null for ids of other tokens and of none.</summary>
    internal string? SpecialText(int id) => _tokens.TryGetValue(id, out string? token) && _specialTokens.Contains(token) ? token : null;

    private ArgumentException Unembedded(int id) => new(
        $"the text has the token '{_tokens.GetValueOrDefault(id)}' ({id}), and the model's embeddings end at {_embeddings - 1}; "
        + (_addedIds.Contains(id) ? "take it out of the text." : "tokenizer and model belong to different checkpoints."));

    // The tokenizers know Unicode text only; UTF-8 has no way to write half a surrogate pair.
    private static string WellFormed(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            return text;
        return string.Create(text.Length, text, (target, source) =>
        {
            source.CopyTo(target);
            for (int at = 0; at < target.Length; at++)
            {
                if (!char.IsSurrogate(target[at]))
                    continue;
                if (at + 1 < target.Length && char.IsSurrogatePair(target[at], target[at + 1]))
                    at++;
                else
                    target[at] = '\uFFFD';
            }
        });
    }
}
