using System.Security.Cryptography;
using System.Text;
using MaskLlm.Formats;
using Microsoft.Extensions.FileSystemGlobbing;

namespace MaskLlm.Data;

/// <summary>The files behind one source, in the order in which they are read.</summary>
internal sealed class SourceFiles
{
    private SourceFiles(string path, IReadOnlyList<SourceFile> files)
    {
        Path = path;
        Files = files;
    }

    /// <summary>The source, as the user named it.</summary>
    public string Path { get; }

    /// <summary>At least one file.</summary>
    public IReadOnlyList<SourceFile> Files { get; }

    /// <summary>Whether no file needs a tokenizer.</summary>
    public bool HasOnlyIds => Files.All(file => file.Kind == ContentKind.TokenIds);

    /// <summary>Finds a file, the files of a folder and its subfolders (hidden ones left out), or those that match a glob, by name in
    /// ordinal order.</summary>
    /// <exception cref="FileNotFoundException">There is no such file, or no file in there.</exception>
    public static SourceFiles Find(string path)
    {
        if (File.Exists(path))
            return new SourceFiles(path, [SourceFile.At(path)]);
        if (Directory.Exists(path))
            return Sorted(path, InFolder(path), "the folder holds no file (hidden ones do not count)");
        if (path.Contains('*', StringComparison.Ordinal))
            return Sorted(path, Matching(path), "no file matches; known wildcards are * and **, case counts");
        throw new FileNotFoundException($"{path}: no such file or folder. Check the path; it is taken from {Environment.CurrentDirectory}.",
            path);
    }

    /// <summary>Bytes on disk of all files.</summary>
    public long TotalBytes() => Files.Sum(file => FileIdentity.LengthOf(file.Path));

    /// <summary>The hash of each file, in order.</summary>
    public string[] Hashes(CancellationToken cancellation) => [.. Files.Select(file => file.ContentHash(cancellation))];

    /// <summary>The hashes by the files they are of.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> ByPath(string[] hashes) =>
        [.. Files.Zip(hashes, (file, hash) => KeyValuePair.Create(file.Path, hash))];

    /// <summary>One hash for all: that of the only file, or that of the list of hashes.</summary>
    public static string Combine(string[] hashes) => hashes.Length == 1
        ? hashes[0]
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Join('\n', hashes))));

    private static SourceFiles Sorted(string path, IEnumerable<string> found, string nothing)
    {
        string[] files = [.. found.Order(StringComparer.Ordinal)];
        return files.Length > 0
            ? new SourceFiles(path, [.. files.Select(SourceFile.At)])
            : throw new FileNotFoundException($"{path}: {nothing}.", path);
    }

    private static IEnumerable<string> InFolder(string folder) =>
        Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true });

    /// <summary>Splits a glob at its first segment with a wildcard: what is left of it is the folder to search.</summary>
    private static IEnumerable<string> Matching(string glob)
    {
        string pattern = glob.Replace('\\', '/');
        int slash = pattern.LastIndexOf('/', pattern.IndexOf('*', StringComparison.Ordinal));
        string folder = slash < 0 ? "." : pattern[..(slash + 1)];
        if (!Directory.Exists(folder))
            return [];
        Matcher matcher = new(StringComparison.Ordinal);
        matcher.AddInclude(pattern[(slash + 1)..]);
        return matcher.GetResultsInFullPath(folder);
    }
}
