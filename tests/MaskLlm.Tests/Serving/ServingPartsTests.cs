using System.Threading.Channels;
using MaskLlm.Decoding;
using MaskLlm.Serving;

namespace MaskLlm.Tests.Serving;

/// <summary>One text token by token with logits of a test's choice, and the numbers and words of the batch.</summary>
public sealed class ServingPartsTests
{
    // Of the fixture's tokenizer: any of its tokens can be drawn.
    private const int Vocabulary = 1500;

    [Fact]
    public void Fill_PromptInPieces_AsksForLogitsAfterTheLastOnly()
    {
        using ServedFixture served = new();
        using RunningText text = Begin(served, ServedFixture.Request([5, 6, 7, 8, 9], 3));
        BatchToken[] room = new BatchToken[3];
        Assert.True(text.IsInPrompt);
        Assert.Equal(3, text.Fill(room));
        Assert.Equal([(5, false), (6, false), (7, false)], room.Select(token => (token.Id, token.WantsLogits)));
        Assert.True(text.IsInPrompt);
        Assert.Equal(2, text.Fill(room));
        Assert.Equal([(8, false), (9, true)], room.Take(2).Select(token => (token.Id, token.WantsLogits)));
        Assert.False(text.IsInPrompt);
        text.Draw(Only(77), []);
        Assert.Equal(1, text.Fill(room));
        Assert.Equal((77, true), (room[0].Id, room[0].WantsLogits));
    }

    /// <summary>A completion goes on with half a letter of its prompt; a turn begins anew.</summary>
    [Theory]
    [InlineData(false, "☃")]
    [InlineData(true, "\uFFFD")]
    public void Draw_RestOfALetter_IsItsPromptsOrItsOwn(bool isTurn, string expected)
    {
        using ServedFixture served = new();
        int[] snow = served.Tokenizer.Encode("☃");
        using RunningText text = Begin(served, ServedFixture.Request([.. snow[..^1]], 1) with { IsTurn = isTurn });
        TextPiece piece = text.Draw(Only(snow[^1]), []);
        Assert.Equal((snow[^1], FinishReason.Length), (piece.Id, piece.Finish));
        Assert.Equal(expected[0], piece.Text[0]);
        Assert.Equal(expected.Length, piece.Text.Distinct().Count());
    }

    [Fact]
    public void Draw_EndsInAnyWay_GivesAllThatWaited()
    {
        using ServedFixture served = new();
        int a = Assert.Single(served.Tokenizer.Encode("a")), b = Assert.Single(served.Tokenizer.Encode("b")),
            half = served.Tokenizer.Encode("☃")[0];
        // At the most tokens.
        using (RunningText text = Begin(served, ServedFixture.Request([5], 2)))
        {
            Assert.Equal(new TextPiece(a, "a", null), text.Draw(Only(a), [1]));
            Assert.Equal(new TextPiece(b, "b", FinishReason.Length), text.Draw(Only(b), [1]));
        }
        // At an end token, of the model's or the request's, with what a stop text held back; also where it is the last that may come.
        foreach ((int end, int most) in new[] { (1, 9), (44, 9), (44, 3) })
        {
            using RunningText text = Begin(served, ServedFixture.Request([5], most, null, "abc") with { StopIds = [44] });
            Assert.Equal(new TextPiece(a, "", null), text.Draw(Only(a), [1]));
            Assert.Equal(new TextPiece(b, "", null), text.Draw(Only(b), [1]));
            Assert.Equal(new TextPiece(end, "ab", FinishReason.Stop), text.Draw(Only(end), [1]));
        }
        // At a stop text, and at one that only the half letter at the end completes.
        using (RunningText text = Begin(served, ServedFixture.Request([5], 2, null, "b")))
        {
            Assert.Equal(new TextPiece(a, "a", null), text.Draw(Only(a), [1]));
            Assert.Equal(new TextPiece(b, "", FinishReason.Stop), text.Draw(Only(b), [1]));
        }
        using (RunningText text = Begin(served, ServedFixture.Request([5], 1, null, "\uFFFD")))
            Assert.Equal(new TextPiece(half, "", FinishReason.Stop), text.Draw(Only(half), [1]));
        using (RunningText text = Begin(served, ServedFixture.Request([5], 1)))
            Assert.Equal(new TextPiece(half, "\uFFFD", FinishReason.Length), text.Draw(Only(half), [1]));
    }

    /// <summary>The prompt and what is drawn count as seen.</summary>
    [Fact]
    public void Draw_RepetitionPenalty_KnowsPromptAndAnswer()
    {
        using ServedFixture served = new();
        using RunningText text = Begin(served, ServedFixture.Request([7], 9, new SamplingOptions { RepetitionPenalty = 2 }));
        float[] logits = new float[Vocabulary];
        (logits[7], logits[8], logits[9]) = (1.9f, 1.5f, 1f);
        Assert.Equal([8, 9, 7], Enumerable.Range(0, 3).Select(_ => text.Draw(logits, []).Id));
    }

    [Theory]
    [InlineData(40, 64, 10, 40)]
    [InlineData(40, 64, 24, 40)]
    [InlineData(40, 64, 25, 39)]
    [InlineData(40, 64, 63, 1)]
    [InlineData(40, 1, 10, 22)]
    [InlineData(40, 1, 31, 1)]
    [InlineData(20, 1, 12, 20)]
    public void MostTokens_Prompt_IsTheLeastOfTheLimits(int mostOutput, int pages, int prompt, int expected)
    {
        using ServedFixture served = new(new ServingOptions { MaxOutput = mostOutput }, pages: pages);
        Assert.Equal(expected, served.Batch.MostTokens(prompt));
        int[] ids = [.. Enumerable.Repeat(5, prompt)];
        ChannelReader<TextPiece> pieces = served.Submit(ServedFixture.Request(ids, expected));
        TextRequest more = ServedFixture.Request(ids, expected + 1);
        if (prompt + expected + 1 > Math.Min(64, pages * KeyValuePages.Positions))
        {
            Assert.Equal("context_length_exceeded", Assert.Throws<RequestFieldException>(() => served.Submit(more)).Code);
        }
        else
        {
            // Beyond the server's own limit the text is cut there.
            ChannelReader<TextPiece> cut = served.Submit(more);
            served.RunAll();
            Assert.InRange(ServedFixture.Read(cut).Count, 1, mostOutput);
        }
        served.RunAll();
        Assert.InRange(ServedFixture.Read(pieces).Count, 1, expected);
    }

    [Fact]
    public void Submit_WhatCanNeverRun_IsRefusedByTheFieldsNameInThisSentence()
    {
        using ServedFixture served = new(new ServingOptions { MaxPrompt = 50, MaxOutput = 40 });
        foreach ((int[] prompt, int tokens, string field, string message) in new[]
        {
            (Array.Empty<int>(), 1, "p", "the prompt has no token; give some text."),
            (new int[51], 1, "p", "the prompt has 51 tokens and the server takes 50; shorten it."),
            ([128], 1, "p", "the prompt's token 128 has no embedding; ids end at 127."),
            ([0, -1], 1, "p", "the prompt's token -1 has no embedding; ids end at 127."),
            ([5], 0, "t", "0 new tokens are asked for; at least 1 is needed."),
            (new int[50], 15, "t", "50 tokens of prompt and 15 new ones are more than the 64 positions that there are; "
                + "shorten the prompt or ask for fewer."),
        })
        {
            RequestFieldException refused = Assert.Throws<RequestFieldException>(
                () => served.Submit(ServedFixture.Request(prompt, tokens) with { PromptField = "p", TokensField = "t" }));
            Assert.Equal((field, message), (refused.Field, refused.Message));
        }
        using ServedFixture small = new(new ServingOptions { MaxOutput = 40 }, pages: 1);
        Assert.Equal(
            "the prompt has 32 tokens and there are 32 positions for it and its answer; shorten it.",
            Assert.Throws<RequestFieldException>(() => small.Submit(ServedFixture.Request(new int[32], 1))).Message);
        // The ends themselves.
        served.Submit(ServedFixture.Request(new int[50], 14));
        served.Submit(ServedFixture.Request([0, 127], 40));
        small.Submit(ServedFixture.Request(new int[31], 1));
        served.RunAll();
        small.RunAll();
    }

    [Fact]
    public void Batch_MoreTextsThanTokensAtOnce_IsRefused()
    {
        using ServedFixture served = new(new ServingOptions { Parallel = 16 });
        Assert.Equal(
            "`Parallel` 17: the decoder takes 16 tokens at once, and each text needs one of them.",
            Assert.Throws<ArgumentException>(() =>
                new TextBatch(served.Decoder, served.Tokenizer, [], new ServingOptions { Parallel = 17 })).Message);
    }

    [Fact]
    public void Options_EndsOfTheirRanges_AreIn()
    {
        foreach (ServingOptions right in new ServingOptions[] { new() { Parallel = 1 }, new() { Parallel = 1024 }, new() { Queue = 0 },
            new() { Queue = 1_000_000 }, new() { MaxPrompt = 1 }, new() { MaxOutput = 1 } })
            right.Validate();
        foreach (ServingOptions wrong in new ServingOptions[] { new() { Parallel = 0 }, new() { Parallel = 1025 }, new() { Queue = -1 },
            new() { Queue = 1_000_001 }, new() { MaxPrompt = 0 }, new() { MaxOutput = 0 } })
            Assert.Throws<ArgumentException>(wrong.Validate);
    }

    [Fact]
    public void Close_BeforeAnythingRan_TellsWhoWaits()
    {
        using ServedFixture served = new(new ServingOptions { Parallel = 1, Queue = 0 });
        Assert.Null(served.Batch.Refusal);
        ChannelReader<TextPiece> waiting = served.Submit(ServedFixture.Request([5], 3));
        Assert.Equal((RefusalReason.QueueFull, 1, 0), (served.Batch.Refusal!.Value, served.Batch.Waiting, served.Batch.Running));
        served.Batch.Close();
        served.Batch.Close();
        Assert.Equal((RefusalReason.Stopping, 0, 0), (served.Batch.Refusal!.Value, served.Batch.Waiting, served.Batch.Running));
        Assert.Equal(RefusalReason.Stopping, Assert.Throws<RefusedException>(() => ServedFixture.Read(waiting)).Reason);
        Assert.False(served.Batch.Step());
    }

    [Fact]
    public void Loop_BatchThatIsClosedAlready_StopsAllTheSame()
    {
        using ServedFixture served = new();
        using ServingLoop loop = new(served.Batch);
        served.Batch.Close();
        Assert.True(loop.Stop(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public void Counts_OneOfEachOutcome_AreToldApart()
    {
        ServingCounts counts = new();
        foreach (RequestOutcome outcome in Enum.GetValues<RequestOutcome>())
            for (int i = 0; i <= (int)outcome; i++) counts.Add(outcome);
        Assert.All(Enum.GetValues<RequestOutcome>(), outcome => Assert.Equal(1 + (int)outcome, counts.Of(outcome)));
        counts.AddTokens(5, 3);
        counts.AddTokens(2, 1);
        Assert.Equal((7, 4), (counts.PromptTokens, counts.NewTokens));
        Assert.Equal(0.4, counts.Rate.PerSecond(Environment.TickCount64 + 5000), 1e-12);
    }

    /// <summary>The mean of the ten seconds that are over, against the list of all that came.</summary>
    [Fact]
    public void PerSecond_AnyTimes_IsTheMeanOfTheTenSecondsThatAreOver()
    {
        Random random = new(5);
        for (int round = 0; round < 50; round++)
        {
            TokenRate rate = new();
            List<(long Second, int Tokens)> all = [];
            long now = 100_000 + random.Next(30_000);
            for (int i = 0; i < 60; i++)
            {
                now += random.Next(8) == 0 ? random.Next(25_000) : random.Next(1500);
                int tokens = random.Next(100);
                rate.Add(tokens, now);
                all.Add((now / 1000, tokens));
                long asked = now + random.Next(2000);
                now = asked;
                double expected = all.Where(one => one.Second < asked / 1000 && one.Second >= asked / 1000 - 10)
                    .Sum(one => one.Tokens) / 10.0;
                Assert.Equal(expected, rate.PerSecond(asked), 1e-12);
            }
        }
    }

    private static RunningText Begin(ServedFixture served, TextRequest request)
    {
        RunningText text = new(request, 1, TestContext.Current.CancellationToken);
        text.Begin(served.Decoder, served.Tokenizer, new SamplerBuffers(Vocabulary));
        return text;
    }

    // The logits of a model that is sure.
    private static float[] Only(int id)
    {
        float[] logits = new float[Vocabulary];
        logits[id] = 1;
        return logits;
    }
}
