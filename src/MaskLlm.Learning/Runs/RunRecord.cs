using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace MaskLlm.Runs;

/// <summary>The record of a run, <c>run.json</c>: what was asked for, with what, and what came out.</summary>
/// <param name="Options">Every resolved option by its name on the command line.</param>
/// <param name="Seed">Seed of all randomness.</param>
/// <param name="Kernel">What sampled the masks.</param>
/// <param name="Inputs">Hash of every input by its path: as it was given, relative below the working folder or the program's own.</param>
/// <param name="Figures">Tokens, seconds, losses, perplexities.</param>
public sealed record RunRecord(JsonObject Options, ulong Seed, string Kernel, JsonObject Inputs, JsonObject Figures)
{
    /// <summary>The record as one object.</summary>
    public JsonObject ToJson() => new()
    {
        ["options"] = Options.DeepClone(),
        ["seed"] = Seed,
        ["versions"] = Versions(),
        ["kernel"] = Kernel,
        ["inputs"] = Inputs.DeepClone(),
        ["figures"] = Figures.DeepClone(),
    };

    /// <summary>Writes the record, with a checksum.</summary>
    public void Write(string path) => CheckedJson.Write(path, ToJson());

    /// <summary>The most memory that this process had resident so far, in bytes.</summary>
    internal static long PeakMemoryBytes()
    {
        using Process process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }

    private static JsonObject Versions() => new()
    {
        ["maskllm"] = VersionOf(typeof(RunRecord).Assembly),
        ["torchsharp"] = VersionOf(typeof(TorchSharp.torch).Assembly),
        ["dotnet"] = RuntimeInformation.FrameworkDescription,
        ["os"] = RuntimeInformation.OSDescription,
        ["processor"] = RuntimeInformation.ProcessArchitecture.ToString(),
    };

    private static string VersionOf(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
