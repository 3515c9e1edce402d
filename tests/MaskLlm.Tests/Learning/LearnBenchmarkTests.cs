using MaskLlm.Learning;
using MaskLlm.Machine;
using MaskLlm.Tests.Machine;

namespace MaskLlm.Tests.Learning;

[Collection(TorchTests.Name)]
public sealed class LearnBenchmarkTests
{
    /// <summary>
    /// Two warm-ups and one step that counts of the fused kernel, the dense step once before and once beside it, four of the plain one.
    /// </summary>
    [Fact]
    public void Run_OnePair_TellsEveryStepAndSetsThemSideBySide()
    {
        LearnBenchmarkOptions options = new()
        {
            Model = Fixture.PathOf("models/llama-gqa-tied"),
            Learning = new LearnOptions { BatchSize = 2, SequenceLength = 16, Steps = 1 },
            Repeats = 1,
        };
        ToldProgress told = new();

        LearnBenchmarkReport report = LearnBenchmark.Run(options, told, TestContext.Current.CancellationToken);

        Assert.Equal(Enumerable.Range(0, 9).Select(done => new Progress("timing steps", done, 9)), told.All);
        Assert.Equal((2 * 9216, 32), (report.Weights, report.Tokens));
        Assert.Equal(report.LearnStepSeconds / report.DenseStepSeconds, report.StepRatio, 1e-9);
        // Of a whole step the masks are a part.
        double fused = report.Rows.Sum(row => row.FusedNanoseconds) * report.Weights / 1e9,
            plain = report.Rows.Sum(row => row.PlainNanoseconds) * report.Weights / 1e9;
        Assert.InRange(fused, report.LearnStepSeconds / 1000, report.LearnStepSeconds);
        Assert.InRange(plain, report.LearnStepSeconds / 1000, report.LearnStepSeconds * 1000);
        Assert.Equal(18, report.StateBytesPerWeight);
    }
}
