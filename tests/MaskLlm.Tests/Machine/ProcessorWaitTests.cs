using MaskLlm.Machine;

namespace MaskLlm.Tests.Machine;

public sealed class ProcessorWaitTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private TimeSpan _own;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Share_OfTwoThreads_IsTheWaitedTimeSinceTheBegin()
    {
        Thread("7", "1000 500 3");
        Thread("8", "200 100 1");
        ProcessorWait wait = Begin();
        Thread("7", "1600 800 5");
        Thread("8", "200 200 2");

        // 600 more used, 300 and 100 more waited.
        Assert.Equal(0.4, wait.Next().Share, 1e-12);
        Thread("7", "1700 800 5");
        // From the last time on, and in all.
        Assert.Equal(0, wait.Next().Share);
        Assert.Equal(400.0 / 1100, wait.InAll().Share, 1e-12);
    }

    [Fact]
    public void Share_ThreadsThatEnded_IsNotBelowZero()
    {
        Thread("7", "1000 500 3");
        ProcessorWait wait = Begin();
        Directory.Delete(Path.Combine(_folder.Path, "7"), recursive: true);

        Assert.Equal(0, wait.Next().Share);
    }

    [Theory]
    [InlineData("")]
    [InlineData("- -")]
    [InlineData("1,000 2,000 3")]
    public void Both_NumbersThatAreNone_AreZero(string text)
    {
        ProcessorWait wait = Begin();
        Thread("7", text);
        Machine($"cpu {text}", "cpu0");

        Assert.Equal((0, 0), wait.Next());
        ProcessorWait none = new(Path.Combine(_folder.Path, "none"), _folder.File("none"), () => TimeSpan.Zero);
        Assert.Equal((0, 0), none.Next());
    }

    // Two processors for two seconds: 400 hundredths, of which 100 idle or waiting for a disk; this process had 1.2 of the 3 seconds.
    [Fact]
    public void Others_OnTwoProcessors_IsWhatIsBusyAndNotOurs()
    {
        Machine("cpu  1000 10 500 7000 30 1 2 3 999 0", "cpu0 1", "cpu1 1", "ctxt 77");
        _own = TimeSpan.FromSeconds(5);
        ProcessorWait wait = Begin();
        Machine("cpu  1200 20 573 7080 50 4 6 13 999 0", "cpu0 1", "cpu1 1", "ctxt 78");
        _own = TimeSpan.FromSeconds(6.2);

        Assert.Equal((3 - 1.2) / 2, wait.Next().Others, 1e-9);
    }

    /// <summary>A file that knows no disk waits, or no processors, says nothing; more of our own than of all is nobody else's.</summary>
    [Theory]
    [InlineData("cpu 0 0 0 0", "cpu 100 0 0 0", 0)]
    [InlineData("cpu 0 0 0 0 0", "cpu 60 0 0 30 10", 0.6)]
    [InlineData("cpu 0 0 0 0 0 0 0 0 0", "cpu 60 0 0 30 0 0 0 10 999", 0.7)]
    [InlineData("cpu 5 0 0 0 0", "cpu 5 0 0 0 0", 0)]
    [InlineData("cpu 5 0 0 5 0", "cpu 4 0 0 4 0", 0)]
    public void Others_OnOneProcessor_IsTheBusyShareOfAllTicks(string before, string after, double others)
    {
        Machine(before, "cpu0 1");
        ProcessorWait wait = Begin();
        Machine(after, "cpu0 1");
        Assert.Equal(others, wait.InAll().Others, 1e-9);
        _own = TimeSpan.FromSeconds(0.25);
        Assert.Equal(Math.Max(0, others - 0.25), wait.InAll().Others, 1e-9);
        _own = TimeSpan.FromSeconds(100);
        Assert.Equal(0, wait.InAll().Others);
    }

    [Fact]
    public void Share_AThreadThatIsUnreadable_LeavesTheOthers()
    {
        Directory.CreateDirectory(Path.Combine(_folder.Path, "5"));
        Thread("6", "x 1 2");
        Thread("7", "0 0 0");
        Thread("9", "0");
        ProcessorWait wait = Begin();
        Assert.Equal(0, wait.InAll().Share);
        Thread("7", "3 1 0");
        Assert.Equal(0.25, wait.InAll().Share, 1e-12);
        Thread("7", "0 1 0");
        Assert.Equal(1, wait.InAll().Share);
    }

    private ProcessorWait Begin() => new(_folder.Path, _folder.File("stat"), () => _own);

    private void Machine(params string[] lines) => File.WriteAllLines(_folder.File("stat"), lines);

    private void Thread(string id, string text)
    {
        Directory.CreateDirectory(Path.Combine(_folder.Path, id));
        File.WriteAllText(Path.Combine(_folder.Path, id, "schedstat"), text + "\n");
    }
}
