using System.Text.Json;
using MaskLlm.Chat;

namespace MaskLlm.Tests.Chat;

public class ChatTemplateMalformedTests
{
    private static readonly string[] Scraps =
        ["{{", "}}", "{%", "%}", "{#", "#}", "-", "'", "\"", "(", ")", "[", "]", "{", "}", "|", ".", ",", ":", "~", "*", "\\", "\n", " if ",
            " for ", " in ", " is ", " not ", " 1e", "0x", "\ud83d"];

    public static TheoryData<string> Names =>
        [.. ChatFixtures.Templates.GetProperty("templates").EnumerateObject().Select(entry => entry.Name)];

    [Theory]
    [InlineData("{% if true %}", 1, "found the end of the template; expected 'elif' or 'else' or 'endif', as 'if' of line 1 is open.")]
    [InlineData("a\n{% for x in y %}\n{% endif %}", 3, "found 'endif'; expected a statement, or 'else' or 'endfor' for 'for' of line 2.")]
    [InlineData("{% endif %}", 1, "found 'endif'; expected a statement such as if, for, set or macro.")]
    [InlineData("{% foo %}", 1, "found 'foo'; expected a statement such as if, for, set or macro.")]
    [InlineData("\n\n{{ }}", 3, "found the end of the expression, '}}'; expected an expression.")]
    [InlineData("{{ 1 2 }}", 1, "found '2'; expected the end of the expression, '}}'.")]
    [InlineData("{{ 'abc }}", 1, "found a quote, ', without its partner; expected the end of the text.")]
    [InlineData("{{ a b", 1, "found a tag, '{{', without an end; expected '}}'.")]
    [InlineData("{# x", 1, "found a comment, '{#', without an end; expected '#}'.")]
    [InlineData("{% raw %}x", 1, "found '{% raw %}' without an end; expected '{% endraw %}'.")]
    [InlineData("{{ (1] }}", 1, "found ']'; expected ')'.")]
    [InlineData("{{ 1) }}", 1, "found ')' without the bracket that it closes.")]
    [InlineData("{{ a ! b }}", 1, "found the character '!', which means nothing inside of a tag; expected an expression.")]
    [InlineData("{% break %}", 1, "found 'break' outside of a loop; expected it between 'for' and 'endfor'.")]
    [InlineData("{% for a in b %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}", 1,
        "found 'break' outside of a loop; expected it between 'for' and 'endfor'.")]
    [InlineData("{{ f(a=1, 2) }}", 1, "found '2'; expected a named argument: those without a name come first.")]
    [InlineData("{{ f(a=1, a=2) }}", 1, "found the argument 'a' twice; expected it once.")]
    [InlineData("{% macro m(a=1, b) %}{% endmacro %}", 1,
        "found the parameter 'b' without a default after one with; expected a default, or another order.")]
    [InlineData("{% set true = 1 %}", 1, "found 'true'; expected the name of a variable.")]
    [InlineData("{% for x y %}{% endfor %}", 1, "found 'y'; expected 'in'.")]
    [InlineData("{{ 9223372036854775808 }}", 1, "found the number 9223372036854775808; expected one below 2^63.")]
    [InlineData("{{ '\\xg1' }}", 1, "found the escape '\\x' in a quoted text; expected 2 hexadecimal digits of a character after it.")]
    [InlineData("{% call 5 %}{% endcall %}", 1, "found '5'; expected the call of a macro.")]
    [InlineData("{{ a is }}", 1, "found the end of the expression, '}}'; expected the name of a test.")]
    [InlineData("{{ a.'b' }}", 1, "found the text 'b'; expected the name of an attribute.")]
    [InlineData("{% block a %}{% endblock %}{% block a %}{% endblock %}", 1, "found the block 'a' twice; expected each name once.")]
    [InlineData("{% block a required %}x{% endblock %}", 1,
        "found something in the required block 'a'; expected white space and comments only.")]
    [InlineData("{% import 'x' %}", 1, "found the end of the statement, '%}'; expected 'as'.")]
    [InlineData("{% from 'x' y %}", 1, "found 'y'; expected 'import'.")]
    [InlineData("{% macro m(caller) %}{% endmacro %}", 1,
        "found the parameter 'caller' without a default; expected one with, or none of this name.")]
    [InlineData("{% for x in y %}{% block a %}{% break %}{% endblock %}{% endfor %}", 1,
        "found 'break' outside of a loop; expected it between 'for' and 'endfor'.")]
    [InlineData("{% endfor", 1, "found a tag, '{%', without an end; expected '%}'.")]
    public void Parse_NoTemplate_SaysWhatWasFoundWhere(string source, int line, string message) =>
        Assert.Equal($"chat template, line {line}: {message}",
            Assert.Throws<InvalidDataException>(() => ChatTemplate.Parse(source)).Message);

    [Theory]
    [InlineData("{% do x %}", "the statement 'do'")]
    [InlineData("{{ '\\N{DASH}' }}", "a character by its name")]
    public void Parse_WhatIsNotSupported_IsNamed(string source, string named) =>
        Assert.Contains(named, Assert.Throws<NotSupportedException>(() => ChatTemplate.Parse(source)).Message, StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Names))]
    public void ParseAndRender_EveryTruncation_FailsAsDocumented(string name)
    {
        string source = Source(name);
        for (int length = 0; length <= source.Length; length++)
            ParseAndRender(source[..length]);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ParseAndRender_OneCharacterMissingOrOther_FailsAsDocumented(string name)
    {
        string source = Source(name);
        for (int at = 0; at < source.Length; at++)
        {
            ParseAndRender(source.Remove(at, 1));
            ParseAndRender(source.Remove(at, 1).Insert(at, Scraps[at % Scraps.Length]));
        }
    }

    [Fact]
    public void ParseAndRender_TruncatedConstructs_FailAsDocumented()
    {
        foreach (JsonElement entry in ChatFixtures.Constructs.GetProperty("cases").EnumerateArray())
        {
            string source = entry.GetProperty("source").GetString()!;
            for (int length = 0; length < source.Length; length++)
            {
                ParseAndRender(length % 2 == 0 ? source[..length] : source.Insert(length, Scraps[length % Scraps.Length]));
            }
        }
    }

    private static string Source(string name) => ChatFixtures.Templates.GetProperty("templates").GetProperty(name).GetString()!;

    private static void ParseAndRender(string source)
    {
        try
        {
            ChatTemplate.Parse(source).Render([new("user", " a \ud83d\ude00"), new("assistant", "b")], true, "<s>", "</s>");
        }
        catch (Exception error) when (error is InvalidDataException or NotSupportedException
            || error.GetType() == typeof(ArgumentException))
        {
            Assert.NotEqual("", error.Message);
        }
    }
}
