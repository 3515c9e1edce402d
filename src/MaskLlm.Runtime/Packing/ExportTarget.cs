using MaskLlm.Formats;
using MaskLlm.Formats.Gguf;

namespace MaskLlm.Packing;

/// <summary>Where an export may write: no input is lost, and nothing that no export wrote.</summary>
public static class ExportTarget
{
    /// <summary>Checks that a file may be written.</summary>
    /// <param name="target">The file.</param>
    /// <param name="force">Whether it may replace one that an export wrote.</param>
    /// <param name="source">The folder of the model that is read.</param>
    /// <param name="mask">The mask that is read, or null.</param>
    /// <exception cref="ArgumentException">It is an input, a folder, or a file that is not to be replaced.</exception>
    public static void Require(string target, bool force, string source, string? mask)
    {
        CheckpointFiles.RequireNone(source, target);
        if (mask is not null && FileIdentity.AreSame(mask, target))
            throw new ArgumentException($"`target` {target} is the mask that is read; name another file.");
        if (Directory.Exists(target)) throw new ArgumentException($"`target` {target} is a folder; name a file.");
        if (File.Exists(target) && !force)
            throw new ArgumentException($"`target` {target}: a file is there; name another, or replace it with `force`.");
        if (File.Exists(target) && !RuntimeFormat.IsRuntimeFile(target) && !GgufWriter.IsOwn(target))
            throw new ArgumentException($"`target` {target}: `force` replaces files that export wrote, and this is none (or one of an " +
                $"earlier version); remove it, or name another.");
    }
}
