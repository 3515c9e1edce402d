using CsCheck;
using MaskLlm.Serving;

namespace MaskLlm.Tests.Serving;

/// <summary>Where a text is cut, however it comes in pieces.</summary>
public class StopTextsTests
{
    [Fact]
    public void Add_WhatCouldBeginAStop_Waits()
    {
        StopTexts stops = new(["END", "\n\n"]);
        Assert.Equal("one ", stops.Add("one E"));
        Assert.Equal("", stops.Add("N"));
        Assert.Equal("ENd ", stops.Add("d \n"));
        Assert.Equal("\nE", stops.Add("EE"));
        Assert.False(stops.IsFound);
        Assert.Equal("", stops.Add("ND and more"));
        Assert.True(stops.IsFound);
        Assert.Equal("", stops.Add("more"));
        Assert.Equal("", stops.Flush());
    }

    [Fact]
    public void Flush_NoStopCame_GivesWhatWaited()
    {
        StopTexts stops = new(["abc"]);
        Assert.Equal("x", stops.Add("xab"));
        Assert.Equal("ab", stops.Flush());
    }

    [Fact]
    public void Add_SpecialTokens_AreLookedAtAndNotGiven()
    {
        StopTexts stops = new(["<end>", "x<a>y"]);
        Assert.Equal("one", stops.Add("one", "<begin>"));
        // What waited before a special token is given without it.
        Assert.Equal("", stops.Add("x", "<a>"));
        Assert.Equal("xz", stops.Add("z"));
        Assert.Equal("", stops.Add("x", "<a>"));
        Assert.Equal("x", stops.Flush());
        Assert.Equal("two ", stops.Add("two ", "<end>"));
        Assert.True(stops.IsFound);
        Assert.Equal("", stops.Add("more"));
    }

    [Fact]
    public void Add_NoStopTexts_HoldsNothing() => Assert.Equal("abc", new StopTexts([]).Add("abc"));

    [Fact]
    public void Add_AnyPieces_CutAsTheWholeText() =>
        Gen.Select(Gen.String[Gen.Char["ab"], 0, 30], Gen.String[Gen.Char["ab"], 1, 4].Array[1, 3], Gen.Int[1, 5])
            .Sample((text, stops, size) =>
        {
            StopTexts pieces = new(stops);
            string got = string.Concat(text.Chunk(size).Select(piece => pieces.Add(new string(piece)))) + pieces.Flush();
            // The stop that ends first is seen first; one that begins earlier and ends later has not come yet.
            int cut = Enumerable.Range(0, text.Length + 1).Where(end => end % size == 0 || end == text.Length)
                .Select(end => stops.Select(stop => text[..end].IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0)
                    .DefaultIfEmpty(-1).Min())
                .FirstOrDefault(at => at >= 0, -1);
            return got == (cut < 0 ? text : text[..cut]) && pieces.IsFound == cut >= 0;
        });
}
