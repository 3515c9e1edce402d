namespace MaskLlm.Tokens;

/// <summary>Reads SentencePiece's <c>tokenizer.model</c> (a protocol buffer) where it is a byte-pair model, as Llama 2's is.</summary>
internal static class SentencePieceReader
{
    private const string Space = "\u2581";

    // SentencePiece's trainer makes 16 at most where it is not told otherwise; every way to cut a piece into two is tried.
    private const int LongestPiece = 512;

    /// <summary>The parts that the file describes; special tokens are a begin token, as Llama adds.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    /// <exception cref="NotSupportedException">Another kind of model, or an option that is not supported.</exception>
    public static TokenizerParts Read(byte[] bytes, string file)
    {
        SentencePieceModel model = SentencePieceModel.Parse(bytes, file);
        Check(model, file);
        // Symbols merge to all of these; unused ones are on the way only.
        int[] known = [.. IdsOf(model, PieceKind.Normal, PieceKind.UserDefined, PieceKind.Unused)];
        // Control, unknown and byte pieces win over others of their text.
        Dictionary<string, int> ids = [];
        foreach (int id in IdsOf(model, PieceKind.Control, PieceKind.Unknown, PieceKind.Byte).Concat(known))
            ids.TryAdd(model.Pieces[id].Text, id);
        List<Merge> merges = Merges(model, known);
        return new TokenizerParts
        {
            Vocabulary = new Vocabulary
            {
                Ids = ids,
                Merges = merges,
                HasByteFallback = model.HasByteFallback,
                UnknownId = model.UnknownId,
                FusesUnknown = true,
                WholeTokens = [.. IdsOf(model, PieceKind.UserDefined).Select(id => model.Pieces[id].Text)],
                UnusedIds = IdsOf(model, PieceKind.Unused).ToHashSet(),
            },
            ControlTokens = [.. Controls(model)],
            Defaults = [.. Defaults(model)],
            Normalizer = Normalization(model),
            Template = model.BeginId >= 0 ? new SpecialTemplate([model.BeginId], []) : SpecialTemplate.None,
            Decoder = new SentencePieceDecoder(
                model.AddsDummyPrefix,
                model.Pieces.Where(piece => piece.Kind == PieceKind.Control).Select(piece => piece.Text).ToHashSet(),
                model.Pieces[model.UnknownId].Text),
        };
    }

    private static IEnumerable<int> IdsOf(SentencePieceModel model, params PieceKind[] kinds) =>
        Enumerable.Range(0, model.Pieces.Count).Where(id => kinds.Contains(model.Pieces[id].Kind));

    private static void Check(SentencePieceModel model, string file)
    {
        const string Advice = "Convert the tokenizer to tokenizer.json with Hugging Face transformers.";
        string? what = model switch
        {
            { IsBytePair: false } => $"a model of {KindOf(model)}, not byte-pair (BPE),",
            { HasCharacterMap: true } => "a character map (normalization other than 'identity')",
            { RemovesExtraSpaces: true } => "remove_extra_whitespaces",
            { EscapesSpaces: false } => "escape_whitespaces off",
            { PutsSpaceBehind: true } => "treat_whitespace_as_suffix",
            _ => null,
        };
        if (what is not null)
            throw new NotSupportedException($"{file}: {what} is not supported. {Advice}");
        if (model.BeginId >= model.Pieces.Count)
            throw new InvalidDataException($"{file}: {model.Pieces.Count} pieces, but the begin piece is {model.BeginId}.");
        int longest = model.Pieces.FindIndex(piece =>
            piece.Kind is PieceKind.Normal or PieceKind.Unused && piece.Text.Length > LongestPiece);
        if (longest >= 0)
        {
            throw new InvalidDataException(
                $"{file}: piece {longest} has {model.Pieces[longest].Text.Length} characters, and at most {LongestPiece} are merged. "
                + "Fetch the file again.");
        }
    }

    private static string KindOf(SentencePieceModel model) => model.ModelKind switch
    {
        1 => "unigrams",
        3 => "words",
        4 => "characters",
        var kind => $"the kind {kind}",
    };

    private static IEnumerable<AddedToken> Controls(SentencePieceModel model)
    {
        for (int id = 0; id < model.Pieces.Count; id++)
        {
            if (model.Pieces[id] is { Kind: PieceKind.Control or PieceKind.Unknown, Text.Length: > 0 } piece)
                yield return new AddedToken(piece.Text, id) { IsSpecial = true };
        }
    }

    private static IEnumerable<KeyValuePair<string, string>> Defaults(SentencePieceModel model)
    {
        foreach ((string kind, int id) in new[] { (SpecialTokenNames.Begin, model.BeginId), (SpecialTokenNames.End, model.EndId),
            (SpecialTokenNames.Unknown, model.UnknownId) })
        {
            // Sentences are begun and ended by control pieces; a number that points at a word means nothing.
            if ((uint)id < (uint)model.Pieces.Count
                && model.Pieces[id] is { Kind: PieceKind.Control or PieceKind.Unknown, Text.Length: > 0 } piece)
                yield return KeyValuePair.Create(kind, piece.Text);
        }
    }

    private static Normalizer Normalization(SentencePieceModel model)
    {
        Normalizer.ReplaceText escape = new(" ", Space);
        return model.AddsDummyPrefix ? new Normalizer.Sequence([new Normalizer.Prepend(Space), escape]) : escape;
    }

    /// <summary>
    /// SentencePiece merges any two neighbours whose joined text is a piece, the best score first: so every way to cut a
    /// piece into two pieces is a merge, and pieces of one score have one rank.
    /// </summary>
    private static List<Merge> Merges(SentencePieceModel model, int[] known)
    {
        Dictionary<string, int> ids = known.DistinctBy(id => model.Pieces[id].Text).ToDictionary(id => model.Pieces[id].Text);
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        Dictionary<float, int> ranks = known.Select(id => model.Pieces[id].Score).Distinct().OrderDescending()
            .Select((score, rank) => (score, rank)).ToDictionary(entry => entry.score, entry => entry.rank);
        List<Merge> merges = [];
        foreach ((string text, int id) in ids)
        {
            for (int cut = 1; cut < text.Length && cut <= LongestPiece; cut++)
            {
                if (lookup.TryGetValue(text.AsSpan(0, cut), out int left) && lookup.TryGetValue(text.AsSpan(cut), out int right))
                    merges.Add(new Merge(left, right, ranks[model.Pieces[id].Score], id));
            }
        }

        return merges;
    }
}
