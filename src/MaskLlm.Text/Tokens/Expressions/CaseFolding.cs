namespace MaskLlm.Tokens.Expressions;

/// <summary>Which code points are one where case is ignored.</summary>
internal static class CaseFolding
{
    private const string LongS = "sS\u017F", Kelvin = "kK\u212A";

    /// <summary>The set with every case of its ASCII letters.</summary>
    /// <param name="set">Any set; letters beyond ASCII must be in it in every case, or in none.</param>
    /// <param name="refuse">Makes the error for a letter beyond ASCII whose other case is not in the set.</param>
    public static CodePointSet Close(CodePointSet set, Func<string, Exception> refuse)
    {
        string folded = "";
        for (char lower = 'a'; lower <= 'z'; lower++)
        {
            string cases = lower switch
            {
                's' => LongS,
                'k' => Kelvin,
                _ => $"{lower}{char.ToUpperInvariant(lower)}",
            };
            if (cases.Any(letter => set.Contains(letter)))
                folded += cases;
        }

        CodePointSet closed = set.Union(CodePointSet.OfCharacters(folded));
        foreach ((int first, int last) in set.Ranges)
        {
            for (int codePoint = Math.Max(first, 0x80); codePoint <= Math.Min(last, 0xFFFF); codePoint++)
            {
                char letter = (char)codePoint;
                if (!closed.Contains(char.ToUpperInvariant(letter)) || !closed.Contains(char.ToLowerInvariant(letter)))
                    throw refuse($"{letter} where case is ignored");
            }
        }

        return closed;
    }
}
