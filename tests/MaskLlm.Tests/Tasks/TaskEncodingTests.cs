using MaskLlm.Tasks;
using MaskLlm.Tokens;

namespace MaskLlm.Tests.Tasks;

public sealed class TaskEncodingTests
{
    private static readonly Tokenizer Plain = Tokenizer.Load(Fixture.PathOf("tokenizers/digits-style"));

    [Theory]
    [InlineData("The fox", " runs home.")]
    [InlineData("The fox\n ", "runs home.")]
    [InlineData("The f", "ox runs")]
    [InlineData("12", "34 and more")]
    public void Of_Request_CutsTheWholeBehindTheContextsTokens(string context, string continuation)
    {
        (int[] before, int[] after) = new TaskEncoding(Plain).Of(new TaskRequest(context, continuation));
        Assert.Equal(Plain.Encode(context.TrimEnd()), before);
        Assert.Equal(Plain.Encode(context + continuation)[before.Length..], after);
    }

    /// <summary>llama3 begins every text with a token; one that a text brings itself is enough.</summary>
    [Fact]
    public void Of_TokenizerThatBegins_BeginsTheContext()
    {
        Tokenizer tokenizer = Tokenizer.Load(Fixture.PathOf("tokenizers/llama3-style"));
        int begin = Assert.Single(tokenizer.BeginIds);
        Assert.Equal(tokenizer.Encode("x", addSpecialTokens: true)[0], begin);
        TaskEncoding encoding = new(tokenizer);
        (int[] before, int[] after) = encoding.Of(new TaskRequest("The fox", " runs"));
        Assert.Equal([begin, .. tokenizer.Encode("The fox")], before);
        Assert.Equal(tokenizer.Encode("The fox runs")[(before.Length - 1)..], after);
        string text = tokenizer.Decode([begin]);
        Assert.Equal(before, encoding.Of(new TaskRequest(text + "The fox", " runs")).Context);
    }

    [Theory]
    [InlineData("""{"bos_token": "B", "eos_token": "E"}""", 1)]
    [InlineData("""{"eos_token": {"content": "E"}}""", 2)]
    [InlineData("""{}""", null)]
    public void Of_EmptyContext_IsTheTokenThatBeginsOrElseEndsAText(string configuration, int? beginning)
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.File("tokenizer.json"), """
            {"version":"1.0","added_tokens":[{"id":1,"content":"B","special":true},{"id":2,"content":"E","special":true}],"normalizer":null,
            "pre_tokenizer":null,"post_processor":null,"decoder":null,"model":{"type":"BPE","vocab":{"a":0,"B":1,"E":2},"merges":[]}}
            """);
        File.WriteAllText(folder.File("tokenizer_config.json"), configuration);
        TaskEncoding encoding = new(Tokenizer.Load(folder.Path));
        if (beginning is not { } first)
        {
            Assert.Contains("names no token that begins or ends a text",
                Assert.Throws<InvalidDataException>(() => encoding.Of(new TaskRequest("", "aa"))).Message, StringComparison.Ordinal);
            return;
        }
        foreach (string context in (string[])["", " "])
        {
            (int[] before, int[] after) = encoding.Of(new TaskRequest(context, "aa"));
            Assert.Equal([first], before);
            Assert.Equal([0, 0], after);
        }
        // A text that brings the token has it as its context.
        Assert.Equal([0], encoding.Of(new TaskRequest("", first == 1 ? "Ba" : "Ea")).Continuation);
        Assert.Throws<InvalidDataException>(() => encoding.Of(new TaskRequest("a", "")));
    }
}
