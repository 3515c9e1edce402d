using System.Security.Cryptography;
using System.Text;
using MaskLlm.Data;
using MaskLlm.Formats;

namespace MaskLlm.Cli.Commands;

/// <summary>The documentation of this machine's .NET SDK as a source of text.</summary>
internal static class Documentation
{
    internal const string SourceName = "dotnet-docs";

    /// <summary>Writes the text once and gives its path.</summary>
    /// <exception cref="FileNotFoundException">No SDK with documentation is on this machine.</exception>
    internal static string WriteToCache()
    {
        IReadOnlyList<string> files = ReferenceDocumentation.FindFiles();
        if (files.Count == 0)
            throw new FileNotFoundException("dotnet-docs: no packs/*/ref/**/*.xml beside this .NET runtime; install the .NET SDK or name other --data.");
        return WriteToCache(files);
    }

    /// <summary>The same, or where no SDK is, the documentation of this program's own library.</summary>
    internal static string WriteToCacheOrOwn()
    {
        IReadOnlyList<string> files = ReferenceDocumentation.FindFiles();
        return WriteToCache(files.Count > 0 ? files : [Path.Combine(AppContext.BaseDirectory, "MaskLlm.Learning.xml")]);
    }

    private static string WriteToCache(IReadOnlyList<string> files)
    {
        string key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', files.Select(file => $"{file} {new FileInfo(file).Length}")))))[..16];
        string path = Path.Combine(CorpusOptions.DefaultCacheFolder, $"dotnet-docs-{key}.txt");
        PrivateFolder.Create(CorpusOptions.DefaultCacheFolder);
        if (!File.Exists(path))
            DiskFullException.Naming(path, () => ReferenceDocumentation.WriteText(files, path),
                "make room there, or name another folder for such caches with XDG_CACHE_HOME, and start again");
        return path;
    }
}
