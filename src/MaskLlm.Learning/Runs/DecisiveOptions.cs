using System.Text;
using System.Text.Json.Nodes;
using MaskLlm.Formats.Safetensors;

namespace MaskLlm.Runs;

/// <summary>The options that two runs must share to give the same result, as a checkpoint keeps them.</summary>
internal static class DecisiveOptions
{
    /// <summary>Their name in a checkpoint's header.</summary>
    internal const string Key = "options";

    /// <summary>The hashes of what the run reads, among the options.</summary>
    internal const string InputsKey = "inputs";

    // Whoever goes on may stand in another folder, or call a file by another way to it; what it holds is compared by its hash.
    private static readonly string[] _paths = ["model", "data", "prior", "mask", "config"];

    /// <summary>Refuses to go on with another run.</summary>
    /// <param name="checkpoint">The header has the options, the text of a JSON object.</param>
    /// <param name="asked">Now.</param>
    /// <exception cref="ArgumentException">The run was started with other options or inputs.</exception>
    /// <exception cref="InvalidDataException">The header has none.</exception>
    internal static void RequireSame(SafetensorsFile checkpoint, JsonObject asked)
    {
        string saved = checkpoint.Metadata.GetValueOrDefault(Key) ?? throw new InvalidDataException(
            $"{checkpoint.Path}: no options in its header: it is no checkpoint of such a run, or an earlier version of this program wrote "
                + $"it; "
            + "name the folder of the run, or start anew with `Force`.");
        RequireSame(checkpoint.Path, saved, asked);
    }

    /// <summary>The same of the text.</summary>
    internal static void RequireSame(string path, string saved, JsonObject asked) =>
        RequireSame(Json.JsonValue.Parse($"{path}: {Key}", Encoding.UTF8.GetBytes(saved)).ToNode()!.AsObject(), asked);

    private static void RequireSame(JsonObject saved, JsonObject asked)
    {
        foreach ((string name, JsonNode? value) in asked)
        {
            if (name == InputsKey) continue;
            bool isSame = _paths.Contains(name) ? RecordedPath.AreSame(saved[name], value) : JsonNode.DeepEquals(saved[name], value);
            if (!isSame)
                throw new ArgumentException(
                    $"`Resume`: the run was started with {name} {Shown(saved[name])}, now it is {Shown(value)}; give the same options, " +
                        $"or start anew with `Force`.");
        }
        if (asked[InputsKey] is JsonObject inputs && RecordedPath.FirstChanged(saved[InputsKey] as JsonObject ?? [], inputs) is { } changed)
            throw new ArgumentException(
                $"`Resume`: {changed} is not what it was when the run was started; bring it back, or start anew with `Force`.");
    }

    private static string Shown(JsonNode? value) => value?.ToJsonString() ?? "unset";
}
