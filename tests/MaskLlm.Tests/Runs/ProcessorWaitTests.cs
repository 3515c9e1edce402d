using MaskLlm.Runs;

namespace MaskLlm.Tests.Runs;

public class ProcessorWaitTests
{
    [Fact]
    public void Share_OfTwoThreads_IsTheWaitedTimeSinceTheBegin()
    {
        using TemporaryFolder folder = new();
        Write(folder, "7", "1000 500 3");
        Write(folder, "8", "200 100 1");
        ProcessorWait wait = new(folder.Path);
        Write(folder, "7", "1600 800 5");
        Write(folder, "8", "200 200 2");

        // 600 more used, 300 and 100 more waited.
        Assert.Equal(0.4, wait.Share(), 1e-12);
    }

    [Fact]
    public void Share_ThreadsThatEnded_IsNotBelowZero()
    {
        using TemporaryFolder folder = new();
        Write(folder, "7", "1000 500 3");
        ProcessorWait wait = new(folder.Path);
        Directory.Delete(Path.Combine(folder.Path, "7"), recursive: true);

        Assert.Equal(0, wait.Share());
    }

    [Theory]
    [InlineData("")]
    [InlineData("- -")]
    [InlineData("1,000 2,000 3")]
    public void Share_NumbersThatAreNone_IsZero(string text)
    {
        using TemporaryFolder folder = new();
        Write(folder, "7", text);

        Assert.Equal(0, new ProcessorWait(folder.Path).Share());
        Assert.Equal(0, new ProcessorWait(Path.Combine(folder.Path, "none")).Share());
    }

    private static void Write(TemporaryFolder folder, string thread, string text)
    {
        Directory.CreateDirectory(Path.Combine(folder.Path, thread));
        File.WriteAllText(Path.Combine(folder.Path, thread, "schedstat"), text + "\n");
    }
}
