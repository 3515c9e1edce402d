using System.Text;

namespace MaskLlm.Fuzz;

/// <summary>A valid input of a reader: one file or text, or a folder of files of which one is changed.</summary>
/// <param name="Files">By name; each array is made once and never changed.</param>
/// <param name="Changed">The file that mutation changes.</param>
/// <param name="Inside">Changes what a container holds and closes it again with right lengths and checksums; null for none.</param>
internal sealed record FuzzSeed(IReadOnlyDictionary<string, byte[]> Files, string Changed, Func<byte[], Mutator, byte[]>? Inside = null)
{
    /// <summary>The bytes that are changed.</summary>
    internal byte[] Bytes => Files[Changed];

    internal static FuzzSeed Of(string name, byte[] bytes, Func<byte[], Mutator, byte[]>? inside = null) =>
        new(new Dictionary<string, byte[]>(StringComparer.Ordinal) { [name] = bytes }, name, inside);

    internal static FuzzSeed Of(string name, string text) => Of(name, Encoding.UTF8.GetBytes(text));

    /// <summary>One seed for each file of a folder: each is changed in its turn.</summary>
    internal static IEnumerable<FuzzSeed> Folder(params (string Name, string Text)[] files)
    {
        Dictionary<string, byte[]> bytes = files.ToDictionary(file => file.Name, file => Encoding.UTF8.GetBytes(file.Text),
            StringComparer.Ordinal);
        return files.Select(file => new FuzzSeed(bytes, file.Name));
    }
}
