using MaskLlm.Decoding;
using MaskLlm.Evaluation;
using MaskLlm.Models;
using MaskLlm.Products;
using MaskLlm.Tasks;
using MaskLlm.Tests.Decoding;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Tasks;

/// <summary>What texts begin with is run once for all of them, by both engines; held against a forward pass for each.</summary>
[Collection(TorchTests.Name)]
public sealed class LikelihoodsTests
{
    public static TheoryData<string> Models =>
    [
        .. Directory.GetDirectories(Fixture.PathOf("models")).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Models))]
    public void Score_SharedBeginnings_IsThatOfEveryTextAlone(string name)
    {
        using Decoder model = Checkpoint.Load(Fixture.PathOf($"models/{name}"));
        (int[] Ids, int Scored)[][] groups = Texts(model.Config.VocabularySize, Math.Min(48, model.Config.MaxPositions), name.Length);
        List<Likelihood> alone = [.. groups.SelectMany(group => group.Select(text => Direct(model, text.Ids, text.Scored)))];
        ScoredText[] texts = [.. groups.Select(ScoredText.Of)];
        AssertSame(alone, Score(new TorchLikelihoods(model), texts));
        AssertSame(alone, Score(new TorchLikelihoods(model, isNaive: true), texts));

        using TemporaryFolder folder = new();
        using RuntimeModel packed = RuntimeFiles.Export(folder, name, WeightType.Float32);
        foreach (int atOnce in (int[])[7, 128])
        {
            using RuntimeDecoder decoder = new(packed,
                new RuntimeDecoderOptions { Threads = 2, TokensAtOnce = atOnce, CacheBytes = 64 << 20 });
            AssertSame(alone, Score(new RuntimeLikelihoods(decoder, packed.Config), texts));
        }
    }

    [Fact]
    public void Score_Cancelled_Stops()
    {
        using Decoder model = Checkpoint.Load(Fixture.PathOf("models/llama-gqa-tied"));
        ScoredText[] texts = [ScoredText.Of([([1, 2, 3], 1)])];
        Assert.Throws<OperationCanceledException>(() => new TorchLikelihoods(model).Score(texts, (_, _) => { }, null, new(true)));
    }

    /// <summary>Greedy is a continuation whose every token is the most probable one.</summary>
    [Fact]
    public void Score_MostProbableTokens_AreGreedy()
    {
        using Decoder model = Checkpoint.Load(Fixture.PathOf("models/llama-gqa-tied"));
        int[] context = [3, 1, 4];
        List<int> ids = [.. context];
        for (int i = 0; i < 4; i++) ids.Add(Most(model, ids));
        int[] greedy = [.. ids], other = [.. greedy[..6], (greedy[6] + 1) % model.Config.VocabularySize];
        List<Likelihood> found = Score(new TorchLikelihoods(model), [ScoredText.Of([(greedy, 4), (other, 4), (greedy[..4], 1)])]);
        Assert.Equal([true, false, true], found.Select(one => one.IsGreedy));
    }

    private static int Most(Decoder model, List<int> ids)
    {
        using DisposeScope scope = NewDisposeScope();
        return (int)model.Forward(TokenBatch.Of([.. ids], 1, CPU))[0, ids.Count - 1].argmax().item<long>();
    }

    /// <summary>A pair of sentences shares what it begins with, though all of it is scored.</summary>
    [Fact]
    public void Of_TextsThatBeginAlike_HoldsTheBeginningOnce()
    {
        ScoredText text = ScoredText.Of([([1, 2, 3, 4, 5], 4), ([1, 2, 3, 6], 3), ([1, 2, 3], 1)]);
        Assert.Equal([1, 2], text.Beginning);
        Assert.Equal(2 + 2 + 1 + 0, text.Tokens);
        Assert.Equal([(0, 2), (1, 3), (2, 4), (3, 5)], text.Predictions(0));
        Assert.Equal([(0, 2), (1, 3), (2, 6)], text.Predictions(1));
        Assert.Equal([(1, 3)], text.Predictions(2));
    }

    private static Likelihood Direct(Decoder model, int[] ids, int scored)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = model.Forward(TokenBatch.Of(ids.AsSpan(0, ids.Length - 1), 1, CPU))[0].to(ScalarType.Float64);
        Tensor log = nn.functional.log_softmax(logits, 1);
        Likelihood sum = new(0, true);
        for (int next = ids.Length - scored; next < ids.Length; next++)
        {
            using Tensor row = log[next - 1];
            sum = sum.With(row[ids[next]].item<double>(), row.argmax().item<long>() == ids[next]);
        }
        return sum;
    }

    private static List<Likelihood> Score(ILikelihoods model, ScoredText[] texts)
    {
        Likelihood[][] found = new Likelihood[texts.Length][];
        model.Score(texts, (index, likelihoods) => found[index] = likelihoods, null, CancellationToken.None);
        return [.. found.SelectMany(each => each)];
    }

    private static void AssertSame(List<Likelihood> expected, List<Likelihood> found)
    {
        Assert.Equal(expected.Count, found.Count);
        foreach ((Likelihood wanted, Likelihood got) in expected.Zip(found))
        {
            Assert.Equal(wanted.LogLikelihood, got.LogLikelihood, 2e-3);
            Assert.True(wanted.IsGreedy == got.IsGreedy, $"{wanted} {got}");
        }
    }

    // One to five texts that begin alike, of two tokens to one more than the positions that there are.
    private static (int[] Ids, int Scored)[][] Texts(int vocabulary, int longest, int seed)
    {
        Random random = new(seed);
        int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(vocabulary))];
        return
        [
            .. Enumerable.Range(0, 12).Select(number =>
            {
                int[] beginning = Ids(number == 0 ? 1 : number == 1 ? longest : random.Next(1, longest - 3));
                int most = Math.Min(9, longest + 1 - beginning.Length);
                return Enumerable.Range(0, 1 + number % 5).Select(_ =>
                {
                    int[] ids = [.. beginning, .. Ids(random.Next(1, most + 1))];
                    return (ids, random.Next(1, ids.Length));
                }).ToArray();
            }),
        ];
    }
}
