namespace MaskLlm.Tokens;

/// <summary>A growing vocabulary: texts by id and ids by text.</summary>
internal sealed class TokenList
{
    private readonly List<string> _texts = [];
    private readonly Dictionary<string, int> _ids = [];

    /// <summary>Starts with some tokens; a text that comes twice counts once.</summary>
    public TokenList(IEnumerable<string> texts)
    {
        foreach (string text in texts)
            AddOrFind(text);
    }

    /// <summary>How many there are.</summary>
    public int Count => _texts.Count;

    /// <summary>All texts; the id is the index.</summary>
    public IReadOnlyList<string> Texts => _texts;

    /// <summary>The id of each byte's symbol.</summary>
    public int[] ByteIds => [.. ByteSymbols.All.Select(symbol => _ids[symbol.ToString()])];

    /// <summary>The id of two tokens joined: a new one, unless other tokens have joined to that text before.</summary>
    public int Join(int left, int right) => AddOrFind(_texts[left] + _texts[right]);

    private int AddOrFind(string text)
    {
        if (_ids.TryGetValue(text, out int id))
            return id;
        _texts.Add(text);
        return _ids[text] = _texts.Count - 1;
    }
}
