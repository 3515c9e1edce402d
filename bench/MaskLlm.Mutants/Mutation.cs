using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.Text;

namespace MaskLlm.Mutants;

/// <summary>One change of one place of the source.</summary>
/// <param name="File">The source's path.</param>
/// <param name="Line">In it, from 0.</param>
/// <param name="Place">In the file's text.</param>
/// <param name="New">What is put there.</param>
internal sealed record Mutation(string File, int Line, TextSpan Place, string New)
{
    // Each comparison negated or moved by one; sums and products turned round; truths, smallest and largest; numbers; what null becomes.
    private static readonly (Regex From, Func<string, string> To)[] Changes =
    [
        Change("(?<= )<(?= )", "<="), Change("(?<= )<=(?= )", "<"), Change("(?<= )>(?= )", ">="), Change("(?<= )>=(?= )", ">"),
        Change("(?<= )==(?= )", "!="), Change("(?<= )!=(?= )", "=="), Change("(?<= )&&(?= )", "||"), Change(@"(?<= )\|\|(?= )", "&&"),
        Change(@"(?<= )\+(?= )", "-"), Change("(?<= )-(?= )", "+"), Change(@"(?<= )\*(?= )", "/"), Change("(?<= )/(?= )", "*"),
        Change(@"\btrue\b", "false"), Change(@"\bfalse\b", "true"), Change(@"(?<=Math\.)Min\b", "Max"), Change(@"(?<=Math\.)Max\b", "Min"),
        (new Regex(@"(?<![\w.])\d{1,9}(?![\w.])"), old => $"{int.Parse(old, CultureInfo.InvariantCulture) + 1}"),
        Change(@" \?\? [^;,)]+", ""), Change(@"!(?=\w+[.(])", ""),
    ];

    /// <summary>All changes of one file. Texts, and who throws them, are left alone.</summary>
    internal static IEnumerable<Mutation> Of(string file)
    {
        int begin = 0, number = 0;
        foreach (string line in System.IO.File.ReadAllText(file).Split('\n'))
        {
            if (!IsLeftAlone(line))
            {
                string code = Regex.Replace(line.Split(" //")[0], "\"[^\"]*\"", text => new string('\0', text.Length));
                foreach ((Regex from, Func<string, string> to) in Changes)
                    foreach (Match match in from.Matches(code))
                        yield return new Mutation(file, number, new TextSpan(begin + match.Index, match.Length), to(match.Value));
            }
            begin += line.Length + 1;
            number++;
        }
    }

    private static (Regex From, Func<string, string> To) Change(string from, string to) => (new Regex(from), _ => to);

    private static bool IsLeftAlone(string line)
    {
        string begin = line.TrimStart();
        return ((string[])["//", "*", "using", "namespace", "throw", "$\"", "\"", "["])
                .Any(word => begin.StartsWith(word, StringComparison.Ordinal))
            || line.Contains("throw ", StringComparison.Ordinal)
            || (line.Contains("private const", StringComparison.Ordinal) && line.Contains('"', StringComparison.Ordinal));
    }
}
