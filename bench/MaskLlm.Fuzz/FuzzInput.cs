using System.Text;

namespace MaskLlm.Fuzz;

/// <summary>What a reader is given: the files of a seed with one of them changed, on disk when it asks for them there.</summary>
internal sealed class FuzzInput(FuzzSeed seed, byte[] changed, ScratchFolder scratch)
{
    /// <summary>The changed bytes.</summary>
    internal byte[] Bytes => changed;

    /// <summary>The changed bytes as text; broken UTF-8 becomes U+FFFD.</summary>
    internal string Text => Encoding.UTF8.GetString(changed);

    /// <summary>The name of the file that was changed.</summary>
    internal string Name => seed.Changed;

    internal IEnumerable<string> FileNames => seed.Files.Keys;

    /// <summary>Puts all files on disk.</summary>
    /// <returns>Their folder.</returns>
    internal string Folder()
    {
        scratch.Hold(seed.Files.Select(file => (file.Key, file.Key == seed.Changed ? changed : file.Value)));
        return scratch.Path;
    }

    /// <summary>Puts all files on disk.</summary>
    /// <returns>The path of the changed one.</returns>
    internal string Path() => System.IO.Path.Combine(Folder(), seed.Changed);
}
