using MaskLlm.Data;

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
            throw new FileNotFoundException(
                "dotnet-docs: no packs/*/ref/**/*.xml beside this .NET runtime; install the .NET SDK or name other --data.");
        return ReferenceDocumentation.WriteToCache(files);
    }

    /// <summary>The same, or where no SDK is, the documentation of this program's own library.</summary>
    internal static string WriteToCacheOrOwn()
    {
        IReadOnlyList<string> files = ReferenceDocumentation.FindFiles();
        return ReferenceDocumentation.WriteToCache(files.Count > 0 ? files
            : [Path.Combine(AppContext.BaseDirectory, "MaskLlm.Learning.xml")]);
    }
}
