using CsCheck;
using MaskLlm.Tokens;

namespace MaskLlm.Tests.Tokens;

public class BpeTrainerTests
{
    private const int FirstMerged = 257;

    [Fact]
    public void Train_SmallText_MakesFrequentWordsOneToken()
    {
        Tokenizer tokenizer = Train(["the mask keeps the weight, the mask drops the weight; the mask learns"], 300);
        foreach (string word in (string[])["the", " mask", " the"])
            Assert.Single(tokenizer.Encode(word));
        Assert.Equal([0], tokenizer.Encode("<|endoftext|>"));
        Assert.True(tokenizer.TryGetId("!", out int first));
        Assert.Equal(1, first);
    }

    [Fact]
    public void Train_AnyText_RoundTrips()
    {
        Tokenizer tokenizer = Train(["some text, sòme têxt, текст 文本"], 290);
        TextGen.Texts.Sample(text => Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text))), iter: 500);
    }

    [Fact]
    public void Train_Twice_WritesTheSameFile()
    {
        string[] documents = ["one two three two", "two three", "four one", "three two one"];
        Assert.Equal(Train(documents, 280).Hash, Train([.. documents.Reverse()], 280).Hash);
    }

    [Fact]
    public void Train_TextRunsOut_GivesASmallerVocabulary() => Assert.Equal(FirstMerged + 1, Train(["ab"], 1000).VocabularySize);

    [Fact]
    public void Train_TooSmallOrDoubleTokens_IsRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Train(["a"], FirstMerged - 1));
        Assert.Throws<ArgumentException>(() => BpeTrainer.Train(["a"], 300, ["<s>", "<s>"]));
        Assert.Throws<ArgumentException>(() => BpeTrainer.Train(["a"], 300, [""]));
    }

    [Fact]
    public void Run_RandomWords_EqualsCountingAllOverAgain()
    {
        Gen<(string, long)> words = Gen.Select(Gen.Char['a', 'c'].Array[1, 8].Select(letters => new string(letters)), Gen.Long[1, 9]);
        words.Array[1, 12].Sample(list =>
        {
            Dictionary<string, long> counts = list.DistinctBy(entry => entry.Item1)
            .ToDictionary(entry => entry.Item1, entry => entry.Item2);
            List<(int Left, int Right)> merges = new PairMerger(counts, NewTokens()).Run(FirstMerged + 20);
            Assert.Equal(NaiveMerges(counts, FirstMerged + 20), merges);
        }, iter: 400);
    }

    private static TokenList NewTokens() => new(["<|endoftext|>", .. ByteSymbols.All.Order().Select(symbol => symbol.ToString())]);

    /// <summary>The definition: count every pair, merge the most frequent one (of equals the lowest), start again.</summary>
    private static List<(int Left, int Right)> NaiveMerges(Dictionary<string, long> counts, int size)
    {
        TokenList tokens = NewTokens();
        List<(List<int> Ids, long Count)> words = counts
            .Select(entry => (Ids: entry.Key.Select(letter => tokens.ByteIds[letter]).ToList(), Count: entry.Value)).ToList();
        List<(int, int)> merges = [];
        while (tokens.Count < size)
        {
            List<((int First, int Second) Pair, long Count)> pairs = words
                .SelectMany(word => word.Ids.Zip(word.Ids.Skip(1)).Select(pair => (pair, word.Count)))
                .GroupBy(entry => entry.pair, entry => entry.Count).Select(group => (Pair: group.Key, Count: group.Sum())).ToList();
            if (pairs.Count == 0)
                break;
            (int First, int Second) best = pairs.OrderByDescending(entry => entry.Count).ThenBy(entry => entry.Pair).First().Pair;
            merges.Add(best);
            int joined = tokens.Join(best.First, best.Second);
            foreach ((List<int> ids, long _) in words)
            {
                for (int i = 0; i + 1 < ids.Count; i++)
                {
                    if ((ids[i], ids[i + 1]) != best)
                        continue;
                    ids[i] = joined;
                    ids.RemoveAt(i + 1);
                }
            }
        }

        return merges;
    }

    private static Tokenizer Train(string[] documents, int size)
    {
        string file = Path.Combine(Directory.CreateTempSubdirectory().FullName, "tokenizer.json");
        File.WriteAllBytes(file, BpeTrainer.Train(documents, size, ["<|endoftext|>"]));
        return Tokenizer.FromFile(file);
    }
}
