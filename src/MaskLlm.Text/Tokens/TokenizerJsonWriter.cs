using System.Text.Encodings.Web;
using System.Text.Json;

namespace MaskLlm.Tokens;

/// <summary>Writes a byte-level byte-pair tokenizer in the layout of Hugging Face tokenizers.</summary>
internal static class TokenizerJsonWriter
{
    private static readonly JsonWriterOptions Layout = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The bytes of the file.</summary>
    public static byte[] Write(IReadOnlyList<string> specialTokens, IReadOnlyList<string> tokens,
        IReadOnlyList<(int Left, int Right)> merges)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, Layout))
        {
            json.WriteStartObject();
            json.WriteString("version", "1.0");
            json.WriteNull("truncation");
            json.WriteNull("padding");
            WriteAddedTokens(json, specialTokens);
            json.WriteNull("normalizer");
            WriteByteLevel(json, "pre_tokenizer", addsPrefixSpace: false);
            json.WriteNull("post_processor");
            WriteByteLevel(json, "decoder", addsPrefixSpace: true);
            WriteModel(json, tokens, merges);
            json.WriteEndObject();
        }
        return stream.ToArray();
    }

    private static void WriteAddedTokens(Utf8JsonWriter json, IReadOnlyList<string> specialTokens)
    {
        json.WriteStartArray("added_tokens");
        for (int id = 0; id < specialTokens.Count; id++)
        {
            json.WriteStartObject();
            json.WriteNumber("id", id);
            json.WriteString("content", specialTokens[id]);
            foreach (string option in (string[])["single_word", "lstrip", "rstrip", "normalized"])
                json.WriteBoolean(option, false);
            json.WriteBoolean("special", true);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteByteLevel(Utf8JsonWriter json, string component, bool addsPrefixSpace)
    {
        json.WriteStartObject(component);
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", addsPrefixSpace);
        json.WriteBoolean("trim_offsets", true);
        json.WriteBoolean("use_regex", true);
        json.WriteEndObject();
    }

    private static void WriteModel(Utf8JsonWriter json, IReadOnlyList<string> tokens, IReadOnlyList<(int Left, int Right)> merges)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        foreach (string option in (string[])["dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"])
            json.WriteNull(option);
        foreach (string option in (string[])["fuse_unk", "byte_fallback", "ignore_merges"])
            json.WriteBoolean(option, false);
        json.WriteStartObject("vocab");
        for (int id = 0; id < tokens.Count; id++)
            json.WriteNumber(tokens[id], id);
        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach ((int left, int right) in merges)
        {
            json.WriteStartArray();
            json.WriteStringValue(tokens[left]);
            json.WriteStringValue(tokens[right]);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
