namespace MaskLlm.Data;

/// <summary>What <see cref="Corpus.Open"/> reads and how it divides it.</summary>
public sealed record CorpusOptions
{
    /// <summary>As data sets on the hub call it.</summary>
    public const string DefaultTextColumn = "text";

    /// <summary>Sources and their blend: a weight for all of them or for none.</summary>
    public required IReadOnlyList<DataSource> Sources { get; init; }

    /// <summary>Text between two documents of a text file, escapes decoded (<see cref="Data.DocumentSeparator.Parse"/>); null: a file is
    /// one document.</summary>
    /// <remarks>Concerns text files only: a line of JSON and a row of ids are documents by themselves.</remarks>
    public string? DocumentSeparator { get; init; }

    /// <summary>Column of Parquet files, and member of the objects of <c>.jsonl</c> files, that is the text.</summary>
    public string TextColumn { get; init; } = DefaultTextColumn;

    /// <summary>Largest share of each source's tokens that is held out, 0 to 0.5; 0 holds nothing out.</summary>
    public double HeldOutFraction { get; init; } = 0.01;

    /// <summary>Most tokens held out over the whole corpus, divided among the sources by their size.</summary>
    public long HeldOutTokensLimit { get; init; } = 65_536;

    /// <summary>Folder of the token caches; made when missing.</summary>
    public string CacheFolder { get; init; } = DefaultCacheFolder;

    /// <summary>Threads that tokenise; 0: one for each core.</summary>
    public int Threads { get; init; }

    /// <summary><c>$XDG_CACHE_HOME/maskllm</c>, or <c>.cache/maskllm</c> in the user's home.</summary>
    public static string DefaultCacheFolder
    {
        get
        {
            string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            return string.IsNullOrEmpty(cache)
                ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "maskllm")
                : Path.Combine(cache, "maskllm");
        }
    }

    /// <summary>The paths of all files behind the sources.</summary>
    internal IEnumerable<string> Files() => Sources.SelectMany(source => SourceFiles.Find(source.Path).Files).Select(file => file.Path);

    internal void Validate()
    {
        if (Sources is null or { Count: 0 })
            throw new ArgumentException("No data source; wanted at least one PATH[:WEIGHT].", nameof(Sources));
        foreach (DataSource source in Sources)
        {
            if (source.Weight is double weight)
                DataSource.CheckWeight(source.Path, weight);
        }

        CheckAllOrNoWeights();
        if (DocumentSeparator is "")
            throw new ArgumentException("The document separator is empty; wanted null or text.", nameof(DocumentSeparator));
        if (string.IsNullOrEmpty(TextColumn))
            throw new ArgumentException("`TextColumn` is empty; name the column of the text.", nameof(TextColumn));
        if (!(HeldOutFraction >= 0 && HeldOutFraction <= 0.5))
            throw new ArgumentException(FormattableString.Invariant($"Held-out fraction {HeldOutFraction}; wanted 0 to 0.5."),
                nameof(HeldOutFraction));
        ArgumentOutOfRangeException.ThrowIfNegative(HeldOutTokensLimit);
        ArgumentException.ThrowIfNullOrEmpty(CacheFolder);
        ArgumentOutOfRangeException.ThrowIfNegative(Threads);
    }

    private void CheckAllOrNoWeights()
    {
        DataSource? without = Sources.FirstOrDefault(source => source.Weight is null);
        DataSource? with = Sources.FirstOrDefault(source => source.Weight is not null);
        if (with is not null && without is not null)
            throw new ArgumentException($"{with.Path} has a weight and {without.Path} has none; give all sources a weight, or none for a "
                + $"blend by size.", nameof(Sources));
    }
}
