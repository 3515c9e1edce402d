namespace MaskLlm.Formats;

/// <summary>Folders of what is nobody's business but their user's.</summary>
internal static class PrivateFolder
{
    /// <summary>Makes a folder for its user alone where it is missing; folders above it that are missing are made as others are.</summary>
    internal static void Create(string path)
    {
        if (OperatingSystem.IsWindows() || Directory.Exists(path))
        {
            Directory.CreateDirectory(path);
            return;
        }
        if (Path.GetDirectoryName(FileIdentity.Full(path)) is { } above) Directory.CreateDirectory(above);
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
