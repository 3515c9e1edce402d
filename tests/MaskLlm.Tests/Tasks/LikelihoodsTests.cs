using MaskLlm.Decoding;
using MaskLlm.Evaluation;
using MaskLlm.Models;
using MaskLlm.Products;
using MaskLlm.Tasks;
using MaskLlm.Tests.Decoding;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Tasks;

/// <summary>A context that is run once for all its continuations, by both engines, against a forward pass for each.</summary>
[Collection(TorchTests.Name)]
public sealed class LikelihoodsTests
{
    public static TheoryData<string> Models =>
    [
        .. Directory.GetDirectories(Fixture.PathOf("models")).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Models))]
    public void Score_SharedContexts_IsThatOfEveryTextAlone(string name)
    {
        using Decoder model = Checkpoint.Load(Fixture.PathOf($"models/{name}"));
        ScoredText[] texts = Texts(model.Config.VocabularySize, Math.Min(48, model.Config.MaxPositions), name.Length);
        List<Likelihood> alone = [.. texts.SelectMany(text =>
            text.Continuations.Select(continuation => Direct(model, text.Context, continuation)))];
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
        Assert.Throws<OperationCanceledException>(() => new TorchLikelihoods(model).Score(Texts(64, 20, 1), (_, _) => { }, new(true)));
    }

    /// <summary>Greedy is a continuation whose every token is the most probable one.</summary>
    [Fact]
    public void Score_MostProbableTokens_AreGreedy()
    {
        using Decoder model = Checkpoint.Load(Fixture.PathOf("models/llama-gqa-tied"));
        int[] context = [3, 1, 4];
        List<int> ids = [.. context];
        for (int i = 0; i < 4; i++) ids.Add(Most(model, ids));
        int[] greedy = [.. ids.Skip(3)], other = [.. greedy[..3], (greedy[3] + 1) % model.Config.VocabularySize];
        List<Likelihood> found = Score(new TorchLikelihoods(model), [new(context, [greedy, other, greedy[..1]])]);
        Assert.Equal([true, false, true], found.Select(one => one.IsGreedy));
    }

    private static int Most(Decoder model, List<int> ids)
    {
        using DisposeScope scope = NewDisposeScope();
        return (int)model.Forward(TokenBatch.Of([.. ids], 1, CPU))[0, ids.Count - 1].argmax().item<long>();
    }

    private static Likelihood Direct(Decoder model, int[] context, int[] continuation)
    {
        using DisposeScope scope = NewDisposeScope();
        int[] ids = [.. context, .. continuation];
        Tensor logits = model.Forward(TokenBatch.Of(ids.AsSpan(0, ids.Length - 1), 1, CPU))[0].to(ScalarType.Float64);
        Tensor log = nn.functional.log_softmax(logits, 1);
        Likelihood sum = new(0, true);
        for (int i = 0; i < continuation.Length; i++)
        {
            using Tensor row = log[context.Length - 1 + i];
            sum = sum.With(row[continuation[i]].item<double>(), row.argmax().item<long>() == continuation[i]);
        }
        return sum;
    }

    private static List<Likelihood> Score(ILikelihoods model, ScoredText[] texts)
    {
        Likelihood[][] found = new Likelihood[texts.Length][];
        model.Score(texts, (index, likelihoods) => found[index] = likelihoods, CancellationToken.None);
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

    // From one token to the positions that there are, with one to five continuations.
    private static ScoredText[] Texts(int vocabulary, int longest, int seed)
    {
        Random random = new(seed);
        int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(vocabulary))];
        return
        [
            .. Enumerable.Range(0, 12).Select(number =>
            {
                int context = number == 0 ? 1 : number == 1 ? longest - 1 : random.Next(1, longest - 4);
                int most = longest + 1 - context;
                IEnumerable<int> endings = Enumerable.Range(0, 1 + number % 5);
                return new ScoredText(Ids(context), [.. endings.Select(_ => Ids(random.Next(1, Math.Min(9, most) + 1)))]);
            }),
        ];
    }
}
