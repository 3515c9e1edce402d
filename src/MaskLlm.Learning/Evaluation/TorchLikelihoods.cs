using MaskLlm.Models;
using MaskLlm.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Evaluation;

/// <summary>Likelihoods of continuations by libtorch: what the texts of a document begin with is run once for all of them, and documents of
/// similar length together.</summary>
/// <param name="model">With whatever weights its linear layers have.</param>
/// <param name="isNaive">One forward pass for each continuation, to measure against.</param>
internal sealed class TorchLikelihoods(Decoder model, bool isNaive = false) : ILikelihoods
{
    // Tokens run together, with what fills rows up; more only costs memory.
    private const int TokensAtOnce = 2048;

    public int MaxPositions => model.Config.MaxPositions;

    // Where the rotary embedding depends on how long a text is, each text is run by itself.
    private bool RunsAlone => isNaive || model.Config.RotaryDependsOnLength;

    public void Score(IReadOnlyList<ScoredText> texts, Action<int, Likelihood[]> scored, Action<double>? passed,
        CancellationToken cancellation)
    {
        ScoredBatches batches = new(texts, RunsAlone, some => some.Count() * some.Max(text => text.Tokens), TokensAtOnce, scored);
        (int[] Ids, List<Predicted> Predicted)[] placed = [.. Enumerable.Range(0, batches.Count).Select(batch => Place(batches[batch]))];
        BlockPass.Run(model, batches.Count,
            batch => (TokenBatch.Of(placed[batch].Ids, batches[batch].Length, model.Device), Branches(batches[batch])),
            (batch, hidden) => batches.Answer(batch, Answers(batches[batch], placed[batch].Predicted, hidden)), passed, cancellation);
    }

    // A single ending is the text itself, and what fills a row up comes after it.
    private TextBranches? Branches(ScoredText[] texts) => texts.All(text => text.Endings.Count == 1) ? null : TextBranches.Of(
        [.. texts.Select(text => (text.Beginning.Length, (IReadOnlyList<int>)[.. text.Endings.Select(one => one.Ids.Length - 1)]))],
        texts.Max(text => text.Tokens), model.Device);

    private Likelihood[][] Answers(ScoredText[] texts, List<Predicted> predicted, Tensor hidden)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor rows = hidden.reshape(-1, model.Config.HiddenSize);
        Likelihood[][] found = [.. texts.Select(text => Likelihood.Starts(text.Endings.Count))];
        foreach (Predicted[] chunk in predicted.Chunk(VocabularyLoss.ChunkTokens(model.Config.VocabularySize)))
            Add(rows, chunk, found);
        return found;
    }

    private static (int[] Ids, List<Predicted> Predicted) Place(ScoredText[] texts)
    {
        int tokens = texts.Max(text => text.Tokens);
        int[] ids = new int[texts.Length * tokens];
        List<Predicted> predicted = [];
        for (int row = 0; row < texts.Length; row++) Place(texts[row], row, row * tokens, ids, predicted);
        return (ids, predicted);
    }

    // Tokens of a row, and which of them predicts what.
    private static void Place(ScoredText text, int row, int at, int[] ids, List<Predicted> predicted)
    {
        text.Beginning.CopyTo(ids.AsSpan(at));
        int begin = at;
        at += text.Beginning.Length;
        for (int ending = 0; ending < text.Endings.Count; ending++)
        {
            int[] own = text.Endings[ending].Ids;
            own.AsSpan(0, own.Length - 1).CopyTo(ids.AsSpan(at));
            foreach ((int place, int next) in text.Predictions(ending))
                predicted.Add(new Predicted(place < text.Beginning.Length ? begin + place : at + place - text.Beginning.Length, next, row,
                    ending));
            at += own.Length - 1;
        }
    }

    private void Add(Tensor hidden, Predicted[] chunk, Likelihood[][] found)
    {
        using DisposeScope scope = NewDisposeScope();
        long[] places = [.. chunk.Select(one => (long)one.Place).Distinct()];
        Dictionary<long, int> rows = places.Index().ToDictionary(pair => pair.Item, pair => pair.Index);
        Tensor logits = model.Head.Call(hidden.index_select(0, tensor(places, device: hidden.device))).to(ScalarType.Float32);   // (n, V)
        Tensor row = tensor(chunk.Select(one => (long)rows[one.Place]).ToArray(), device: hidden.device);
        long[] targets = [.. chunk.Select(one => (long)rows[one.Place] * model.Config.VocabularySize + one.Target)];
        Tensor each = logits.view(-1).index_select(0, tensor(targets, device: hidden.device))
            .Plus(logits.logsumexp(1).index_select(0, row), -1).cpu().contiguous();
        Tensor most = logits.argmax(1).index_select(0, row).cpu().contiguous();
        Span<float> values = TensorBytes.Floats(each);
        Span<long> largest = TensorBytes.Longs(most);
        for (int i = 0; i < chunk.Length; i++)
        {
            if (!float.IsFinite(values[i]))
                throw new InvalidDataException("the likelihood of a choice is NaN or infinite; the model's weights are damaged, or too "
                    + "large for its arithmetic.");
            ref Likelihood sum = ref found[chunk[i].Row][chunk[i].Ending];
            sum = sum.With(values[i], largest[i] == chunk[i].Target);
        }
    }

    /// <summary>A token that is predicted.</summary>
    /// <param name="Place">Of the hidden state that predicts it, over all rows.</param>
    /// <param name="Target">Its id.</param>
    /// <param name="Row">Of its text.</param>
    /// <param name="Ending">Of the text.</param>
    private readonly record struct Predicted(int Place, int Target, int Row, int Ending);
}
