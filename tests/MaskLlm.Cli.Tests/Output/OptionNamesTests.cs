using MaskLlm.Cli.Output;

namespace MaskLlm.Cli.Tests.Output;

public sealed class OptionNamesTests
{
    [Theory]
    [InlineData("learn", "`Out` runs/a: name another, go on with `Resume`, or replace them with `Force`.",
        "--out runs/a: name another, go on with --resume, or replace them with --force.")]
    [InlineData("learn", "`SequenceLength` is 65; lower `SequenceLength`.", "--seq-len is 65; lower --seq-len.")]
    [InlineData("experiment", "lower `EvalSequenceLength` of `EvalTexts`.", "lower --eval-seq-len of --eval-text.")]
    [InlineData("prune", "lower `HiddenMemoryBytes`", "lower --hidden-memory")]
    [InlineData("generate", "`TopK`, `ContextLength`: `mask` is for a folder, in a smaller `type`",
        "--top-k, --context: --mask is for a folder, in a smaller --type")]
    [InlineData("serve", "`BodyBytes`, `MaxBodyBytes`, `AllowedHosts`, `CorsOrigins`, `Key`",
        "--max-bodies, --max-body, --allowed-host, --cors, --api-key")]
    [InlineData("pretrain", "`ConfigPath` x", "--config x")]
    [InlineData("apply", "`outFolder` x: replace it with `force`", "--out x: replace it with --force")]
    // What is an option of one verb is an argument of others, and what a verb lacks may be what another should have done.
    [InlineData("merge", "name the model with `Model`", "name the model with --model")]
    [InlineData("learn", "`Model` x", "MODEL x")]
    [InlineData("bench", "export it with `masks`", "export it with --mask")]
    // Nothing else changes.
    [InlineData("learn", "`Weights`, `out`, `seed`, `name`, `seq-len`, `SEQ`, ``, `",
        "`Weights`, `out`, `seed`, `name`, `seq-len`, `SEQ`, ``, `")]
    [InlineData("learn", "`maskllm export MODEL --format runtime` and `git lfs pull`",
        "`maskllm export MODEL --format runtime` and `git lfs pull`")]
    [InlineData("learn", "`Out` my`Out/`x`/ Out: a file", "--out my`Out/`x`/ Out: a file")]
    [InlineData("learn", "the folder Out holds no Seed", "the folder Out holds no Seed")]
    [InlineData("learn", "", "")]
    public void In_Sentence_NamesOptions(string verb, string sentence, string expected) => Assert.Equal(expected, Of(verb).In(sentence));

    [Fact]
    public void InOne_OtherNames_AreLeft() =>
        Assert.Equal("--seq-len is \"`Seed`\", as `Steps` is",
            OptionNames.InOne("`SequenceLength` is \"`Seed`\", as `Steps` is", "--seq-len"));

    [Fact]
    public void Output_EveryWayToWrite_NamesOptions()
    {
        using StringWriter target = new();
        using OptionOutput output = new(target, Of("learn"));
        output.WriteLine("`Out` x");
        output.Write("\r`Seed`");
        output.Write('`');
        output.WriteLine();
        output.WriteLine((string?)null);
        output.Flush();
        Assert.Equal("--out x|\r--seed`||", target.ToString().Replace(Environment.NewLine, "|", StringComparison.Ordinal));
        Assert.False(output.IsTerminal);
    }

    private static OptionNames Of(string verb) => OptionNames.Of(CommandLine.Root(CancellationToken.None).Parse([verb]));
}
