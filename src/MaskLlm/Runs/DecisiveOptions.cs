using System.Text.Json.Nodes;

namespace MaskLlm.Runs;

/// <summary>The options that two runs must share to give the same result, as a checkpoint keeps them.</summary>
internal static class DecisiveOptions
{
    /// <summary>Refuses to go on with another run.</summary>
    /// <param name="saved">By the checkpoint.</param>
    /// <param name="asked">Now.</param>
    /// <exception cref="ArgumentException">The run was started with other options.</exception>
    internal static void RequireSame(JsonObject saved, JsonObject asked)
    {
        foreach ((string name, JsonNode? value) in asked)
            if (!JsonNode.DeepEquals(saved[name], value))
                throw new ArgumentException(
                    $"--resume: the run was started with {name} {saved[name]?.ToJsonString() ?? "unset"}, now it is {value?.ToJsonString() ?? "unset"}; give the same options, or start anew with --force.");
    }
}
