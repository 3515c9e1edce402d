using MaskLlm.Kernels;

namespace MaskLlm.Tests.Kernels;

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
            team.Run(3, (worker, _, _) => Interlocked.Or(ref workers, 1 << worker));
            Assert.Equal(7, workers);
        }
    }

    [Fact]
    public void Run_WorkerThatFails_IsTheCallersFailure()
    {
        using WorkerTeam team = new(2);
        Assert.Throws<InvalidOperationException>(() => team.Run(2, (worker, _, _) =>
        {
            if (worker == 1) throw new ArithmeticException("broken");
        }));
        int sum = 0;
        team.Run(2, (_, first, end) => Interlocked.Add(ref sum, end - first));
        Assert.Equal(2, sum);
    }
}
