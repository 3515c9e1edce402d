using MaskLlm.Chat;
using MaskLlm.Chat.Values;

namespace MaskLlm.Tests.Chat;

public class ChatTemplateTests
{
    private static readonly ChatMessage Hello = new("user", "Hello");

    [Theory]
    [InlineData("{{ bos_token is defined }}{{ eos_token is defined }}{{ tools is none }}{{ documents is none }}{{ add_generation_prompt }}",
        "TrueFalseTrueTrueTrue")]
    [InlineData("{% generation %}{{ messages[0].content }}{% endgeneration %}", "Hello")]
    [InlineData("{% set tools = 1 %}{% set range = 5 %}{{ tools }}{{ range }}", "15")]
    [InlineData("a\r\nb\rc\r\n", "a\nb\nc")]
    [InlineData("", "")]
    [InlineData("{", "{")]
    [InlineData("}} %} #}", "}} %} #}")]
    [InlineData("{{ 'a' if (undef | nosuchfilter if false) else 'b' }}", "b")]
    public void Render_OwnCases_AreAsExpected(string source, string expected) => Assert.Equal(expected, ChatFixtures.Render(source, Hello));

    [Theory]
    [InlineData("%d %b %Y", "05 Mar 2024")]
    [InlineData("%-d %B %y %H:%M:%S %p %I %A %a %j %%", "5 March 24 14:07:09 PM 02 Tuesday Tue 065 %")]
    public void Render_StrftimeNow_IsTheTimeOfTheClock(string format, string expected)
    {
        ChatTemplate template = ChatTemplate.Parse($"{{{{ strftime_now('{format}') }}}}");
        Assert.Equal(expected, template.Render([], false, null, null, new RenderLimits(), new FixedClock()));
    }

    [Fact]
    public void Render_FailureInALaterLine_NamesTheLine()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() =>
            ChatFixtures.Render("a\n{% if true %}\n\n{{ nothing.here }}\n{% endif %}", Hello));
        Assert.Equal("chat template, line 4: 'nothing' is undefined.", error.Message);
    }

    [Fact]
    public void Render_FailureAfterAMacro_NamesTheLineOfTheCall()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() =>
            ChatFixtures.Render("{% macro m() %}\n\nx\n{% endmacro %}\n{{ m() + 1 }}", Hello));
        Assert.Equal("chat template, line 5: '+' does not take a str and an int. Convert one of them first.", error.Message);
    }

    [Fact]
    public void Render_RaiseException_IsTheTemplatesOwnSentence()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() =>
            ChatFixtures.Render("{{ raise_exception('Only user and ' ~ 1) }}", Hello));
        Assert.Equal("Only user and 1", error.Message);
        Assert.Null(error.ParamName);
    }

    [Fact]
    public void Render_FromManyThreads_GivesTheSameText()
    {
        ChatTemplate template = ChatTemplate.Parse(
            "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{{ m.content }}{{ ns.n }}{% endfor %}");
        Parallel.For(0, 64, _ => Assert.Equal("Hello1Hello2", template.Render([Hello, Hello], false, null, null)));
    }

    [Theory]
    [InlineData("{{ 'a'|urlize }}", "the filter 'urlize'")]
    [InlineData("{{ 'abc'|random }}", "the filter 'random'")]
    [InlineData("{{ '&nosuch;'|striptags }}", "the character reference '&nosuch;'")]
    [InlineData("{% for m in messages %}{% include 'x' %}{% endfor %}", "the statement 'include'")]
    [InlineData("{% extends 'x' %}", "the statement 'extends'")]
    [InlineData("{% import 'x' as y with context %}", "the statement 'import'")]
    [InlineData("{% from 'x' import y, z as w without context %}", "the statement 'from'")]
    [InlineData("{{ 1 is nosuch }}", "the test 'nosuch'")]
    [InlineData("{{ 'a'.encode() }}", "the method 'encode'")]
    [InlineData("{{ lipsum() }}", "'lipsum'")]
    [InlineData("{{ [1]|map('string') }}", "print a generator")]
    [InlineData("{{ range(3) }}", "print a range")]
    [InlineData("{{ 'a'.upper }}", "print a function")]
    [InlineData("{{ namespace() }}", "print a namespace")]
    [InlineData("{{ strftime_now('%c') }}", "'%c'")]
    [InlineData("{{ '1'|int(0, 16) }}", "another base")]
    public void Render_WhatIsNotSupported_IsNamed(string source, string named) =>
        Assert.Contains(named, Assert.Throws<NotSupportedException>(() => ChatFixtures.Render(source, Hello)).Message,
            StringComparison.Ordinal);

    private sealed class FixedClock : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(2024, 3, 5, 14, 7, 9, TimeSpan.Zero);
    }
}
