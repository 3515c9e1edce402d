using System.Text;
using System.Text.Json.Nodes;
using MaskLlm.Architectures;
using MaskLlm.Architectures.Families;

namespace MaskLlm.Tests.Architectures.Families;

/// <summary>Configurations of a family with some keys put in or taken out.</summary>
internal static class ConfigCase
{
    internal const string Name = "folder/config.json";

    /// <summary>Reads a family's smallest configuration with the keys of a JSON object over it; "absent" takes a key out.</summary>
    internal static DecoderConfig Read(string family, string changes) => ModelFamily.Read(File(family, changes));

    /// <summary>The sentence that refuses it.</summary>
    internal static string Refusal(string family, string changes) =>
        Assert.Throws<InvalidDataException>(() => Read(family, changes)).Message;

    internal static ConfigFile File(string family, string changes)
    {
        JsonObject config = new()
        {
            ["model_type"] = family,
            ["hidden_size"] = 64,
            ["intermediate_size"] = 96,
            ["num_hidden_layers"] = 30,
            ["num_attention_heads"] = 64,
            ["num_key_value_heads"] = 32,
            ["head_dim"] = 8,
            ["vocab_size"] = 100,
        };
        Change(config, changes);
        return new ConfigFile(Name, Encoding.UTF8.GetBytes(config.ToJsonString()));
    }

    internal static void Change(JsonObject config, string changes)
    {
        foreach ((string key, JsonNode? value) in JsonNode.Parse(changes)!.AsObject())
        {
            if (value?.GetValueKind() == System.Text.Json.JsonValueKind.String && (string)value! == "absent") config.Remove(key);
            else config[key] = value?.DeepClone();
        }
    }
}
