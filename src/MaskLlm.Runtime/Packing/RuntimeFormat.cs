using MaskLlm.Chat;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Tokens;

namespace MaskLlm.Packing;

/// <summary>How a runtime file says what it is: docs/runtime.md.</summary>
internal static class RuntimeFormat
{
    internal const string FormatKey = "format", FormatName = "maskllm-runtime", VersionKey = "version", Version = "3", TypeKey = "weights";

    /// <summary>Before the name of a file of the checkpoint that is kept inside.</summary>
    internal const string FilePrefix = "files/";

    internal const string ConfigName = "config.json";

    /// <summary>The files of a checkpoint that generation needs, where it has them.</summary>
    internal static IReadOnlyList<string> FileNames { get; } = [.. new[] { ConfigName }.Concat(TokenizerFiles.Names)
        .Concat(ChatFormat.FileNames).Distinct()];

    /// <summary>Whether a file is one of these, of whatever version.</summary>
    internal static bool IsRuntimeFile(string path)
    {
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            return file.Metadata.GetValueOrDefault(FormatKey) == FormatName;
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }
}
