using System.Text.Json.Nodes;
using MaskLlm.Chat;

namespace MaskLlm.Tests.Chat;

/// <summary>What Jinja 3.1 and markupsafe 3 make of constructs that templates copy from one another; the values are theirs.</summary>
public class ChatTemplateLikeJinjaTests
{
    private const string Variables = """
        { "no": null, "nay": false, "zero": 0, "empty": "", "el": [], "ed": {}, "l": [3, 1, 2],
          "tools": null, "recs": [ { "n": "b", "v": 2 }, { "n": "A", "v": 1 }, { "n": "b", "v": 3 } ], "d": { "a": 1 } }
        """;

    public static TheoryData<string, string> Selections
    {
        get
        {
            TheoryData<string, string> data = [];
            foreach (string filter in (string[])["select", "reject", "select('defined')", "selectattr('n')", "rejectattr('n', 'none')",
                "map('upper')", "map(attribute='n')", "selectattr('n', 'equalto', 'x')"])
            {
                foreach (string value in (string[])["no", "missing", "nay", "zero", "empty", "el", "ed", "d.missing", "0.0"])
                    data.Add(value, filter);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Selections))]
    public void Select_FalseValue_GivesNothing(string value, string filter)
    {
        Assert.Equal("[]|0|none", Render($"{{{{ {value} | {filter} | list }}}}|{{{{ {value} | {filter} | list | length }}}}|{{% for x in "
            + $"{value} | {filter} %}}{{% else %}}none{{% endfor %}}"));
    }

    [Theory]
    [InlineData("{{ 5 | map('upper') | list }}")]
    [InlineData("{{ true | select | list }}")]
    [InlineData("{{ no | list }}")]
    [InlineData("{{ no | join(',') }}")]
    [InlineData("{{ no | first }}")]
    [InlineData("{{ no | last }}")]
    [InlineData("{{ nay | sum }}")]
    [InlineData("{{ zero | min }}")]
    [InlineData("{{ no | max }}")]
    [InlineData("{{ no | sort }}")]
    [InlineData("{{ no | unique | list }}")]
    [InlineData("{{ no | batch(2) | list }}")]
    [InlineData("{{ no | slice(2) | list }}")]
    [InlineData("{{ no | groupby('n') }}")]
    [InlineData("{{ no | length }}")]
    [InlineData("{{ no | items | list }}")]
    [InlineData("{% for x in no %}{% endfor %}")]
    [InlineData("{{ 'a' in no }}")]
    public void Others_NoSequence_AreErrors(string source) =>
        Assert.StartsWith("chat template, line 1: ", Assert.Throws<ArgumentException>(() => Render(source)).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("{{ '<b>'|safe + '<i>' }}", "<b>&lt;i&gt;")]
    [InlineData("{{ '<i>' + '<b>'|safe }}", "&lt;i&gt;<b>")]
    [InlineData("{{ '<b>'|safe + '<i>'|safe }}", "<b><i>")]
    [InlineData("{{ ('<b>'|safe + \"&'\") + '\"' }}", "<b>&amp;&#39;&#34;")]
    [InlineData("{{ '<b>'|safe ~ '<i>' }}", "<b><i>")]
    [InlineData("{{ ('<b>'|safe ~ '<i>') + '<u>' }}", "<b><i><u>")]
    [InlineData("{{ '<b>%s%s</b>'|safe % ('<i>', '<u>'|safe) }}", "<b>&lt;i&gt;<u></b>")]
    [InlineData("{{ '<b>%(x)s</b>'|safe % {'x': '<i>'} }}", "<b>&lt;i&gt;</b>")]
    [InlineData("{{ '%s' % ('<b>'|safe) + '<i>' }}", "<b><i>")]
    [InlineData("{{ ('<b>'|safe).join(['<', '<'|safe, 1]) }}", "&lt;<b><<b>1")]
    [InlineData("{{ ['<', '<b>'|safe]|join('<') }}", "<<<b>")]
    [InlineData("{{ ('<b>{}</b>'|safe).format('<') }}", "<b>&lt;</b>")]
    [InlineData("{{ ('<b>{x}</b>'|safe).format(x='<') }}", "<b>&lt;</b>")]
    [InlineData("{{ '<b>%s'|safe|format('<') }}", "<b>&lt;")]
    [InlineData("{{ ('<b>'|safe).replace('b', '<') }}", "<&lt;>")]
    [InlineData("{{ ('<b>'|safe)|replace('b', '<') }}", "<<>")]
    [InlineData("{{ ('<b>'|safe).upper() + '<' }}", "<B>&lt;")]
    [InlineData("{{ ('<b>'|safe)|trim + '<' }}", "<b>&lt;")]
    [InlineData("{{ ('<b> x'|safe).split()[0] + '<' }}", "<b>&lt;")]
    [InlineData("{{ ('<b>'|safe)[0] + '<' }}", "<&lt;")]
    [InlineData("{{ ('<b>'|safe)[:2] + '<' }}", "<b&lt;")]
    [InlineData("{{ ('<'|safe) * 2 + '<' }}", "<<&lt;")]
    [InlineData("{{ ('<b>'|safe)|string + '<' }}", "<b>&lt;")]
    [InlineData("{{ ('<b>'|safe)|title + '<' }}", "<B><")]
    [InlineData("{{ ('<b>'|safe)|list|first + '<' }}", "<<")]
    [InlineData("{{ '<b>'|e }}{{ '<b>'|e|e }}{{ '<b>'|escape|forceescape }}", "&lt;b&gt;&lt;b&gt;&amp;lt;b&amp;gt;")]
    [InlineData("{{ ['<b>'|safe] }}", "[Markup('<b>')]")]
    [InlineData("{{ {'a': '<b>'|safe}|tojson }}", "{\"a\": \"<b>\"}")]
    [InlineData("{{ 'a'|safe == 'a' }}{{ {'a': 1}['a'|safe] }}{{ 'a'|safe in 'cab' }}{{ 'a' in 'cab'|safe }}{{ 'a'|safe is string }}{{ "
        + "('a'|safe)|length }}", "True1TrueTrueTrue1")]
    [InlineData("{{ '<'|safe is escaped }}{{ '<' is escaped }}", "TrueFalse")]
    [InlineData("{{ (no|default('<b>'|safe, true)) + '<' }}", "<b>&lt;")]
    [InlineData("{{ '' + ''|safe or 'x' }}", "x")]
    public void Render_TextMarkedSafe_EscapesWhatIsAdded(string source, string expected) => Assert.Equal(expected, Render(source));

    [Theory]
    [InlineData("{{ d[[1]] is defined }}{{ d[{}] is defined }}{{ d[([1], 2)] is defined }}{{ d[(1, 2)] is defined }}",
        "FalseFalseFalseFalse")]
    [InlineData("{{ l[[1]] is defined }}{{ l['a'] is defined }}{{ 'abc'[l] is defined }}{{ (5)[l] is defined }}", "FalseFalseFalseFalse")]
    [InlineData("{{ d[l]|default('x') }}{{ d[missing] is defined }}", "xFalse")]
    public void Item_ValueThatIsNoKey_IsUndefined(string source, string expected) => Assert.Equal(expected, Render(source));

    [Theory]
    [InlineData("{{ '%s-%r-%d-%5.2f-%%-%x-%X-%o-%e-%g-%c' % ('a', 'b', 7, 3.14159, 255, 255, 8, 12345.678, 0.0001, 'z') }}",
        "a-'b'-7- 3.14-%-ff-FF-10-1.234568e+04-0.0001-z")]
    [InlineData("{{ '%05d|%-5d|%+d|% d|%3s|%-3s|%.2s|%#x|%*d' % (42, 42, 42, 42, 'a', 'b', 'cde', 255, 4, 7) }}",
        "00042|42   |+42| 42|  a|b  |cd|0xff|   7")]
    [InlineData("{{ '%s' % l }}{{ '%(a)s' % d }}{{ 'x' % d }}{{ '%d' % 3.9 }}{{ '%s' % none }}{{ '%05.1f' % -2.25 }}",
        "[3, 1, 2]1x3None-02.2")]
    [InlineData("{{ '{} {}'.format(1, 'a') }}{{ '{1}{0}'.format('a', 'b') }}{{ '{x}{y[0]}{z.a}'.format(x=1, y=l, z=d) }}{{ "
        + "'{{}}'.format() }}", "1 aba131{}")]
    [InlineData("{{ '{:>5}|{:<5}|{:^5}|{:*^5}|{:05d}|{:+d}|{:,}|{:.2f}|{:.1%}|{:x}|{:e}|{!r}|{:{}}'.format('a', 'b', 'c', 'd', 42, 7, "
        + "1234567, 2.5, 0.25, 255, 1234.5, 'q', 'w', 3) }}",
        "    a|b    |  c  |**d**|00042|+7|1,234,567|2.50|25.0%|ff|1.234500e+03|'q'|w  ")]
    [InlineData("{{ '%.2f %.0f %.1f' % (0.125, 2.5, 0.25) }}{{ 0.125|round(2) }}{{ 2.675|round(2) }}{{ true|round }}",
        "0.12 2 0.20.122.671")]
    [InlineData("{{ 'a%sb'|format('-') }}{{ '%(x)d'|format(x=3) }}", "a-b3")]
    public void Render_FormattedText_IsPythons(string source, string expected) => Assert.Equal(expected, Render(source));

    [Theory]
    [InlineData("{{ '%d' % 'a' }}")]
    [InlineData("{{ '%s' % (1, 2) }}")]
    [InlineData("{{ '%s %s' % 1 }}")]
    [InlineData("{{ 'x' % 1 }}")]
    [InlineData("{{ '%' % 1 }}")]
    [InlineData("{{ '%q' % 1 }}")]
    [InlineData("{{ '%(a' % d }}")]
    [InlineData("{{ '%(b)s' % d }}")]
    [InlineData("{{ '{}'.format() }}")]
    [InlineData("{{ '{'.format(1) }}")]
    [InlineData("{{ '}'.format(1) }}")]
    [InlineData("{{ '{a}'.format(1) }}")]
    [InlineData("{{ '{:d}'.format('a') }}")]
    [InlineData("{{ '{:zzz}'.format(1) }}")]
    [InlineData("{{ '{.x}'.format(1) }}")]
    public void Render_FormatThatDoesNotFit_IsOneSentence(string source) =>
        Assert.StartsWith("chat template, line 1: ", Assert.Throws<ArgumentException>(() => Render(source)).Message,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("{% for g in recs|groupby('n') %}{{ g.grouper }}{{ g.list|length }}{{ g[0] }};{% endfor %}{% for k, v in "
        + "recs|groupby('n') %}{{ k }}{{ v|map(attribute='v')|list }}{% endfor %}", "A1A;b2b;A[1]b[2, 3]")]
    [InlineData("{{ recs|groupby('zz', default='-') }}", "[('-', [{'n': 'b', 'v': 2}, {'n': 'A', 'v': 1}, {'n': 'b', 'v': 3}])]")]
    [InlineData("{{ [1,2,3,4,5]|slice(3)|list }}{{ [1,2,3,4,5]|slice(3, 'x')|list }}", "[[1, 2], [3, 4], [5]][[1, 2], [3, 4], [5, 'x']]")]
    [InlineData("{{ 'a'|center(5) }}|{{ 'a-b c_d'|wordcount }}|{{ 'One Two'.istitle() }}{{ 'One two'.istitle() }}", "  a  |3|TrueFalse")]
    [InlineData("{% set j = joiner('; ') %}{% for x in l %}{{ j() }}{{ x }}{% endfor %}{% set c = cycler('a', 'b') %}{{ c.next() }}{{ "
        + "c.next() }}{{ c.next() }}{{ c.current }}", "3; 1; 2abab")]
    [InlineData("{{ 7.5 % 2 }}{{ -7 % 3 }}{{ 7 % 1e-7 < 1e-7 }}{{ -3 // 1e-7 }}{{ -7.5 // 2 }}", "1.52True-30000001.0-4.0")]
    [InlineData("{{ 'aé😀b'|reverse }}{{ 'aé😀b'[::-1] }}{{ 'aé😀b'[1:3] }}{{ 'aé😀b'[::2] }}{{ 'aé😀b'[-2] }}", "b😀éab😀éaé😀a😀😀")]
    [InlineData("{{ d|attr('a') is defined }}{{ d|attr('items') is defined }}{{ recs|last|attr('n') }}", "FalseTrue")]
    [InlineData("{% for x in [{'a': 1, 'c': [{'a': 2, 'c': []}]}] recursive %}{{ x.a }}:{{ loop.depth }}{{ loop.depth0 }}({{ loop(x.c) "
        + "}}){% endfor %}", "1:10(2:21())")]
    [InlineData("{{ 0xff }}{{ 0o17 }}{{ 0b101 }}{{ 0xF_f }}{% print 3 %}", "2551552553")]
    [InlineData("{{ 2.0 is even }}{{ 3.0 is odd }}", "TrueTrue")]
    public void Render_OtherBuiltins_AreJinjas(string source, string expected) => Assert.Equal(expected, Render(source));

    private static string Render(string source) => ChatTemplate.Parse(source).Render(JsonNode.Parse(Variables)!.AsObject());
}
