using MaskLlm.Runs;

namespace MaskLlm.Tests.Runs;

[Collection(TorchTests.Name)]
public sealed class MetricsLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_Figures_AreALineEachAndNullWhereTheyAreNoNumbers()
    {
        Write(0, (0, [("loss", 4.5), ("reward", double.NaN)]), (9, [("loss", double.PositiveInfinity)]));
        Assert.Equal(["""{"step":0,"loss":4.5,"reward":null}""", """{"step":9,"loss":null}"""], Lines());
    }

    /// <summary>Whoever follows a run sees each step when it is done; and the file is UTF-8 without a mark.</summary>
    [Fact]
    public void Write_Line_IsThereAtOnce()
    {
        using RunFolder folder = RunFolder.Open(_folder.File("run"), force: false, resume: false);
        folder.Create();
        using MetricsLog log = new(folder, 0);
        log.Write(0, ("loss", 4.5));
        using FileStream open = new(folder.MetricsPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] bytes = new byte[100];
        Assert.Equal("{\"step\":0,\"loss\":4.5}\n", System.Text.Encoding.UTF8.GetString(bytes, 0, open.Read(bytes)));
    }

    [Fact]
    public void Constructor_LaterStepsAndACutLine_AreDroppedAndEarlierOnesStay()
    {
        string[] earlier = ["""{"step":0,"loss":4}""", """{"step":9,"loss":3}""", """{"step":10,"loss":2}""", """{"step":19,"lo"""];
        File.WriteAllLines(Path.Combine(_folder.Path, "metrics.jsonl"), earlier);
        Write(10, (10, [("loss", 1)]));
        Assert.Equal([earlier[0], earlier[1], """{"step":10,"loss":1}"""], Lines());
    }

    private void Write(long firstStep, params (long Step, (string, double)[] Figures)[] lines)
    {
        using RunFolder folder = RunFolder.Open(_folder.Path, force: false, resume: firstStep > 0);
        using MetricsLog log = new(folder, firstStep);
        foreach ((long step, (string, double)[] figures) in lines) log.Write(step, figures);
    }

    private string[] Lines() => File.ReadAllLines(Path.Combine(_folder.Path, "metrics.jsonl"));
}
