using System.Security.Cryptography;

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

    internal Tokenizer(TokenizerParts parts, string hash)
    {
        var added = new AddedVocabulary(parts.AddedTokens, parts.Normalizer);
        _pipeline = new EncodingPipeline(added, parts.PreTokenizers, new BpeModel(parts.Vocabulary));
        _template = parts.Template;
        _decoder = parts.Decoder;
        _ids = new Dictionary<string, int>(parts.Vocabulary.Ids);
        foreach (var (token, id) in parts.Vocabulary.Ids)
            _tokens[id] = token;
        foreach (var token in parts.AddedTokens)
            (_ids[token.Content], _tokens[token.Id]) = (token.Id, token.Content);
        _specialTokens = [.. parts.AddedTokens.Where(token => token.IsSpecial).Select(token => token.Content)];
        VocabularySize = _tokens.Keys.DefaultIfEmpty(-1).Max() + 1;
        Hash = hash;
    }

    /// <summary>The largest id plus one, added tokens included.</summary>
    public int VocabularySize { get; }

    /// <summary>SHA-256 of the tokenizer file, 64 lower-case hexadecimal digits: a key for caches of tokens.</summary>
    public string Hash { get; }

    internal EncodingPipeline Pipeline => _pipeline;

    /// <summary>Reads the tokenizer of a checkpoint: <c>tokenizer.json</c>, or else <c>tokenizer.model</c>.</summary>
    /// <param name="folder">The checkpoint's folder.</param>
    /// <exception cref="FileNotFoundException">The folder has neither file.</exception>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    /// <exception cref="NotSupportedException">The file asks for something that is not supported; the message names it.</exception>
    public static Tokenizer Load(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        foreach (var name in (string[])["tokenizer.json", "tokenizer.model"])
        {
            var file = Path.Combine(folder, name);
            if (File.Exists(file))
                return FromFile(file);
        }

        throw new FileNotFoundException(
            $"{folder}: no tokenizer.json and no tokenizer.model. Copy the tokenizer files of the checkpoint into the folder.");
    }

    /// <summary>Reads one tokenizer file; a name that ends in <c>.model</c> is SentencePiece's, any other is JSON.</summary>
    /// <param name="file">Path of the file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    /// <exception cref="NotSupportedException">The file asks for something that is not supported; the message names it.</exception>
    public static Tokenizer FromFile(string file)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        return FromBytes(file, File.ReadAllBytes(file));
    }

    /// <summary>Reads a tokenizer file that is kept inside another; a name that ends in <c>.model</c> is SentencePiece's.</summary>
    internal static Tokenizer FromBytes(string file, byte[] bytes)
    {
        var parts = file.EndsWith(".model", StringComparison.Ordinal)
            ? SentencePieceReader.Read(bytes, file)
            : TokenizerJsonReader.Read(bytes, file);
        return new Tokenizer(parts, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    /// <summary>The ids of a text. Added tokens inside the text are recognised, as in Hugging Face.</summary>
    /// <param name="text">Any text; a surrogate without its partner is read as U+FFFD. A long text is encoded on all processors.</param>
    /// <param name="addSpecialTokens">True to put the tokenizer's special tokens around it (for instance a begin-of-text token).</param>
    public int[] Encode(string text, bool addSpecialTokens = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = _pipeline.Encode(WellFormed(text));
        return addSpecialTokens ? [.. _template.Before, .. ids, .. _template.After] : ids;
    }

    /// <summary>The text of ids. Ids without a token (a model's padding of its vocabulary) leave nothing, as in Hugging Face.</summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="skipSpecialTokens">True to leave special tokens out.</param>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false)
    {
        var tokens = new List<string>(ids.Length);
        foreach (var id in ids)
        {
            if (_tokens.TryGetValue(id, out var token) && !(skipSpecialTokens && _specialTokens.Contains(token)))
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
    internal string? SpecialText(int id) => _tokens.TryGetValue(id, out var token) && _specialTokens.Contains(token) ? token : null;

    // The tokenizers know Unicode text only; UTF-8 has no way to write half a surrogate pair.
    private static string WellFormed(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            return text;
        return string.Create(text.Length, text, (target, source) =>
        {
            source.CopyTo(target);
            for (var at = 0; at < target.Length; at++)
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
