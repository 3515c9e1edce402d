using MaskLlm.Chat;
using MaskLlm.Chat.Builtins;
using MaskLlm.Chat.Values;

namespace MaskLlm.Tests.Chat;

/// <summary>Every builtin pays for what it looks at and makes before it does: gone through by the tables, so that a new one cannot be
/// forgotten.</summary>
public class ChatBudgetTests
{
    // A megabyte, asked about again and again; the ratio of steps to characters is that of the default limits.
    private const string Huge = "{% set x = 'a b,' * 250000 %}{% set r = range(100000)|list %}";
    private static readonly RenderLimits Low = new(Steps: 1_500_000, Characters: 1 << 20);

    // What comes with these takes the same time for any text.
    private static readonly string[] Brief = ["default", "d"];

    // These take numbers or dicts only, or nothing, and refuse a text at once.
    private static readonly string[] OfOthers =
        ["odd", "even", "divisibleby", "abs", "round", "items", "dictsort", "filesizeformat", "xmlattr", "random"];

    private static readonly string[] Arguments =
        ["", "x", "x, x", "1000", "'a'", "'a', x", "1000, 'z'", "[x, x]", "{'a': x}", "attribute='y'", "x, 3", "x, 'b', 1"];

    public static TheoryData<string> FilterNames => [.. Filters.All.Keys.Except(Brief).Except(OfOthers)];

    public static TheoryData<string> TestNames =>
        [.. MaskLlm.Chat.Builtins.Tests.All.Where(test => !test.Value.IsBrief).Select(test => test.Key).Except(OfOthers)];

    public static TheoryData<string> MethodNames => [.. MethodSet.OfTexts.All.Keys];

    [Theory]
    [MemberData(nameof(FilterNames))]
    public void Filter_HugeText_IsStoppedWithLittleMemory(string name) => AssertStopped(arguments => $"x|{name}({arguments})", Arguments);

    [Theory]
    [MemberData(nameof(TestNames))]
    public void Test_HugeText_IsStoppedWithLittleMemory(string name) =>
        AssertStopped(arguments => $"[x]|select('{name}'{(arguments.Length > 0 ? ", " : "")}{arguments})|list", Arguments);

    [Theory]
    [MemberData(nameof(MethodNames))]
    public void Method_HugeText_IsStoppedWithLittleMemory(string name) => AssertStopped(arguments => $"x.{name}({arguments})", Arguments);

    [Theory]
    [InlineData("x == x ~ 'c'")]
    [InlineData("x < x ~ 'c'")]
    [InlineData("x in x")]
    [InlineData("x in [x]")]
    [InlineData("x ~ 'c'")]
    [InlineData("x + 'c'")]
    [InlineData("x * 1")]
    [InlineData("x[1:]")]
    [InlineData("x[::-1]")]
    [InlineData("x[::2]")]
    [InlineData("x[5]")]
    [InlineData("x[-1]")]
    [InlineData("{x: 1}")]
    [InlineData("{'a': 1}[x]")]
    [InlineData("{'a': 1}.get(x)")]
    [InlineData("[x]|tojson")]
    [InlineData("[x]|string")]
    [InlineData("[x, x]|sort|length")]
    [InlineData("[x, x]|unique|list")]
    [InlineData("[x]|join")]
    [InlineData("[x]|map('lower')|list")]
    [InlineData("[x]|select('lower')|list")]
    [InlineData("[x].index(x)")]
    [InlineData("'%s' % x")]
    [InlineData("x % ()")]
    [InlineData("'%1000000d' % 1")]
    [InlineData("'%.1000000f' % 1.5")]
    [InlineData("'%*d' % (1000000, 1)")]
    [InlineData("'{}'.format(x)")]
    [InlineData("'{:1000000}'.format(1)")]
    [InlineData("x|safe + x")]
    [InlineData("x|safe|replace('a', 'b')")]
    [InlineData("('a'|safe).join([x])")]
    [InlineData("namespace(y=x).y ~ 'c'")]
    [InlineData("{'a': x}|xmlattr")]
    [InlineData("{'a': x}|urlencode")]
    [InlineData("'\\t'.expandtabs(1000000)")]
    [InlineData("(x|replace(' ', '-'))|wordwrap(1)")]
    [InlineData("('ß' * 250000).upper()")]
    [InlineData("strftime_now(x)")]
    [InlineData("range(100000)")]
    [InlineData("r + r")]
    [InlineData("r * 2")]
    [InlineData("r[1:]")]
    [InlineData("r|sort")]
    [InlineData("r|sum")]
    [InlineData("r|slice(100000)|list")]
    [InlineData("r|groupby(0)")]
    [InlineData("r|tojson")]
    [InlineData("r|string")]
    [InlineData("-5 in r")]
    public void Operator_HugeValue_IsStoppedWithLittleMemory(string expression) => AssertStopped(_ => expression, "");

    [Fact]
    public void Parse_HugeTemplate_IsRefused() =>
        Assert.Contains("characters; expected at most",
            Assert.Throws<InvalidDataException>(() => ChatTemplate.Parse(new string('a', (1 << 22) + 1))).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Parse_ManyTextsAndNames_TakesMemoryOfTheirLength()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        ChatTemplate.Parse("{{ " + string.Concat(Enumerable.Repeat("'a' ", 100_000)) + "}}");
        ChatTemplate.Parse("{{ f(" + string.Join(", ", Enumerable.Range(0, 20_000).Select(index => $"a{index}=1")) + ") }}");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000_000);
    }

    private static void AssertStopped(Func<string, string> expression, params string[] all)
    {
        int stopped = 0;
        foreach (string arguments in all)
        {
            ChatTemplate template = ChatTemplate.Parse($"{Huge}{{% for i in r %}}{{% set y = {expression(arguments)} %}}{{% endfor %}}");
            long before = GC.GetAllocatedBytesForCurrentThread();
            Exception? error = Record.Exception(() => template.Render([], true, null, null, Low, TimeProvider.System));
            // Twelve million characters may be made in all, and what they are made from.
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 160_000_000);
            // A call that its arguments do not fit ends at once.
            Assert.True(error is ArgumentException or NotSupportedException, $"{expression(arguments)} ended without a word.");
            stopped += error.Message.Contains("steps; expected", StringComparison.Ordinal)
                || error.Message.Contains("characters; expected", StringComparison.Ordinal) ? 1 : 0;
        }

        Assert.NotEqual(0, stopped);
    }
}
