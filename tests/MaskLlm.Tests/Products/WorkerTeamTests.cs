using MaskLlm.Products;

namespace MaskLlm.Tests.Products;

public class WorkerTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Run_AnyPieces_DoesEachOnce(int threads)
    {
        using WorkerTeam team = new(threads);
        for (int pieces = 0; pieces < 300; pieces++)
        {
            int[] done = new int[pieces];
            team.Run(pieces, (_, first, end) =>
            {
                for (int piece = first; piece < end; piece++) Interlocked.Increment(ref done[piece]);
            });
            Assert.All(done, count => Assert.Equal(1, count));
        }
    }

    [Fact]
    public void Run_AfterASleep_StillWakesAll()
    {
        using WorkerTeam team = new(3);
        for (int round = 0; round < 20; round++)
        {
            int workers = 0;
            Thread.Sleep(2);
            // Nobody goes on before all have come.
            team.Run(3, (worker, _, _) =>
            {
                Interlocked.Or(ref workers, 1 << worker);
                Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref workers) == 7, TimeSpan.FromSeconds(30)));
            });
            Assert.Equal(7, workers);
        }
    }

    [Fact]
    public void Run_AWorkerHeldUp_TheOthersTakeItsShare()
    {
        using WorkerTeam team = new(2);
        const int pieces = 80;
        int done = 0, heldUp = 0;
        team.Run(pieces, (worker, first, end) =>
        {
            if (worker == 1)
            {
                // Back only when all but what it holds is done.
                Interlocked.Add(ref heldUp, end - first);
                Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref done) == pieces - (end - first), TimeSpan.FromSeconds(30)));
            }
            // So late that the other one is there for sure.
            else if (first == 0) Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref heldUp) > 0, TimeSpan.FromSeconds(30)));
            Interlocked.Add(ref done, end - first);
        });
        Assert.Equal(pieces, done);
        Assert.InRange(heldUp, 1, pieces / 4);
    }

    [Fact]
    public void Run_PieceThatFails_IsTheCallersFailure()
    {
        using WorkerTeam team = new(2);
        int others = 0;
        Assert.Throws<ArithmeticException>(() => team.Run(16, (_, first, end) =>
        {
            if (first == 14) throw new ArithmeticException("broken");
            Interlocked.Add(ref others, end - first);
        }));
        Assert.Equal(14, others);
        int sum = 0;
        team.Run(2, (_, first, end) => Interlocked.Add(ref sum, end - first));
        Assert.Equal(2, sum);
    }

    [Fact]
    public void Run_ManyShortRounds_DoesEveryPieceOfEveryRoundOnce()
    {
        using WorkerTeam team = new(4);
        int[] done = new int[37];
        const int rounds = 50_000;
        for (int round = 1; round <= rounds; round++)
        {
            team.Run(done.Length, (_, first, end) =>
            {
                for (int piece = first; piece < end; piece++) Interlocked.Increment(ref done[piece]);
            });
            if (round % 1000 == 0) Assert.All(done, count => Assert.Equal(round, count));
        }
    }
}
