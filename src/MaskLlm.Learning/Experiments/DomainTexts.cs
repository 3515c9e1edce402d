namespace MaskLlm.Experiments;

/// <summary>The texts of one domain.</summary>
/// <param name="Name">What stands before <c>.train.</c> and <c>.test.</c>.</param>
/// <param name="TrainPath">To learn and to calibrate on.</param>
/// <param name="TestPath">To take perplexities on.</param>
internal sealed record DomainTexts(string Name, string TrainPath, string TestPath)
{
    private const string Train = ".train.", Test = ".test.";

    /// <summary>The domains of a folder, by name.</summary>
    /// <exception cref="ArgumentException">No such folder, no domain in it, or a text without its other half.</exception>
    internal static IReadOnlyList<DomainTexts> Find(string folder)
    {
        if (!Directory.Exists(folder)) throw new ArgumentException($"`Domains` {folder}: no such folder.");
        SortedDictionary<string, string> train = Named(folder, Train), test = Named(folder, Test);
        foreach ((SortedDictionary<string, string> has, SortedDictionary<string, string> lacks,
            string missing) in new[] { (train, test, Test), (test, train, Train) })
            if (has.FirstOrDefault(pair => !lacks.ContainsKey(pair.Key)) is { Key: { } name, Value: { } path })
                throw new ArgumentException($"`Domains` {folder}: {Path.GetFileName(path)} has no {name}{missing}* beside it.");
        return train.Count > 0 ? [.. train.Select(pair => new DomainTexts(pair.Key, pair.Value, test[pair.Key]))]
            : throw new ArgumentException($"`Domains` {folder}: no X{Train}* and X{Test}* in there, such as books.train.txt.gz and "
                + $"books.test.txt.gz.");
    }

    private static SortedDictionary<string, string> Named(string folder, string middle)
    {
        SortedDictionary<string, string> found = new(StringComparer.Ordinal);
        foreach (string path in Directory.EnumerateFiles(folder, $"*{middle}*"))
        {
            string name = Path.GetFileName(path);
            if (!found.TryAdd(name[..name.IndexOf(middle, StringComparison.Ordinal)], path))
                throw new ArgumentException($"`Domains` {folder}: {name} and "
                    + $"{Path.GetFileName(found[name[..name.IndexOf(middle, StringComparison.Ordinal)]])} are one domain; leave one of "
                    + $"them.");
        }
        return found;
    }
}
