using System.Threading.Channels;
using MaskLlm.Decoding;
using MaskLlm.Serving;

namespace MaskLlm.Tests.Serving;

/// <summary>Many texts through one decoder: each as if alone, memory promised and given back.</summary>
public class TextBatchTests
{
    [Fact]
    public void Step_ManyRequests_GiveEachWhatItGivesAlone()
    {
        using ServedFixture served = new();
        TextRequest[] requests = [.. Enumerable.Range(0, 40)
            .Select(i => ServedFixture.Request(Prompt(i, 1 + 7 * i % 37), 1 + 5 * i % 23, Sampling(i)))];
        ChannelReader<TextPiece>[] pieces = [.. requests.Select(request => served.Submit(request))];
        served.RunAll();
        for (int i = 0; i < requests.Length; i++)
        {
            List<TextPiece> got = ServedFixture.Read(pieces[i]);
            Assert.Equal(served.Alone(requests[i]), got.Select(piece => piece.Id));
            Assert.Equal(got[^1].Id == 1 ? FinishReason.Stop : FinishReason.Length, got[^1].Finish);
            Assert.All(got[..^1], piece => Assert.Null(piece.Finish));
            Assert.Equal(served.Tokenizer.Decode([.. got.Select(piece => piece.Id).Where(id => id != 1)], skipSpecialTokens: true),
                ServedFixture.Text(got));
        }
        Assert.Equal(40, served.Batch.Counts.Of(RequestOutcome.Stop) + served.Batch.Counts.Of(RequestOutcome.Length));
        Assert.Equal(requests.Sum(request => request.Prompt.Count), served.Batch.Counts.PromptTokens);
    }

    [Fact]
    public void Step_LongPrompt_DoesNotStopTheOthers()
    {
        using ServedFixture served = new(tokensAtOnce: 4, options: new ServingOptions { Parallel = 4 });
        ChannelReader<TextPiece> running = served.Submit(ServedFixture.Request([5], 30));
        served.Batch.Step();
        ChannelReader<TextPiece> late = served.Submit(ServedFixture.Request(Prompt(3, 30), 2));
        ServedFixture.Read(running);
        // Three prompt tokens a step: ten steps, and the text that runs has a token in each.
        for (int step = 0; step < 10; step++)
        {
            Assert.Empty(ServedFixture.Read(late));
            served.Batch.Step();
            Assert.Single(ServedFixture.Read(running));
        }
        Assert.Single(ServedFixture.Read(late));
        served.RunAll();
    }

    [Fact]
    public void Step_StopThatIsAToken_EndsTheText()
    {
        using ServedFixture served = new();
        TextRequest whole = ServedFixture.Request([5], 12, Sampling(3));
        IReadOnlyList<int> ids = served.Alone(whole);
        int end = ids[6], first = ids.TakeWhile(id => id != end).Count();
        ChannelReader<TextPiece> stopped = served.Submit(whole with { StopIds = [end] });
        served.RunAll();
        List<TextPiece> pieces = ServedFixture.Read(stopped);
        Assert.Equal(ids.Take(first + 1), pieces.Select(piece => piece.Id));
        Assert.Equal(FinishReason.Stop, pieces[^1].Finish);
    }

    [Fact]
    public void Step_StopTextThatIsASpecialToken_EndsTheText()
    {
        using ServedFixture served = new();
        // <|endoftext|> is id 0 and shows in no text: of requests that draw it, the first.
        TextRequest whole = Enumerable.Range(0, 500)
            .Select(seed => ServedFixture.Request([5], 20, new SamplingOptions { Temperature = 10, Seed = (ulong)seed }))
            .First(request => served.Alone(request).Skip(1).SkipLast(1).Contains(0));
        IReadOnlyList<int> ids = served.Alone(whole);
        ChannelReader<TextPiece> stopped = served.Submit(whole with { StopTexts = ["<|endoftext|>"] });
        served.RunAll();
        List<TextPiece> pieces = ServedFixture.Read(stopped);
        Assert.Equal([.. ids.TakeWhile(id => id != 0), 0], pieces.Select(piece => piece.Id));
        Assert.Equal(FinishReason.Stop, pieces[^1].Finish);
    }

    [Fact]
    public void Submit_QueueFull_IsRefusedAtOnce()
    {
        using ServedFixture served = new(new ServingOptions { Parallel = 2, Queue = 3 });
        ChannelReader<TextPiece>[] taken = [.. Enumerable.Range(0, 5).Select(_ => served.Submit(ServedFixture.Request([5], 4)))];
        Assert.Equal(RefusalReason.QueueFull, served.Batch.Refusal);
        Assert.Equal(RefusalReason.QueueFull, Assert.Throws<RefusedException>(() => served.Submit(ServedFixture.Request([5], 4))).Reason);
        served.Batch.Step();
        Assert.Equal((3, 2), (served.Batch.Waiting, served.Batch.Running));
        Assert.Throws<RefusedException>(() => served.Submit(ServedFixture.Request([5], 4)));
        served.RunAll();
        Assert.All(taken, pieces => Assert.NotEmpty(ServedFixture.Read(pieces)));
        Assert.Null(served.Batch.Refusal);
    }

    [Fact]
    public void Admit_PromisesWholePages_AndWaitsWhereTheyAreNotThere()
    {
        using ServedFixture served = new(pages: 3);
        // 2 + 31 positions take two pages, 32 take one.
        ChannelReader<TextPiece> large = served.Submit(ServedFixture.Request([5, 6], 31)),
            second = served.Submit(ServedFixture.Request([5, 6], 31)), small = served.Submit(ServedFixture.Request([7], 31));
        served.Batch.Step();
        Assert.Equal((2, 1), (served.Batch.Waiting, served.Batch.Running));
        Assert.Equal(ServedFixture.PagePositions, served.Batch.UnpromisedPositions);
        served.RunAll();
        Assert.All([large, second, small], pieces => Assert.NotEmpty(ServedFixture.Read(pieces)));
    }

    [Fact]
    public void Cancel_RunningOrWaiting_FreesItAtTheNextStep()
    {
        using ServedFixture served = new(new ServingOptions { Parallel = 1 });
        using CancellationTokenSource running = new(), waiting = new();
        ChannelReader<TextPiece> first = served.Submit(ServedFixture.Request(Prompt(1, 20), 30), running.Token),
            second = served.Submit(ServedFixture.Request([5], 3), waiting.Token);
        served.Batch.Step();
        served.Batch.Step();
        Assert.True(served.Decoder.FreePositions < served.Decoder.CachePositions);
        running.Cancel();
        waiting.Cancel();
        Assert.False(served.Batch.Step());
        served.RunAll();
        Assert.Throws<OperationCanceledException>(() => ServedFixture.Read(first));
        Assert.Throws<OperationCanceledException>(() => ServedFixture.Read(second));
        Assert.Equal(2, served.Batch.Counts.Of(RequestOutcome.Cancelled));
    }

    [Fact]
    public void Step_StopTextAcrossTokens_CutsTheTextBeforeIt()
    {
        using ServedFixture served = new();
        TextRequest whole = ServedFixture.Request([40, 41, 42], 40, new SamplingOptions { Temperature = 3, Seed = 12 });
        ChannelReader<TextPiece> unstopped = served.Submit(whole);
        served.RunAll();
        string text = ServedFixture.Text(ServedFixture.Read(unstopped));
        Assert.True(text.Length > 12, text);
        string stop = text.Substring(6, 3);
        ChannelReader<TextPiece> stopped = served.Submit(whole with { StopTexts = ["never there", stop] });
        served.RunAll();
        List<TextPiece> pieces = ServedFixture.Read(stopped);
        Assert.Equal(text[..text.IndexOf(stop, StringComparison.Ordinal)], ServedFixture.Text(pieces));
        Assert.Equal(FinishReason.Stop, pieces[^1].Finish);
        Assert.True(pieces.Count < 40);
    }

    [Fact]
    public void Submit_WhatCanNeverRun_IsRefusedWithASentence()
    {
        using ServedFixture served = new(new ServingOptions { MaxPrompt = 50, MaxOutput = 40 }, pages: 1);
        foreach ((TextRequest request, string word) in new[]
        {
            (ServedFixture.Request([], 1), "no token"),
            (ServedFixture.Request([128], 1), "128"),
            (ServedFixture.Request([-1], 1), "-1"),
            (ServedFixture.Request(Prompt(1, 51), 1), "50"),
            (ServedFixture.Request([5], 0), "at least 1"),
            (ServedFixture.Request([5], int.MaxValue), "32 positions"),
            (ServedFixture.Request([5], 32), "32 positions"),
            (ServedFixture.Request([5], 1, new SamplingOptions { TopP = 2 }), "`TopP` is 2"),
        }) Assert.Contains(word, Assert.ThrowsAny<ArgumentException>(() => served.Submit(request)).Message, StringComparison.Ordinal);
        Assert.False(served.Batch.Step());
    }

    [Fact]
    public async Task Loop_Stop_FinishesWhatRunsAndRefusesTheRest()
    {
        using ServedFixture served = new(new ServingOptions { Parallel = 1 });
        using ServingLoop loop = new(served.Batch);
        ChannelReader<TextPiece> running = served.Submit(ServedFixture.Request([5], 60));
        await running.WaitToReadAsync(TestContext.Current.CancellationToken);
        ChannelReader<TextPiece> waiting = served.Submit(ServedFixture.Request([5], 60));
        Assert.True(loop.Stop(TimeSpan.FromSeconds(30)));
        Assert.NotNull(ServedFixture.Read(running)[^1].Finish);
        Assert.Equal(RefusalReason.Stopping, Assert.Throws<RefusedException>(() => served.Submit(ServedFixture.Request([5], 4))).Reason);
        // The second began or not, as the threads had it; it is whole or refused.
        try
        {
            Assert.NotNull(ServedFixture.Read(waiting)[^1].Finish);
        }
        catch (RefusedException e)
        {
            Assert.Equal(RefusalReason.Stopping, e.Reason);
        }
        Assert.Equal(served.Decoder.CachePositions, served.Decoder.FreePositions);
    }

    [Fact]
    public void Loop_StopWithoutGrace_LeavesNobodyWaiting()
    {
        using ServedFixture served = new(new ServingOptions { Parallel = 2 });
        using ServingLoop loop = new(served.Batch);
        ChannelReader<TextPiece>[] pieces = [.. Enumerable.Range(0, 8).Select(i => served.Submit(ServedFixture.Request(Prompt(i, 4), 60)))];
        loop.Stop(TimeSpan.Zero);
        Assert.Equal((0, 0, served.Decoder.CachePositions), (served.Batch.Waiting, served.Batch.Running, served.Decoder.FreePositions));
        // Each is whole, or its reader is told.
        foreach (ChannelReader<TextPiece> text in pieces)
        {
            Exception? failure = Record.Exception(() => Assert.NotNull(ServedFixture.Read(text)[^1].Finish));
            Assert.True(failure is null or RefusedException, $"{failure}");
        }
    }

    [Fact]
    public async Task Loop_ManyThreads_GiveEachWhatItGivesAlone()
    {
        using ServedFixture served = new(new ServingOptions { Parallel = 8 });
        using ServingLoop loop = new(served.Batch);
        TextRequest[] requests = [.. Enumerable.Range(0, 64)
            .Select(i => ServedFixture.Request(Prompt(i, 1 + i % 20), 1 + i % 17, Sampling(i)))];
        int[][] got = await Task.WhenAll(requests.Select(request => Task.Run(async () =>
        {
            List<int> ids = [];
            await foreach (TextPiece piece in served.Submit(request).ReadAllAsync(TestContext.Current.CancellationToken)) ids.Add(piece.Id);
            return ids.ToArray();
        }, TestContext.Current.CancellationToken)));
        for (int i = 0; i < requests.Length; i++) Assert.Equal(served.Alone(requests[i]), got[i]);
    }

    private static int[] Prompt(int seed, int length)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, length).Select(_ => random.Next(2, 95))];
    }

    private static SamplingOptions Sampling(int i) => i % 2 == 0 ? new SamplingOptions()
        : new SamplingOptions { Temperature = 2, Seed = (ulong)i, TopP = i % 3 == 0 ? 0.8f : 1, RepetitionPenalty = i % 5 == 0 ? 1.5f : 1 };
}
