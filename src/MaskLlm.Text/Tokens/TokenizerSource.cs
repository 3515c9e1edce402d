using System.Security.Cryptography;
using System.Text;

namespace MaskLlm.Tokens;

/// <summary>The tokenizer of a checkpoint as all of its files together describe it: the one place where they meet.</summary>
internal sealed class TokenizerSource
{
    private const int MostIds = int.MaxValue - 1;
    private readonly byte[] _bytes;
    private readonly List<AddedToken> _brought = [];
    private readonly Dictionary<string, int> _ids;
    private readonly bool _cutsOtherwise;

    private TokenizerSource(string file, byte[] bytes, bool isJson, TokenizerParts parts, TokenizerSettings settings)
    {
        (File, IsJson, _bytes, Settings) = (file, isJson, bytes, settings);
        _ids = new Dictionary<string, int>(parts.Vocabulary.Ids, StringComparer.Ordinal);
        foreach (AddedToken token in parts.AddedTokens) _ids[token.Content] = token.Id;
        foreach ((string kind, string text) in parts.Defaults) settings.Names.Default(kind, text);
        if (isJson) settings.Names.DefaultByFamily(_ids.ContainsKey);
        if (settings.IsCheckpoint) Bring(parts);
        Parts = parts with { AddedTokens = [.. parts.AddedTokens, .. _brought], Template = Template(parts) };
        if (!isJson && !settings.IsLegacy) Parts = WithoutLegacy(Parts);
        if (ChangesPrefixSpace(parts))
            Parts = Parts with { PreTokenizers = WithPrefixSpace(parts.PreTokenizers, settings.AddsPrefixSpace!.Value) };
        _cutsOtherwise = Parts.PreTokenizers != parts.PreTokenizers;
    }

    /// <summary>Path of the tokenizer file, for messages.</summary>
    internal string File { get; }

    /// <summary>Whether it is a tokenizer.json; a SentencePiece model otherwise.</summary>
    internal bool IsJson { get; }

    /// <summary>The bytes of the tokenizer file.</summary>
    internal ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>What the other files say.</summary>
    internal TokenizerSettings Settings { get; }

    /// <summary>The tokenizer file with what the other files say.</summary>
    internal TokenizerParts Parts { get; }

    /// <summary>The tokens that end a text: all that any file names.</summary>
    internal IReadOnlyList<int> EndIds
    {
        get
        {
            List<int> ids = [.. Settings.EndIds];
            foreach (string text in Settings.EndTexts)
                if (IdOf(text) is { } id && !ids.Contains(id)) ids.Add(id);
            if (ids.Count == 0 && NamedId(SpecialTokenNames.End) is { } usual) ids.Add(usual);
            return ids;
        }
    }

    /// <summary>The token between documents; null where no file names one that the tokenizer has.</summary>
    internal int? SeparatorId =>
        new[] { Settings.ModelEndId, NamedId(SpecialTokenNames.End), EndIds.Select(id => (int?)id).FirstOrDefault() }
        .FirstOrDefault(id => id <= _ids.Values.Max());

    /// <summary>Names what makes the ids: the tokenizer file, and the tokens and ways that other files bring.</summary>
    internal string Hash
    {
        get
        {
            using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(_bytes);
            foreach (AddedToken token in _brought) hash.AppendData(Encoding.UTF8.GetBytes($"\0{token}"));
            if (_cutsOtherwise) hash.AppendData(Encoding.UTF8.GetBytes($"\0{Settings.AddsPrefixSpace}"));
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }

    /// <summary>Reads <c>tokenizer.json</c>, or else <c>tokenizer.model</c>, and what stands beside it; null where there is
    /// neither.</summary>
    /// <exception cref="InvalidDataException">A file is damaged.</exception>
    /// <exception cref="NotSupportedException">The tokenizer asks for something that is not supported; the message names it.</exception>
    internal static TokenizerSource? Find(TokenizerFiles files)
    {
        foreach (string name in TokenizerFiles.Vocabularies)
            if (files.Open(name) is { } bytes)
                return Read(files.PathOf(name), bytes, isJson: name == TokenizerFiles.Json, TokenizerSettings.Read(files));
        return null;
    }

    /// <summary>Reads one tokenizer file by itself.</summary>
    internal static TokenizerSource OfFile(string file, byte[] bytes) => Read(
        file, bytes, isJson: !file.EndsWith(".model", StringComparison.Ordinal),
            TokenizerSettings.Read(new TokenizerFiles(_ => null, name => name)));

    /// <summary>The id of a token's text, or null.</summary>
    internal int? IdOf(string text) => _ids.TryGetValue(text, out int id) ? id : null;

    /// <summary>The id of a token with a meaning; null where no file names it, or not this tokenizer's.</summary>
    /// <param name="kind">bos_token and its like.</param>
    internal int? NamedId(string kind) => Settings.Names.Text(kind) is { } text ? IdOf(text) : null;

    private static TokenizerSource Read(string file, byte[] bytes, bool isJson, TokenizerSettings settings) => new(
        file, bytes, isJson, isJson ? TokenizerJsonReader.Read(bytes, file) : SentencePieceReader.Read(bytes, file), settings);

    private void Bring(TokenizerParts parts)
    {
        HashSet<string> found = [.. parts.AddedTokens.Select(token => token.Content)];
        void Add(AddedToken token)
        {
            if (!found.Add(token.Content)) return;
            _brought.Add(token);
            _ids[token.Content] = token.Id;
        }
        foreach (AddedToken token in Settings.AddedTokens.Where(token => token.Content.Length > 0).OrderBy(token => token.Id))
            Add(IsJson ? token with { Id = IdOf(token.Content) ?? NextId() } : token with { IsNormalized = false });
        foreach (AddedToken control in parts.ControlTokens) Add(control);
        foreach (string text in Settings.Names.Texts) Add(new AddedToken(text, IdOf(text) ?? NextId()) { IsSpecial = true });
        foreach (string text in Settings.Names.TextsOfTheModel)
            if (IdOf(text) is { } id) Add(new AddedToken(text, id) { IsSpecial = true });
    }

    private int NextId() => _ids.Values.DefaultIfEmpty(-1).Max() is < MostIds and var last ? last + 1
        : throw new InvalidDataException($"{File}: a token has the id {MostIds}, and none is left for those that other files add.");

    // As transformers 5 rebuilds it where a file says how: an absent token is not put there.
    private SpecialTemplate Template(TokenizerParts parts)
    {
        int? begin = NamedId(SpecialTokenNames.Begin), end = NamedId(SpecialTokenNames.End);
        bool? addsBegin = Settings.AddsBegin ?? (!IsJson && begin is not null ? true : null);
        return new SpecialTemplate(Around(parts.Template.Before, addsBegin, begin), Around(parts.Template.After, Settings.AddsEnd, end));
    }

    private static IReadOnlyList<int> Around(IReadOnlyList<int> own, bool? adds, int? id) => (adds, id) switch
    {
        (false, _) => [],
        (true, { } token) => [token],
        _ => own,
    };

    // As transformers' classes do, which set it in the step that the file has.
    private bool ChangesPrefixSpace(TokenizerParts parts) =>
        parts.IsPlainByteLevel && Settings.AddsPrefixSpace is { } adds
            && adds != parts.PreTokenizers.Any(step => step is PrefixSpacePreTokenizer);

    private static List<PreTokenizer> WithPrefixSpace(IReadOnlyList<PreTokenizer> steps, bool adds) =>
        adds ? [new PrefixSpacePreTokenizer(), .. steps] : [.. steps.Where(step => step is not PrefixSpacePreTokenizer)];

    private TokenizerParts WithoutLegacy(TokenizerParts parts) => parts with
    {
        Normalizer = null,
        PreTokenizers = [new MetaspacePreTokenizer('\u2581', Settings.AddsPrefixSpace == false ? MetaspacePrefix.Never
            : MetaspacePrefix.First, splits: false)],
    };
}
