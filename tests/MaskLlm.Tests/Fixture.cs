namespace MaskLlm.Tests;

/// <summary>Where tests find their files.</summary>
internal static class Fixture
{
    /// <summary>A file below tests/MaskLlm.Tests/Fixtures, as copied beside the test assembly.</summary>
    internal static string PathOf(string relative) => Path.Combine(AppContext.BaseDirectory, "Fixtures", relative);

    /// <summary>A path below the shared folder beside the repository, or null where this machine has none.</summary>
    internal static string? Shared(string relative)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (Directory.Exists(Path.Combine(folder.FullName, "shared", "fixtures")))
                return Path.Combine(folder.FullName, "shared", relative);
        }
        return null;
    }
}
