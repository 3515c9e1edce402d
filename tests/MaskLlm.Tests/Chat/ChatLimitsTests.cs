using MaskLlm.Chat;
using MaskLlm.Chat.Values;

namespace MaskLlm.Tests.Chat;

/// <summary>Templates that would take for ever, or all memory, or the stack: each ends with a sentence.</summary>
public class ChatLimitsTests
{
    // Lower than the default ones, so that the tests are quick; the ratio of steps to characters is about the same.
    private static readonly RenderLimits Low = new(Steps: 1_500_000, Characters: 1 << 20);
    private const string Steps = "steps; expected an end before.";
    private const string Characters = "characters; expected less.";
    private const string Deep = "levels deep";
    private const string Doubling = "{% set ns = namespace(x='ab') %}{% for i in range(90) %}";
    private const string Megabyte = "{% set a = 'a' * 1000000 %}{% set r = range(100000)|list %}";

    [Theory]
    [InlineData("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", Steps)]
    [InlineData("{% for i in range(100000) %}{% set x = range(100000) %}{% endfor %}", Steps)]
    [InlineData("{% for i in range(100000) %}{{ range(100000)|sum }}{% endfor %}", Steps)]
    [InlineData(Megabyte + "{% for i in r %}{{ a == 'a' * 1000000 }}{% endfor %}", Steps)]
    [InlineData(Megabyte + "{% for i in r %}{{ a.find('b') }}{% endfor %}", Steps)]
    [InlineData(Megabyte + "{% for i in r %}{{ a|length }}{% endfor %}", Steps)]
    [InlineData(Megabyte + "{% for i in r %}{{ a[5] }}{% endfor %}", Steps)]
    [InlineData(Megabyte + "{% for i in r %}{{ {a: 1}[a] }}{% endfor %}", Steps)]
    [InlineData(Megabyte + "{% for i in r %}{{ a in [a, a] }}{{ a is lower }}{{ a.startswith(a) }}{% endfor %}", Steps)]
    [InlineData(Megabyte + "{{ ('a' * 400000 + 'b') in a }}", Steps)]
    [InlineData(Megabyte + "{{ a.replace('a' * 400000 + 'ba', '') }}", Steps)]
    [InlineData(Megabyte + "{{ a.count('a' * 400000 + 'ba') }}", Steps)]
    [InlineData(Megabyte + "{{ a.split('a' * 400000 + 'ba') }}", Steps)]
    [InlineData(Megabyte + "{{ a.rpartition('a' * 400000 + 'ba') }}", Steps)]
    [InlineData(Megabyte + "{% for i in r %}{{ a.strip(a) }}{% endfor %}", Steps)]
    [InlineData(Megabyte + "{{ r|map('replace', 'a', a)|list|length }}{{ ([a] * 1000)|sort|join }}", Steps)]
    [InlineData(Doubling + "{% set ns.x = ns.x + ns.x %}{% endfor %}", Characters)]
    [InlineData(Doubling + "{% set ns.x = ns.x ~ ns.x %}{% endfor %}", Characters)]
    [InlineData(Doubling + "{% set ns.x = ns.x.replace('a', ns.x) %}{% endfor %}", Characters)]
    [InlineData(Doubling + "{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}", Characters)]
    [InlineData(Doubling + "{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x|tojson }}", Characters)]
    [InlineData(Doubling + "{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x == ns.x[0] ~ ns.x }}", Characters)]
    [InlineData("{% set ns = namespace(x=(), y=()) %}{% for i in range(90) %}{% set ns.x = (ns.x, ns.x) %}{% set ns.y = (ns.y, ns.y) %}{% "
        + "endfor %}{{ ns.x == ns.y }}", Steps)]
    [InlineData("{% set ns = namespace(x=()) %}{% for i in range(90) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}{{ {ns.x: 1} }}", Steps)]
    [InlineData("{% set ns = namespace(x=()) %}{% for i in range(90) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}{{ [ns.x, "
        + "ns.x]|unique|list }}", Steps)]
    [InlineData("{% set ns = namespace(x=(), y=()) %}{% for i in range(90) %}{% set ns.x = (ns.x, ns.x) %}{% set ns.y = (ns.y, ns.y) %}{% "
        + "endfor %}{{ [ns.x, ns.y]|sort }}", Steps)]
    [InlineData("{% set ns = namespace(x=(), y=()) %}{% for i in range(90) %}{% set ns.x = (ns.x, ns.x) %}{% set ns.y = (ns.y, ns.y) %}{% "
        + "endfor %}{% for i in [ns.x, ns.y] %}{{ loop.changed(i) }}{% endfor %}", Steps)]
    [InlineData("{{ 'a' * 999999999999 }}", Characters)]
    [InlineData("{{ [1] * 9223372036854775807 }}", Steps)]
    [InlineData("{{ 'a'.ljust(99999999999) }}", Characters)]
    [InlineData("{{ 'a'.zfill(99999999999) }}", Characters)]
    [InlineData("{{ 'a'.center(99999999999) }}", Characters)]
    [InlineData("{{ 'a'|indent(99999999999) }}", Characters)]
    [InlineData("{{ [[1]]|tojson(indent=10000000) }}", Characters)]
    [InlineData("{{ [1]|batch(2000000000, 0)|list }}", Steps)]
    [InlineData("{% for i in range(100000) %}{{ 'a' * 10000 }}{% endfor %}", Characters)]
    [InlineData("{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(1) }}", Deep)]
    [InlineData("{% macro m(n=m(1)) %}{% endmacro %}{% macro k(n=k()) %}{% endmacro %}{{ k() }}", Deep)]
    [InlineData("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", Deep)]
    [InlineData("{% macro m() %}{% call m() %}{% endcall %}{{ caller is defined }}{% endmacro %}{{ m() }}", Deep)]
    [InlineData("{% set ns = namespace(x=1) %}{% for i in range(1000) %}{% set ns.x = [ns.x] %}{% endfor %}", Deep)]
    [InlineData("{% set ns = namespace(x=1) %}{% for i in range(1000) %}{% set ns.x = {'a': ns.x} %}{% endfor %}", Deep)]
    public void Render_TemplateWithoutEnd_IsStopped(string source, string expected) =>
        Assert.Contains(expected,
            OnASmallStack(() => Assert.Throws<ArgumentException>(() => ChatTemplate.Parse(source)
            .Render([], true, null, null, Low, TimeProvider.System)).Message), StringComparison.Ordinal);

    [Theory]
    [InlineData("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", Steps)]
    [InlineData(Doubling + "{% set ns.x = ns.x ~ ns.x %}{% endfor %}", Characters)]
    [InlineData("{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(1) }}", Deep)]
    public void Render_DefaultLimits_StopToo(string source, string expected) =>
        Assert.Contains(expected, OnASmallStack(() => Assert.Throws<ArgumentException>(() => ChatFixtures.Render(source)).Message),
            StringComparison.Ordinal);

    [Theory]
    [InlineData("{{ ", "(", "1", ")", " }}")]
    [InlineData("{{ ", "[", "1", "]", " }}")]
    [InlineData("{{ ", "{1:", "1", "}", " }}")]
    [InlineData("{{ ", "not ", "1", "", " }}")]
    [InlineData("{{ ", "-", "1", "", " }}")]
    [InlineData("{{ ", "1 if 1 else ", "1", "", " }}")]
    [InlineData("{{ ", "a(", "1", ")", " }}")]
    [InlineData("{{ ", "a[", "1", "]", " }}")]
    [InlineData("{{ ", "a|d(", "1", ")", " }}")]
    [InlineData("{{ ", "a is in [", "1", "]", " }}")]
    [InlineData("{% set ", "(", "a", ")", " = 1 %}")]
    [InlineData("", "{% if 1 %}", "", "{% endif %}", "")]
    [InlineData("", "{% for a in b %}", "", "{% endfor %}", "")]
    [InlineData("", "{% macro a() %}", "", "{% endmacro %}", "")]
    [InlineData("", "{% call a() %}", "", "{% endcall %}", "")]
    [InlineData("", "{% set a %}", "", "{% endset %}", "")]
    public void Parse_DeepNesting_IsRefused(string before, string open, string inside, string close, string after)
    {
        string source = before + string.Concat(Enumerable.Repeat(open, 20_000)) + inside + string.Concat(Enumerable.Repeat(close, 20_000))
            + after;
        string message = OnASmallStack(() => Assert.Throws<InvalidDataException>(() => ChatTemplate.Parse(source)).Message);
        Assert.Contains("nested more than 100 levels deep", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1", " + 1")]
    [InlineData("a", ".b")]
    [InlineData("1", "|d")]
    [InlineData("1", " is odd()")]
    [InlineData("1", " and 1")]
    [InlineData("0", " or 0")]
    [InlineData("1", " if 1")]
    [InlineData("1", " ** 1")]
    public void Render_LongChain_IsRefused(string first, string link)
    {
        ChatTemplate template = ChatTemplate.Parse("{{ " + first + string.Concat(Enumerable.Repeat(link, 20_000)) + " }}");
        Assert.Contains(Deep, OnASmallStack(() => Assert.Throws<ArgumentException>(() => template.Render([], false, null, null)).Message),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Render_SmallLimits_NameThem()
    {
        ChatTemplate template = ChatTemplate.Parse("{% for i in range(10) %}abc{% endfor %}");
        string Message(RenderLimits limits) =>
            Assert.Throws<ArgumentException>(() => template.Render([], false, null, null, limits, TimeProvider.System)).Message;
        Assert.Equal("chat template, line 1: the template takes more than 20 steps; expected an end before. Check it for loops that grow, "
            + "or send fewer messages.", Message(new(Steps: 20)));
        Assert.Equal("chat template, line 1: the template makes a text of more than 20 characters; expected less. Send shorter messages.",
            Message(new(Characters: 20)));
        Assert.Equal("chat template, line 1: the template goes more than 1 levels deep; expected fewer. Check it for macros that call "
            + "themselves.", Message(new(Depth: 1)));
    }

    [Fact]
    public void Render_LongConversation_IsFarFromTheLimits()
    {
        string source = ChatFixtures.Templates.GetProperty("templates").GetProperty("llama2-style").GetString()!;
        ChatMessage[] messages = [.. Enumerable.Range(0, 1000)
            .Select(index => new ChatMessage(index % 2 == 0 ? "user" : "assistant", new string('a', 4000)))];
        RenderLimits limits = new() { Steps = new RenderLimits().Steps / 2 };
        Assert.True(ChatTemplate.Parse(source).Render(messages, true, "<s>", "</s>", limits, TimeProvider.System).Length > 4_000_000);
    }

    private static string OnASmallStack(Func<string> act)
    {
        Exception? error = null;
        string result = "";
        Thread thread = new(() => error = Record.Exception(() => { result = act(); }), maxStackSize: 512 * 1024);
        thread.Start();
        thread.Join();
        return error is null ? result : throw new InvalidOperationException(error.Message, error);
    }
}
