using System.Globalization;
using System.Text;

namespace MaskLlm.Tokens;

/// <summary>Byte-pair encoding of single words. Safe for many threads.</summary>
internal sealed class BpeModel
{
    private const int Missing = -1;
    private readonly Vocabulary _vocabulary;
    private readonly MergeTable _merges;
    private readonly SeamTable? _seams;
    private readonly TextFinder? _wholeTokens;
    private readonly WordCache _cache = new();
    private readonly int[] _charIds = new int[0x10000];
    private readonly int[]? _fallbackIds;

    /// <summary>Indexes a vocabulary.</summary>
    public BpeModel(Vocabulary vocabulary)
    {
        _vocabulary = vocabulary;
        _merges = new MergeTable(vocabulary.Merges);
        _fallbackIds = vocabulary.HasByteFallback ? FallbackIds(vocabulary.Ids) : null;
        Array.Fill(_charIds, Missing);
        foreach ((string token, int id) in vocabulary.Ids.Where(entry => entry.Key.Length == 1))
            _charIds[token[0]] = id;
        _seams = BuildSeams();
        _wholeTokens = vocabulary.WholeTokens.Count > 0 ? new TextFinder(vocabulary.WholeTokens) : null;
    }

    /// <summary>True where a text without pre-tokenizer may be cut at <see cref="IsSeam"/>.</summary>
    public bool HasSeams => _seams is not null && _wholeTokens is null;

    /// <summary>Token texts and their ids.</summary>
    public IReadOnlyDictionary<string, int> Ids => _vocabulary.Ids;

    /// <summary>True where cutting a word before <paramref name="at"/> leaves its ids as they are.</summary>
    public bool IsSeam(ReadOnlySpan<char> word, int at) => _seams!.IsSeam(word, at);

    /// <summary>The token of fallback for a byte, as it is spelt in vocabularies.</summary>
    public static string FallbackToken(int value) => string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>");

    /// <summary>Appends the ids of one word.</summary>
    public void Append(ReadOnlySpan<char> word, IdBuffer ids)
    {
        int reached = 0;
        while (_wholeTokens?.Find(word, reached, out int start) is { } token)
        {
            AppendBetween(word[reached..start], ids);
            ids.Append(_vocabulary.Ids[token]);
            reached = start + token.Length;
        }

        AppendBetween(word[reached..], ids);
    }

    private void AppendBetween(ReadOnlySpan<char> word, IdBuffer ids)
    {
        if (word.IsEmpty)
            return;
        if (_seams is null)
        {
            AppendPart(word, ids);
            return;
        }

        int start = 0;
        for (int at = 1; at < word.Length; at++)
        {
            if (!_seams.IsSeam(word, at))
                continue;
            AppendPart(word[start..at], ids);
            start = at;
        }

        AppendPart(word[start..], ids);
    }

    /// <summary>Appends the ids of one word, found without cutting it and without the cache.</summary>
    internal void AppendUncached(ReadOnlySpan<char> word, IdBuffer ids)
    {
        if (_vocabulary.IgnoresMerges && _vocabulary.Ids.TryGetValue(TokenText(word), out int whole))
        {
            ids.Append(whole);
            return;
        }

        int start = ids.Count;
        AppendSymbols(word, ids);
        if (_vocabulary.UnusedIds.Count == 0)
            ids.Truncate(start + MergeLoop.Run(ids.Span[start..], _merges));
        else
            MergeThroughUnused(start, ids);
    }

    /// <summary>Merges from <paramref name="start"/> on; what became an unused token falls into its parts again, as in
    /// SentencePiece.</summary>
    private void MergeThroughUnused(int start, IdBuffer ids)
    {
        Dictionary<int, (int Left, int Right)> parts = [];
        int[] merged = ids.Span[start..][..MergeLoop.RunByHeap(ids.Span[start..], _merges, parts)].ToArray();
        ids.Truncate(start);
        Stack<int> pending = new();
        foreach (int id in merged)
        {
            pending.Push(id);
            while (pending.TryPop(out int next))
            {
                if (_vocabulary.UnusedIds.Contains(next) && parts.TryGetValue(next, out (int Left, int Right) pair))
                {
                    pending.Push(pair.Right);
                    pending.Push(pair.Left);
                }
                else
                {
                    ids.Append(next);
                }
            }
        }
    }

    private static int[] FallbackIds(IReadOnlyDictionary<string, int> ids) =>
        [.. Enumerable.Range(0, 256).Select(value => ids.GetValueOrDefault(FallbackToken(value), Missing))];

    private void AppendPart(ReadOnlySpan<char> word, IdBuffer ids)
    {
        if (word.Length > WordCache.LongestWord)
        {
            AppendUncached(word, ids);
            return;
        }

        ulong hash = WordCache.Hash(word);
        if (_cache.TryGet(word, hash, out ReadOnlySpan<int> known))
        {
            ids.Append(known);
            return;
        }

        int start = ids.Count;
        AppendUncached(word, ids);
        _cache.Set(word, hash, ids.Span[start..]);
    }

    private string TokenText(ReadOnlySpan<char> word)
    {
        if (!_vocabulary.IsByteLevel)
            return word.ToString();
        byte[] bytes = new byte[Encoding.UTF8.GetByteCount(word)];
        Encoding.UTF8.GetBytes(word, bytes);
        return ByteSymbols.Spell(bytes);
    }

    private void AppendSymbols(ReadOnlySpan<char> word, IdBuffer ids)
    {
        bool pendingUnknown = false;
        Span<byte> bytes = stackalloc byte[4];
        foreach (Rune rune in word.EnumerateRunes())
        {
            int length = rune.EncodeToUtf8(bytes);
            if (!_vocabulary.IsByteLevel)
            {
                AppendSymbol(IdOf(rune), bytes[..length], ids, ref pendingUnknown);
                continue;
            }

            foreach (byte value in bytes[..length])
                AppendSymbol(_charIds[ByteSymbols.All[value]], bytes[..length], ids, ref pendingUnknown);
        }

        if (pendingUnknown)
            ids.Append(_vocabulary.UnknownId!.Value);
    }

    private int IdOf(Rune rune) =>
        rune.IsBmp ? _charIds[rune.Value] : _vocabulary.Ids.GetValueOrDefault(rune.ToString(), Missing);

    /// <summary>An unknown symbol waits, as it may fuse with the next one; bytes of fallback overtake it (so does Hugging Face).</summary>
    private void AppendSymbol(int id, ReadOnlySpan<byte> bytes, IdBuffer ids, ref bool pendingUnknown)
    {
        if (id == Missing && TryAppendFallback(bytes, ids))
            return;
        bool isUnknown = id == Missing;
        if (isUnknown && _vocabulary.UnknownId is null)
            return;
        if (pendingUnknown && !(isUnknown && _vocabulary.FusesUnknown))
            ids.Append(_vocabulary.UnknownId!.Value);
        pendingUnknown = isUnknown;
        if (!isUnknown)
            ids.Append(id);
    }

    private bool TryAppendFallback(ReadOnlySpan<byte> bytes, IdBuffer ids)
    {
        if (_fallbackIds is null)
            return false;
        foreach (byte value in bytes)
        {
            if (_fallbackIds[value] == Missing)
                return false;
        }

        foreach (byte value in bytes)
            ids.Append(_fallbackIds[value]);
        return true;
    }

    /// <summary>
    /// Seams need every symbol to be its own text and to stay in its place: no merges of fallback or unknown tokens,
    /// no unknowns that vanish or fuse over a seam, no words looked up whole, and one text an id.
    /// </summary>
    private SeamTable? BuildSeams()
    {
        bool everyCharacterStays = _fallbackIds is null
            ? _vocabulary is { UnknownId: not null, FusesUnknown: false }
            : !_fallbackIds.Contains(Missing);
        if (_vocabulary.IsByteLevel || _vocabulary.IgnoresMerges || !everyCharacterStays)
            return null;
        // An unused token falls apart as the whole text says; where there is one way only, a part of the text says the same.
        IEnumerable<Merge> unused = _vocabulary.Merges.Where(merge => _vocabulary.UnusedIds.Contains(merge.Id));
        if (unused.CountBy(merge => merge.Id).Any(entry => entry.Value > 1))
            return null;
        HashSet<int> special = [.. _fallbackIds ?? [], _vocabulary.UnknownId ?? Missing];
        if (_vocabulary.Merges.Any(merge => special.Contains(merge.Left) || special.Contains(merge.Right)))
            return null;
        Dictionary<int, string> texts = [];
        foreach ((string text, int id) in _vocabulary.Ids)
        {
            if (!texts.TryAdd(id, text))
                return null;
        }

        return new SeamTable(_vocabulary.Merges.Select(merge => (texts[merge.Left], texts[merge.Right])));
    }
}
