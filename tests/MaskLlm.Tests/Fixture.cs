namespace MaskLlm.Tests;

internal static class Fixture
{
    internal static string PathOf(string relative) => Path.Combine(AppContext.BaseDirectory, "Fixtures", relative);

    internal static string? Shared(string relative)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (Directory.Exists(Path.Combine(folder.FullName, "shared", "fixtures")))
                return Path.Combine(folder.FullName, "shared", relative);
        return null;
    }
}
