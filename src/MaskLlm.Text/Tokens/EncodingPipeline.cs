namespace MaskLlm.Tokens;

/// <summary>From text to ids: added tokens, normalization, words, merges.</summary>
/// <remarks>
/// A long text is encoded on all processors. It is cut only between segments, and within a segment only where the cut
/// provably leaves the ids as they are: at a certain word end (<see cref="WordScanner.IsAlwaysAnEnd"/>) or at a seam of
/// the merges (<see cref="SeamTable"/>). A pipeline that knows no such place encodes each segment in one piece.
/// </remarks>
internal sealed class EncodingPipeline
{
    /// <summary>UTF-16 units from which on the work is split.</summary>
    internal const int LongText = 1 << 19;

    private const int ChunkLength = 1 << 16;
    private readonly AddedVocabulary _added;
    private readonly IReadOnlyList<PreTokenizer> _steps;
    private readonly BpeModel _model;
    private readonly bool _cutsAtWordEnds;
    private readonly bool _cutsAtSeams;

    /// <summary>Puts the parts together.</summary>
    public EncodingPipeline(AddedVocabulary added, IReadOnlyList<PreTokenizer> steps, BpeModel model)
    {
        (_added, _steps, _model) = (added, steps, model);
        _cutsAtWordEnds = steps.SkipWhile(step => step.IsCharacterLocal).FirstOrDefault()?.EndsBetweenLetterAndSpace ?? false;
        _cutsAtSeams = model.HasSeams && steps.All(step => step.IsCharacterLocal);
    }

    /// <summary>The ids of a well-formed text; null where there are more than <paramref name="most"/>.</summary>
    public int[]? Encode(string text, int most)
    {
        if (text.Length >= LongText)
            return EncodeInParallel(text, ChunkLength, most);
        int[] ids = EncodeSequentially(text);
        return ids.Length > most ? null : ids;
    }

    /// <summary>On the calling thread, without cutting any segment.</summary>
    internal int[] EncodeSequentially(string text)
    {
        IdBuffer ids = new();
        foreach (Segment segment in _added.Split(text))
            Append(segment, ids);
        return ids.Span.ToArray();
    }

    /// <summary>On all processors, in chunks of at least <paramref name="chunkLength"/> units where segments are that long.</summary>
    /// <returns>Null where there are more ids than <paramref name="most"/>: chunks that are not begun by then are left.</returns>
    internal int[]? EncodeInParallel(string text, int chunkLength, int most = int.MaxValue)
    {
        List<List<Segment>> batches = Batches(_added.Split(text), chunkLength);
        IdBuffer[] results = new IdBuffer[batches.Count];
        long count = 0;
        Parallel.For(0, batches.Count, (index, loop) =>
        {
            if (Interlocked.Read(ref count) > most)
            {
                loop.Stop();
                return;
            }

            IdBuffer ids = new();
            foreach (Segment segment in batches[index])
                Append(segment, ids);
            Interlocked.Add(ref count, ids.Count);
            results[index] = ids;
        });
        return count > most ? null : Join(results);
    }

    private static int[] Join(IdBuffer[] results)
    {
        int[] joined = new int[results.Sum(result => result.Count)];
        int at = 0;
        foreach (IdBuffer result in results)
        {
            result.Span.CopyTo(joined.AsSpan(at));
            at += result.Count;
        }

        return joined;
    }

    private void Append(in Segment segment, IdBuffer ids)
    {
        if (segment.TokenId is { } id)
            ids.Append(id);
        else
            new PieceSink(_steps, 0, _model, ids).Emit(segment.Piece);
    }

    /// <summary>Short segments together and long ones cut, so that each batch is worth a processor's while.</summary>
    private List<List<Segment>> Batches(List<Segment> segments, int chunkLength)
    {
        List<List<Segment>> batches = [[]];
        int length = 0;
        foreach (Segment segment in segments.SelectMany(segment => Cut(segment, chunkLength)))
        {
            if (length >= chunkLength)
            {
                batches.Add([]);
                length = 0;
            }

            batches[^1].Add(segment);
            length += segment.Piece.Length;
        }

        return batches;
    }

    private IEnumerable<Segment> Cut(Segment segment, int chunkLength)
    {
        Piece piece = segment.Piece;
        int start = 0;
        while (segment.TokenId is null && piece.Length - start > chunkLength)
        {
            int end = NextCut(piece.Span, start + chunkLength);
            if (end < 0)
                break;
            yield return new Segment(piece.Slice(start, end), null);
            start = end;
        }

        yield return new Segment(piece.Slice(start, piece.Length), segment.TokenId);
    }

    private int NextCut(ReadOnlySpan<char> text, int from)
    {
        for (int at = from; (_cutsAtWordEnds || _cutsAtSeams) && at < text.Length; at++)
        {
            if (_cutsAtWordEnds ? WordScanner.IsAlwaysAnEnd(text, at) : _model.IsSeam(text, at))
                return at;
        }

        return -1;
    }
}
