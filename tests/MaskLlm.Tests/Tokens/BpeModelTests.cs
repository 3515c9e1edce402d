using CsCheck;
using MaskLlm.Tokens;

namespace MaskLlm.Tests.Tokens;

public class BpeModelTests
{
    [Fact]
    public void Append_WordWithSeams_EqualsTheWordUncut()
    {
        Gen<int[][]> random = Gen.Int[0, 1000].Array[2].Array[0, 30];
        Gen.Select(random, Gen.Char['a', 'g'].Array[0, 120]).Sample((pairs, letters) =>
        {
            BpeModel model = new(RandomVocabulary(pairs));
            Assert.True(model.HasSeams);
            (IdBuffer? cut, IdBuffer? uncut) = (new IdBuffer(), new IdBuffer());
            model.Append(letters, cut);
            model.AppendUncached(letters, uncut);
            Assert.Equal(uncut.Span.ToArray(), cut.Span.ToArray());
        }, iter: 1000);
    }

    [Fact]
    public void Append_SameWordTwice_GivesTheSameIds()
    {
        BpeModel model = new(RandomVocabulary([[0, 1], [6, 2]]));
        IdBuffer ids = new();
        model.Append("abcabd", ids);
        model.Append("abcabd", ids);
        Assert.Equal([7, 6, 3, 7, 6, 3], ids.Span.ToArray());
    }

    [Fact]
    public void HasSeams_UnknownThatVanishesOrFuses_HasNone()
    {
        Vocabulary vocabulary = RandomVocabulary([[0, 1]]);
        Assert.False(new BpeModel(vocabulary with { UnknownId = null }).HasSeams);
        Assert.False(new BpeModel(vocabulary with { FusesUnknown = true }).HasSeams);
        Assert.False(new BpeModel(vocabulary with { IgnoresMerges = true }).HasSeams);
    }

    /// <summary>Letters a to f, a token for each pair of earlier tokens, and one for the unknown.</summary>
    private static Vocabulary RandomVocabulary(int[][] pairs)
    {
        List<string> texts = "abcdef".Select(letter => letter.ToString()).ToList();
        List<Merge> merges = [];
        foreach (int[] pair in pairs)
        {
            (int left, int right) = (pair[0] % texts.Count, pair[1] % texts.Count);
            if (texts.Contains(texts[left] + texts[right]))
                continue;
            merges.Add(new Merge(left, right, merges.Count, texts.Count));
            texts.Add(texts[left] + texts[right]);
        }

        return new Vocabulary
        {
            Ids = texts.Select((text, id) => (text, id)).ToDictionary(entry => entry.text, entry => entry.id),
            Merges = merges,
            UnknownId = 1000,
        };
    }
}
