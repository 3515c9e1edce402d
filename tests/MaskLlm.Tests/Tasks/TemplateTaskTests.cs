using MaskLlm.Tasks;

namespace MaskLlm.Tests.Tasks;

public sealed class TemplateTaskTests : IDisposable
{
    private readonly TaskFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Task_ListOfTemplates_AsksThem()
    {
        TaskDocument found = Ask(
            """{"name":"colours","files":"c.jsonl","context":"{{ thing | capitalize }} is","choices":["{{ a }}","{{ b }}"],"gold":"{{ right }}"}""",
            """{"thing":"snow","a":"white","b":"black","right":0}""");
        Assert.Equal(TaskFolder.Of("Snow is", " white", " black"), found.Requests);
        Assert.Equal(0, found.Gold);
        Assert.Equal([5, 5], found.Lengths!);
    }

    [Fact]
    public void Task_TemplateOfAList_FindsTheAnswersText()
    {
        TaskDocument found = Ask(
            """{"name":"c","files":["d.jsonl","c.jsonl"],"context":"{{ q }}","choices":"{{ o | tojson }}","gold":"{{ right }}","delimiter":"","acc_norm":false}""",
            """{"q":"1 + 1 =","o":["3","2","\""],"right":"\""}""");
        Assert.Equal(TaskFolder.Of("1 + 1 =", "3", "2", "\""), found.Requests);
        Assert.Equal((2, null), (found.Gold, found.Lengths));
    }

    [Fact]
    public void Task_WithoutChoices_AsksTheAnswer()
    {
        TaskDocument found = Ask("""{"name":"c","files":"c.jsonl","context":"{{ q }}","gold":"{{ a }}"}""", """{"q":"Two is","a":"2"}""");
        Assert.Equal(TaskFolder.Of("Two is", " 2"), found.Requests);
        Assert.Null(found.Gold);
    }

    [Fact]
    public void Task_LineEndAtTheEnd_IsAsked() => Assert.Equal(TaskFolder.Of("a \n", " b"),
        Ask("""{"name":"c","files":"c.jsonl","context":"a \n","gold":"b"}""", "{}").Requests);

    [Theory]
    [InlineData("""{"name":"c","files":"c.jsonl","context":"{{ thign }} is","gold":"x"}""", "template, line 1: 'thign' is undefined.")]
    [InlineData("""{"name":"c","files":"c.jsonl","context":"{{ thign | capitalize }}","gold":"x"}""", "'thign' is undefined.")]
    [InlineData("""{"name":"c","files":"c.jsonl","context":"q","choice":["a"],"gold":0}""", "there is no member choice (did you mean choices?)")]
    [InlineData("""{"name":"","files":"c.jsonl","context":"q","gold":"x"}""", "name must be letters, digits")]
    [InlineData("""{"name":"a|b","files":"c.jsonl","context":"q","gold":"x"}""", "name must be letters, digits")]
    [InlineData("""{"name":"c","files":"c.jsonl","gold":"x"}""", "context is missing")]
    [InlineData("""{"name":"c","files":"c.jsonl","context":"{% if","gold":"x"}""", "context: ")]
    [InlineData("""{"name":"c","files":"c.jsonl","context":"q","gold":1}""", "gold must be a template of the right text")]
    [InlineData("""{"name":"c","files":"c.jsonl","context":"q","choices":["a","b"],"gold":"{{ right }}"}""", "gold is c; the number of one of 2 choices")]
    [InlineData("""{"name":"c","files":"c.jsonl","context":"q","choices":["a","b"],"gold":2}""", "gold is 2; the number of one of 2 choices")]
    [InlineData("""{"name":"c","files":"c.jsonl","context":"q","choices":"{{ right }}","gold":0}""", "choices gives c; a JSON list of texts")]
    [InlineData("""{"name":"c","files":"c.jsonl","context":"{{ 1 / 0 }}","choices":["a"],"gold":0}""", "with ")]
    public void Task_ThatDoesNotFit_IsSaid(string task, string said)
    {
        string message = Assert.Throws<InvalidDataException>(() => Ask(task, """{"right":"c"}""")).Message;
        Assert.Contains("task.json", message, StringComparison.Ordinal);
        Assert.Contains(said, message, StringComparison.Ordinal);
    }

    private TaskDocument Ask(string task, string record)
    {
        _folder.Write("c.jsonl", record);
        return Assert.Single(_folder.Documents(_folder.Write("task.json", task)));
    }
}
