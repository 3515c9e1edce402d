namespace MaskLlm.Numerals;

/// <summary>The known name that a misspelt one was probably meant to be.</summary>
public static class NearestName
{
    /// <summary>Longer words are no misspelt name.</summary>
    public const int Longest = 64;

    /// <summary>What was probably meant, in brackets; empty where nothing is near.</summary>
    public static string Hint(string word, IEnumerable<string> known)
    {
        string? nearest = known.Where(name => Distance(word, name) <= Math.Max(2, word.Length / 4)).MinBy(name => Distance(word, name));
        return nearest is null ? "" : $" (did you mean {nearest}?)";
    }

    /// <summary>Letters to insert, remove or replace to get from one word to the other (Levenshtein).</summary>
    private static int Distance(string from, string to)
    {
        int[] row = [.. Enumerable.Range(0, to.Length + 1)];
        for (int i = 1; i <= from.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.Length; j++)
            {
                int replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[to.Length];
    }
}
