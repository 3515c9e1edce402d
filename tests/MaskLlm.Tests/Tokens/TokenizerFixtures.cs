using System.Text.Json;
using MaskLlm.Tokens;

namespace MaskLlm.Tests.Tokens;

/// <summary>Finds tokenizers: ours beside the tests, others' in the shared folder next to the repository.</summary>
internal static class TokenizerFixtures
{
    private static readonly Dictionary<string, Tokenizer> Loaded = [];

    public static Tokenizer Ours(string name) => Load(OurFolder(name));

    public static string OurFolder(string name) => Path.Combine(AppContext.BaseDirectory, "Fixtures", "tokenizers", name);

    /// <summary>A folder below shared/fixtures; the test is skipped where it is absent.</summary>
    public static string SharedFolder(string path)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "shared", "fixtures", path);
            if (Directory.Exists(candidate))
                return candidate;
        }

        Assert.Skip($"shared/fixtures/{path} is absent");
        return "";
    }

    public static Tokenizer Load(string folder)
    {
        lock (Loaded)
        {
            if (!Loaded.TryGetValue(folder, out Tokenizer? tokenizer))
                Loaded[folder] = tokenizer = Tokenizer.Load(folder);
            return tokenizer;
        }
    }

    public static IEnumerable<(string Text, int[] Ids, int[] IdsWithSpecial, string Decoded)> Encodings(string folder)
    {
        foreach (string line in File.ReadLines(Path.Combine(folder, "encodings.jsonl")))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            int[] ids = Ids(root.GetProperty("ids"));
            int[] special = root.TryGetProperty("ids_with_special", out JsonElement list) ? Ids(list) : ids;
            yield return (root.GetProperty("text").GetString()!, ids, special, root.GetProperty("decoded").GetString()!);
        }
    }

    private static int[] Ids(JsonElement list) => [.. list.EnumerateArray().Select(id => id.GetInt32())];
}
