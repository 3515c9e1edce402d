namespace MaskLlm.Fuzz;

/// <summary>Every reader of the program: of files, of arguments and of what comes over the wire.</summary>
internal static class FuzzReaders
{
    internal static IReadOnlyList<FuzzReader> All { get; } = [.. WeightReaders.All, .. CheckpointReaders.All, .. TextReaders.All,
        .. TaskReaders.All, .. RunReaders.All, .. ArgumentReaders.All, .. RequestReaders.All];

    /// <summary>A reader of that name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    internal static FuzzReader Named(string name) => All.FirstOrDefault(reader => reader.Name == name)
        ?? throw new ArgumentException($"--reader {name} is not known; known: {string.Join(", ", All.Select(reader => reader.Name))}.");

    internal static FuzzReader Make(string name, Func<IEnumerable<FuzzSeed>> seeds, Action<FuzzInput> read) =>
        new(name, new Lazy<IReadOnlyList<FuzzSeed>>(() => [.. seeds()]), read);
}
