using MaskLlm.Data;
using MaskLlm.Experiments;
using MaskLlm.Learning;

namespace MaskLlm.Tests.Experiments;

public sealed class ExperimentTextsTests
{
    private static readonly ExperimentRequest Request = new()
    {
        Name = "compare",
        Model = "/models/some",
        Data = new CorpusOptions { Sources = [] },
        Out = "out",
        Seeds = [3],
        Options = new LearnOptions { Steps = 100, Tau = new ScheduleRange(2, 0.05) },
    };

    [Fact]
    public void Markdown_Report_IsThisTable() => Assert.Equal("""
        # Experiment compare: some, 2:4

        - learning: 100 steps of 16 x 256 tokens (409,600) where the row says nothing else
        - recipe: the paper's but for tau 2:0.05; prior sparsegpt, one-shot methods on 128 sequences
        - seeds of the learned masks: 3
        - perplexity: exp of the mean negative log-likelihood of a predicted token over at most the first 128 windows of 256 tokens of each text, the tail dropped

        | | geometric mean over the texts | times dense | of SparseGPT's gap left | tokens | seconds |
        |---|---|---|---|---|---|
        | dense | 20.000 | 1.000 | 0.00 | 0 | 0 |
        | sparsegpt | 40.000 | 2.000 | 1.00 | 32,768 | 2 |
        | a\|b | 28.284 | 1.414 | 0.50 | 409,600 | 13 |

        | text | dense | sparsegpt | a\|b |
        |---|---|---|---|
        | t | 20.000 | 40.000 | 28.284 |
        | **arithmetic mean** | 20.000 | 40.000 | 28.284 |
        | **geometric mean** | 20.000 | 40.000 | 28.284 |

        """, ExperimentTable.Markdown(Report(finite: true)));

    [Fact]
    public void ToJson_Report_HasRowsAndMeans()
    {
        string json = Report().ToJson().ToJsonString();
        Assert.StartsWith("""{"experiment":"compare","model":"/models/some","texts":["t"],"rows":[{"arm":"dense","label":"dense","series":null,"x":null,"domain":null,"seed":null,"perplexity":{"t":20},"tokens":0,"seconds":0,"options":null,"notes":[]},""", json, StringComparison.Ordinal);
        Assert.Contains("""{"label":"dense","arithmetic":[20],""", json, StringComparison.Ordinal);
        Assert.EndsWith("""{"label":"worse","arithmetic":[null],"geometric":[null],"sparsegpt_gap_left":null}]}""", json, StringComparison.Ordinal);
    }

    private static ExperimentReport Report(bool finite = false) => new(Request, ["t"],
    [
        Row("dense", 20, 0, 0),
        Row("sparsegpt", 40, 32768, 2),
        Row("a|b", 20 * Math.Sqrt(2), 409600, 12.6) with { Seed = 3 },
        .. finite ? (ExperimentRow[])[] : [Row("worse", double.PositiveInfinity, 5, 1)],
    ]);

    private static ExperimentRow Row(string label, double perplexity, long tokens, double seconds) =>
        new(label, label, new Dictionary<string, double> { ["t"] = perplexity }, tokens, seconds);
}
