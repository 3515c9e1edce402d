using System.IO.Pipelines;
using System.Text;
using MaskLlm.Serving;
using MaskLlm.Serving.Http;
using Microsoft.AspNetCore.Http;

namespace MaskLlm.Cli.Tests;

/// <summary>What is read at once never goes over the budget, and all of it comes back.</summary>
public class BodyIntakeTests
{
    private const int Longest = 1 << 20, Bodies = 2 << 20;

    [Fact]
    public async Task Read_ManyAtOnce_NeverTakesMoreThanTheBudget()
    {
        BodyIntake intake = Intake(out BodyBudget budget);
        int read = 0, refused = 0;
        await Parallel.ForAsync(0, 200,
            new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = TestContext.Current.CancellationToken }, async (i, _) =>
        {
            try
            {
                using RequestBody body = await RequestBody.Read(Request(Json(100_000 + 4_000 * i), hasLength: i % 2 == 0), intake);
                Assert.True(budget.Taken <= Bodies);
                Interlocked.Increment(ref read);
            }
            catch (RefusedException e)
            {
                Assert.Equal(RefusalReason.BodiesFull, e.Reason);
                Interlocked.Increment(ref refused);
            }
        });
        Assert.Equal(200, read + refused);
        Assert.True(read > 0);
        Assert.InRange(budget.Most, 100_000, Bodies);
        Assert.Equal(0, budget.Taken);
    }

    [Fact]
    public async Task Read_BeyondTheBudget_IsRefusedBeforeAByteIsRead()
    {
        BodyIntake intake = Intake(out BodyBudget budget);
        using RequestBody first = await RequestBody.Read(Request(Json(Longest - 100), hasLength: true), intake);
        using RequestBody second = await RequestBody.Read(Request(Json(Longest - 100), hasLength: false), intake);
        HttpRequest third = Request(Json(Longest - 100), hasLength: true);
        await Assert.ThrowsAsync<RefusedException>(() => RequestBody.Read(third, intake));
        Assert.Equal(0, third.Body.Position);
        // Of unknown length: as far as there is room.
        await Assert.ThrowsAsync<RefusedException>(() => RequestBody.Read(Request(Json(Longest - 100), hasLength: false), intake));
        Assert.Equal(2 * (Longest - 100), budget.Taken);
        first.Dispose();
        first.Dispose();
        using RequestBody fourth = await RequestBody.Read(Request(Json(Longest - 100), hasLength: true), intake);
        Assert.Equal(2 * (Longest - 100), budget.Taken);
    }

    [Fact]
    public void Take_ManySmallOnes_EndsAtThePlaces()
    {
        BodyBudget budget = new(1000, places: 3);
        BodyBudget.Charge[] charges = [budget.Take(1), budget.Take(1), budget.Take(1)];
        Assert.Throws<RefusedException>(() => budget.Take(1));
        charges[0].Dispose();
        using BodyBudget.Charge another = budget.Take(1);
        Assert.Equal(3, budget.Taken);
    }

    [Fact]
    public void GiveBack_IsAskedOnceAfterMuchAndWhenNothingIsHeld()
    {
        int asked = 0;
        BodyBudget budget = new(2 * BodyBudget.MuchBytes, giveBack: () => asked++);
        budget.Take(BodyBudget.MuchBytes - 1).Dispose();
        Assert.Equal(0, asked);
        BodyBudget.Charge other = budget.Take(1);
        budget.Take(5).Dispose();
        Assert.Equal(0, asked);
        other.Dispose();
        Assert.Equal(1, asked);
        budget.Take(1).Dispose();
        Assert.Equal(1, asked);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Read_TooLongOrNoJson_GivesItsShareBack(bool hasLength)
    {
        BodyIntake intake = Intake(out BodyBudget budget);
        Assert.Equal(413, (await Assert.ThrowsAsync<BadHttpRequestException>(() =>
            RequestBody.Read(Request(Json(Longest + 1), hasLength), intake))).StatusCode);
        await Assert.ThrowsAnyAsync<System.Text.Json.JsonException>(() => RequestBody.Read(Request("{ "u8.ToArray(), hasLength), intake));
        await Assert.ThrowsAsync<ApiException>(() => RequestBody.Read(Request([(byte)'"', 0xFF, (byte)'"'], hasLength), intake));
        Assert.Equal(0, budget.Taken);
    }

    [Fact]
    public async Task Read_BodyThatDoesNotCome_IsEndedByTheClock()
    {
        HandClock clock = new();
        BodyIntake intake = Intake(out BodyBudget budget, clock);
        HttpRequest request = Request([], hasLength: false);
        request.ContentLength = 100;
        Pipe pipe = new();
        request.Body = pipe.Reader.AsStream();
        Task<RequestBody> reading = RequestBody.Read(request, intake);
        await pipe.Writer.WriteAsync("{ "u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Equal(100, budget.Taken);
        clock.Ring();
        Assert.Equal(408, (await Assert.ThrowsAsync<ApiException>(() => reading)).Status);
        Assert.Equal(0, budget.Taken);
    }

    [Fact]
    public async Task Serve_BeyondTheBudget_Gives429WithRetryAfter()
    {
        using RunningServer server = await RunningServer.Start("--max-body", "100000", "--max-bodies", "150000");
        using RawClient slow = new(server);
        // It holds its share from its headers on; the answer to the next tells when it does.
        await slow.Send("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
            + "100000\r\n\r\n{");
        string big = $$"""{ "prompt": "a", "max_tokens": 1, "user": "{{new string('x', 90_000)}}" }""";
        HttpResponseMessage response;
        int sent = 0;
        do
        {
            // A body that stands still is given up after some seconds, and its share with it.
            Assert.True(++sent < 200, "the slow body never held its share");
            await slow.Send(new string(' ', 300));
            response = await server.Post("/v1/completions", big);
        }
        while (response.IsSuccessStatusCode);
        Assert.Equal(429, (int)response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
        Assert.Contains("bodies_full", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
        // A small one fits in beside.
        Assert.NotNull(await server.PostJson("/v1/completions", """{ "prompt": "a", "max_tokens": 1 }"""));
        slow.Dispose();
        do
        {
            response = await server.Post("/v1/completions", big);
        }
        while (!response.IsSuccessStatusCode);
    }

    private static BodyIntake Intake(out BodyBudget budget, TimeProvider? clock = null)
    {
        budget = new BodyBudget(Bodies);
        return new BodyIntake(budget, Longest, clock ?? TimeProvider.System);
    }

    private static byte[] Json(int length) => Encoding.UTF8.GetBytes($"\"{new string('a', length - 2)}\"");

    private static HttpRequest Request(byte[] body, bool hasLength)
    {
        DefaultHttpContext http = new();
        http.Request.ContentType = "application/json";
        http.Request.Body = new MemoryStream(body);
        http.Request.ContentLength = hasLength ? body.Length : null;
        return http.Request;
    }

    /// <summary>Its timers go off when a test says so.</summary>
    private sealed class HandClock : TimeProvider
    {
        private readonly List<Action> _timers = [];

        internal void Ring() => _timers.ForEach(timer => timer());

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _timers.Add(() => callback(state));
            return new Timer();
        }

        private sealed class Timer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
