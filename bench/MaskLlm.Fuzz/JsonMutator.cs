using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MaskLlm.Fuzz;

/// <summary>Changes of JSON that stay JSON: other types and numbers, members that are gone, twice there or elsewhere.</summary>
internal static class JsonMutator
{
    // Written as a text and put in after: no writer of JSON writes it.
    private const string HalfPair = "@@half@@", Huge = "\"@@huge@@\"", Tiny = "\"@@tiny@@\"", Doubled = "@@doubled@@";

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = 1000 };

    private static readonly double[] Numbers =
    [
        0, 1, -1, 2, 3, 0.5, 1.5, -0.0, 1e-320, 1e308, 2147483647, 2147483648, -2147483649, 4294967296, 9007199254740993, 9.3e18, 1e20,
        65536, 1000000000, 16777216,
    ];

    /// <summary>A changed copy; null where the bytes are no JSON.</summary>
    internal static byte[]? Change(byte[] bytes, Random random)
    {
        JsonNode? root;
        try
        {
            root = JsonNode.Parse(bytes);
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            return null;
        }
        if (root is null) return null;
        for (int changes = 1 + random.Next(2); changes > 0; changes--) root = ChangeOne(root, random);
        string text = root?.ToJsonString(Plain) ?? "null";
        text = text.Replace(HalfPair, "\\ud83d", StringComparison.Ordinal).Replace(Huge, "1e999", StringComparison.Ordinal)
            .Replace(Tiny, "123456789012345678901234567890.5e-30", StringComparison.Ordinal).Replace(Doubled, "", StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes(text);
    }

    private static JsonNode? ChangeOne(JsonNode? root, Random random)
    {
        List<JsonNode> nodes = [];
        Collect(root, nodes);
        if (nodes.Count == 0) return Value(root, random);
        JsonNode chosen = nodes[random.Next(nodes.Count)];
        switch (chosen)
        {
            case JsonObject members when members.Count > 0 && random.Next(3) > 0:
                ChangeMember(members, random);
                return root;
            case JsonArray items when items.Count > 0 && random.Next(3) > 0:
                ChangeItem(items, random);
                return root;
            default:
                return Replace(root, chosen, Value(chosen, random));
        }
    }

    private static void ChangeMember(JsonObject members, Random random)
    {
        (string key, JsonNode? value) = members.GetAt(random.Next(members.Count));
        switch (random.Next(5))
        {
            case 0:
                members.Remove(key);
                break;
            case 1:
                members.Remove(key);
                members[random.Next(2) == 0 ? key + "x" : ""] = value;
                break;
            case 2:
                // The same key twice: one is marked, and the mark goes when the text is made.
                members[key + Doubled] = random.Next(2) == 0 ? value?.DeepClone() : Value(value, random);
                break;
            case 3:
                members[key] = members.GetAt(random.Next(members.Count)).Value?.DeepClone();
                break;
            default:
                members[key] = Value(value, random);
                break;
        }
    }

    private static void ChangeItem(JsonArray items, Random random)
    {
        int at = random.Next(items.Count);
        switch (random.Next(4))
        {
            case 0:
                items.RemoveAt(at);
                break;
            case 1:
                items.Insert(random.Next(items.Count + 1), items[at]?.DeepClone());
                break;
            case 2:
                items[at] = items[random.Next(items.Count)]?.DeepClone();
                break;
            default:
                items[at] = Value(items[at], random);
                break;
        }
    }

    private static JsonNode? Replace(JsonNode? root, JsonNode chosen, JsonNode? value)
    {
        switch (chosen.Parent)
        {
            case JsonObject members:
                members[chosen.GetPropertyName()] = value;
                return root;
            case JsonArray items:
                items[chosen.GetElementIndex()] = value;
                return root;
            default:
                return value;
        }
    }

    private static JsonNode? Value(JsonNode? old, Random random) => random.Next(14) switch
    {
        0 => null,
        1 => random.Next(2) == 0,
        2 => new JsonArray(),
        3 => new JsonObject(),
        4 => new JsonArray(old?.DeepClone()),
        5 => new JsonObject { ["type"] = old?.DeepClone() },
        6 => "",
        7 => HalfPair,
        8 => random.Next(2) == 0 ? "@@huge@@" : "@@tiny@@",
        9 => new string('a', 1 << random.Next(14)),
        10 => Deep(random.Next(80)),
        11 => Text(random),
        _ => Numbers[random.Next(Numbers.Length)],
    };

    private static string Text(Random random)
    {
        string[] texts = ["0", "\0", "\uFFFF", "\u2581", "🙂", "../x", "a:b", "<s>", "{{", "(", "[^", "\\", "1e9", "true", "float16",
            "Sequence", "ByteLevel"];
        return texts[random.Next(texts.Length)];
    }

    private static JsonArray Deep(int levels)
    {
        JsonArray array = [];
        for (; levels > 0; levels--) array = [array];
        return array;
    }

    private static void Collect(JsonNode? node, List<JsonNode> nodes)
    {
        if (node is null) return;
        nodes.Add(node);
        if (node is JsonObject members)
            foreach ((_, JsonNode? value) in members) Collect(value, nodes);
        else if (node is JsonArray items)
            foreach (JsonNode? item in items) Collect(item, nodes);
    }
}
