using System.Text;
using System.Text.Json.Nodes;

namespace MaskLlm.Runs;

/// <summary>The options that two runs must share to give the same result, as a checkpoint keeps them.</summary>
internal static class DecisiveOptions
{
    /// <summary>Refuses to go on with another run.</summary>
    /// <param name="path">The checkpoint.</param>
    /// <param name="saved">What its header has, the text of a JSON object.</param>
    /// <param name="asked">Now.</param>
    /// <exception cref="ArgumentException">The run was started with other options.</exception>
    /// <exception cref="InvalidDataException">The text is none.</exception>
    internal static void RequireSame(string path, string saved, JsonObject asked) =>
        RequireSame(Json.JsonValue.Parse($"{path}: options", Encoding.UTF8.GetBytes(saved)).ToNode()!.AsObject(), asked);

    private static void RequireSame(JsonObject saved, JsonObject asked)
    {
        foreach ((string name, JsonNode? value) in asked)
            if (!JsonNode.DeepEquals(saved[name], value))
                throw new ArgumentException(
                    $"--resume: the run was started with {name} {saved[name]?.ToJsonString() ?? "unset"}, now it is {value?.ToJsonString() ?? "unset"}; give the same options, or start anew with --force.");
    }
}
