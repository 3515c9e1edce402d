using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace MaskLlm.Runs;

/// <summary>The record of a run, <c>run.json</c>: what was asked for, with what, and what came out.</summary>
/// <param name="Verb">Of the command line: learn, prune, permute or pretrain.</param>
/// <param name="Options">Every resolved option by its name on the command line.</param>
/// <param name="Seed">Seed of all randomness.</param>
/// <param name="Kernel">What sampled the masks.</param>
/// <param name="Inputs">Hash of every input by its path: as it was given, relative below the working folder or the program's own.</param>
/// <param name="Figures">Tokens, seconds, losses, perplexities.</param>
public sealed record RunRecord(string Verb, JsonObject Options, ulong Seed, string Kernel, JsonObject Inputs, JsonObject Figures)
{
    /// <summary>What names the verb; records of versions before have none.</summary>
    public const string VerbKey = "verb";

    /// <summary>The record as one object.</summary>
    public JsonObject ToJson() => new()
    {
        [VerbKey] = Verb,
        ["options"] = Options.DeepClone(),
        ["seed"] = Seed,
        ["threads"] = TorchSharp.torch.get_num_threads(),
        ["versions"] = Versions(),
        ["kernel"] = Kernel,
        ["inputs"] = Inputs.DeepClone(),
        ["figures"] = Figures.DeepClone(),
    };

    /// <summary>Writes the record, with a checksum.</summary>
    public void Write(string path) => CheckedJson.Write(path, ToJson());

    /// <summary>Reads a record that a run wrote.</summary>
    /// <param name="path">A <c>run.json</c>.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is no record of a run, or not as the run wrote it.</exception>
    public static JsonObject Read(string path)
    {
        if (!File.Exists(path)) throw new FileNotFoundException($"{path}: no such file; name the run.json of a run.", path);
        return CheckedJson.Read(
            path,
            record =>
            {
                _ = record["options"]!.AsObject();
                return record;
            },
            "name the run.json as the run wrote it; other options can stand beside it");
    }

    /// <summary>Whether a file is the record of a run, damaged or not.</summary>
    public static bool IsOne(string path)
    {
        try
        {
            return File.Exists(path) && JsonNode.Parse(File.ReadAllBytes(path)) is JsonObject record
                && record["options"] is JsonObject && record["versions"] is JsonObject;
        }
        // Members are looked at when they are first asked for: a name that is there twice is found only then.
        catch (Exception e) when (e is System.Text.Json.JsonException or ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>The most memory that this process had resident so far, in bytes.</summary>
    internal static long PeakMemoryBytes()
    {
        using Process process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }

    /// <summary>Versions of the program and of what it stands on.</summary>
    public static JsonObject Versions() => new()
    {
        ["maskllm"] = VersionOf(typeof(RunRecord).Assembly),
        ["torchsharp"] = VersionOf(typeof(TorchSharp.torch).Assembly),
        ["libtorch"] = TorchSharp.torch.__version__,
        ["dotnet"] = RuntimeInformation.FrameworkDescription,
        ["os"] = RuntimeInformation.OSDescription,
        ["processor"] = RuntimeInformation.ProcessArchitecture.ToString(),
    };

    private static string VersionOf(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
