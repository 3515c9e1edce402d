using System.Text.Json.Nodes;
using MaskLlm.Tasks;

namespace MaskLlm.Tests.Tasks;

public sealed class TaskScoreTests
{
    private static readonly TaskDocument Question = TaskDocument.OfChoices("Q", ["a", "bcd", "ef"], gold: 1);

    /// <summary>Equal choices: the first; by characters another may win.</summary>
    [Fact]
    public void Answer_Choices_IsRightWhereTheGoldIsLargest()
    {
        TaskAnswer answer = Answer(Question, -2, -3, -2);
        Assert.False(answer.IsRight);
        Assert.False(Answer(Question with { Gold = 2 }, -2, -3, -2).IsRight);
        Assert.True(Answer(Question with { Gold = 0 }, -2, -3, -2).IsRight);
        // -2, -1, -1 a character: of equal ones the first.
        Assert.True(answer.IsRightNormalized);
        Assert.False(Answer(Question with { Gold = 2 }, -2, -3, -2).IsRightNormalized);
        Assert.Null(Answer(Question with { Lengths = null }, -2, -3, -2).IsRightNormalized);
    }

    [Fact]
    public void Of_Answers_TakesMeansAndTheirErrors()
    {
        TaskScore score = TaskScore.Of("t", [Answer(Question, -9, -1, -9), Answer(Question, -1, -9, -9), Answer(Question, -1, -2.7, -9),
            Answer(Question, -1, -9, -9)], 2);
        Assert.Equal((0.25, 0.5), (score.Accuracy, score.NormalizedAccuracy!.Value));
        // sqrt(p (1 - p) / (n - 1)).
        Assert.Equal(Math.Sqrt(0.25 * 0.75 / 3), score.AccuracyError!.Value, 1e-12);
        Assert.Equal(Math.Sqrt(0.5 * 0.5 / 3), score.NormalizedError!.Value, 1e-12);
        Assert.Null(score.Perplexity);
        Assert.Null(TaskScore.Of("t", [Answer(Question, 0, 0, 0)], 1).AccuracyError);
        Assert.Equal("""{"docs":4,"acc":0.25,"stderr":0.25,"acc_norm":0.5,"acc_norm_stderr":0.28867513459481287,"seconds":2}""",
            score.ToJson().ToJsonString());
    }

    [Fact]
    public void Of_Words_TakesTheirPerplexity()
    {
        TaskDocument word = new([new TaskRequest("a", " b")], null);
        TaskScore score = TaskScore.Of("t", [new(0, word, [new(-1, true)]), new(1, word, [new(-3, false)])], 1);
        Assert.Equal(0.5, score.Accuracy);
        Assert.Equal(Math.Exp(2), score.Perplexity!.Value, 1e-12);
        // The error of the mean is 1.
        Assert.Equal(Math.Exp(2), score.PerplexityError!.Value, 1e-12);
        Assert.Null(score.NormalizedAccuracy);
    }

    /// <summary>The figure is that of all documents, the error pools the variances.</summary>
    [Fact]
    public void OfGroup_Tasks_CountByDocuments()
    {
        TaskScore group = TaskScore.OfGroup("g", [new("a", 11, 0.5, 0.1) { Seconds = 1 }, new("b", 31, 0.8, 0.05) { Seconds = 2 }]);
        Assert.Equal((42, 3.0), (group.Documents, group.Seconds));
        Assert.Equal((11 * 0.5 + 31 * 0.8) / 42, group.Accuracy, 1e-12);
        Assert.Equal(Math.Sqrt((11 * 10 * 0.01 + 31 * 30 * 0.0025) / 40 / 42), group.AccuracyError!.Value, 1e-12);
    }

    [Fact]
    public void Log_Answer_HasWhatWasAskedAndSaid()
    {
        TaskDocument document = TaskDocument.OfChoices("Q", ["a"], gold: 0, isNormalized: false);
        JsonObject line = new TaskAnswer(7, document, [new(-1.5, true)]).ToJson("m.npz", "piqa");
        Assert.Equal("""{"mask":"m.npz","task":"piqa","doc":7,"gold":0,"requests":[{"context":"Q","continuation":" a","loglikelihood":-1.5,"greedy":true}],"right":true}""",
            line.ToJsonString());
    }

    private static TaskAnswer Answer(TaskDocument document, params double[] likelihoods) =>
        new(0, document, [.. likelihoods.Select(likelihood => new Likelihood(likelihood, false))]);
}
