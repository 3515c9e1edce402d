using MaskLlm.Chat;
using MaskLlm.Products;
using MaskLlm.Tokens;

namespace MaskLlm.Packing;

/// <summary>How a runtime file says what it is: docs/runtime.md.</summary>
internal static class RuntimeFormat
{
    internal const string FormatKey = "format", FormatName = "maskllm-runtime", VersionKey = "version", Version = "2", TypeKey = "weights";

    /// <summary>Before the name of a file of the checkpoint that is kept inside.</summary>
    internal const string FilePrefix = "files/";

    internal const string ConfigName = "config.json";

    /// <summary>The files of a checkpoint that generation needs, where it has them.</summary>
    internal static IReadOnlyList<string> FileNames { get; } = [.. new[] { ConfigName }.Concat(TokenizerFiles.Names).Concat(ChatFormat.FileNames).Distinct()];

    /// <summary>The type of a name, as on the command line: float32, bfloat16, int8, int4.</summary>
    /// <exception cref="ArgumentException">Another name.</exception>
    internal static WeightType ParseType(string name) =>
        Enum.GetValues<WeightType>().Where(type => NameOf(type) == name).Select(type => (WeightType?)type).FirstOrDefault()
        ?? throw new ArgumentException($"{name} is no type of weights; {string.Join(", ", Enum.GetValues<WeightType>().Select(NameOf))} are.");

    internal static string NameOf(WeightType type) => type.ToString().ToLowerInvariant();
}
