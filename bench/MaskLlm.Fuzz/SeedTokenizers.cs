using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using MaskLlm.Tokens;

namespace MaskLlm.Fuzz;

/// <summary>Small tokenizers of each layout.</summary>
internal static class SeedTokenizers
{
    private static readonly string[] Special = ["<|endoftext|>", "<|user|>"];

    /// <summary>Byte-level, as this program trains them.</summary>
    internal static readonly Lazy<byte[]> ByteLevel = new(() =>
        BpeTrainer.Train(["the fox sees the river, the heron sees 12 stones\n"], 288, Special));

    /// <summary>Byte-level with a pattern of its own, digits apart, NFC, a template and added tokens of several kinds.</summary>
    internal static byte[] Pattern() => Layout(
        """{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Replace","pattern":{"String":"``"},"content":"\""}]}""",
        """
        {"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},
        {"type":"Split","pattern":{"Regex":"(?i:'s|'t)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s+(?!\\S)|\\s+"},"behavior":"Isolated","invert":false},
        {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]}
        """,
        """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}""",
        """
        {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<|endoftext|>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
        "pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],
        "special_tokens":{"<|endoftext|>":{"id":"<|endoftext|>","ids":[0],"tokens":["<|endoftext|>"]}}}
        """,
        "false", [.. ByteLetters(), "th", "the", "Ġthe"], """[["t","h"],"th e",["Ġ","the"]]""");

    /// <summary>As Llama 2's: spaces escaped, bytes where characters are unknown.</summary>
    internal static byte[] Escaped() => Layout(
        """{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"\u2581"},{"type":"Replace","pattern":{"String":" "},"content":"\u2581"}]}""",
        "null",
        """
        {"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"\u2581"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},
        {"type":"Strip","content":" ","start":1,"stop":0}]}
        """,
        "null", "true",
        ["<|endoftext|>", .. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>"), "\u2581", "t", "h", "e", "th", "the",
        "\u2581the"],
        """["t h","th e","\u2581 the"]""");

    /// <summary>As Gemma's, split at spaces.</summary>
    internal static byte[] Metaspace() => Layout(
        "null", """{"type":"Metaspace","replacement":"\u2581","prepend_scheme":"always","split":true}""",
        """{"type":"Metaspace","replacement":"\u2581","prepend_scheme":"always","split":true}""", "null", "true",
        ["<|endoftext|>", .. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>"), "\u2581", "t", "h", "e", "th", "the",
        "\u2581the"],
        """["t h","th e","\u2581 the"]""");

    /// <summary>SentencePiece's protocol buffer.</summary>
    internal static byte[] SentencePiece(bool bytes)
    {
        List<byte> model = [];
        void Piece(string text, float score, int kind)
        {
            byte[] name = Encoding.UTF8.GetBytes(text), value = new byte[sizeof(float)];
            BinaryPrimitives.WriteSingleLittleEndian(value, score);
            byte[] body = [0x0A, (byte)name.Length, .. name, 0x15, .. value, 0x18, (byte)kind];
            model.AddRange([0x0A, (byte)body.Length, .. body]);
        }
        Piece("<unk>", 0, 2);
        Piece("<s>", 0, 3);
        Piece("</s>", 0, 3);
        for (int value = 0; bytes && value < 256; value++) Piece($"<0x{value:X2}>", 0, 6);
        float rank = 0;
        foreach (string text in (string[])["\u2581", "t", "h", "e", "th", "the", "\u2581the", "s", "\u2581s"]) Piece(text, rank--, 1);
        // Trainer: a byte-pair model, byte fallback, ids of unknown, begin and end; normalizer: as it is, a space before, none removed,
        // spaces escaped.
        byte[] trainer = [0x18, 2, 0x98, 0x02, (byte)(bytes ? 1 : 0), 0xC0, 0x02, 0, 0xC8, 0x02, 1, 0xD0, 0x02, 2],
            name = Encoding.UTF8.GetBytes("identity");
        byte[] normalizer = [0x0A, (byte)name.Length, .. name, 0x18, 1, 0x20, 0, 0x28, 1];
        return [.. model, 0x12, (byte)trainer.Length, .. trainer, 0x1A, (byte)normalizer.Length, .. normalizer];
    }

    private static IEnumerable<string> ByteLetters()
    {
        // As the byte-level alphabet has it: printable bytes are themselves, the others come after U+0100.
        int next = 0x100;
        for (int value = 0; value < 256; value++)
            yield return value is >= 33 and <= 126 or >= 161 and <= 172 or >= 174 ? $"{(char)value}" : $"{(char)next++}";
    }

    private static byte[] Layout(string normalizer, string preTokenizer, string decoder, string postProcessor, string hasByteFallback,
        string[] vocabulary, string merges)
    {
        string[] all = [.. Special.Except(vocabulary), .. vocabulary];
        string words = string.Join(',',
            all.Select((token, id) => string.Create(CultureInfo.InvariantCulture, $"{JsonSerializer.Serialize(token)}:{id}")));
        string added = string.Join(',', Special.Where(all.Contains).Select(token => string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"id\":{Array.IndexOf(all, token)},\"content\":\"{token}\",\"single_word\":false,\"lstrip\":true,\"rstrip\":false,\"normalized\":false,\"special\":true}}")));
        return Encoding.UTF8.GetBytes($$"""
            {"version":"1.0","truncation":null,"padding":null,"added_tokens":[{{added}}],"normalizer":{{normalizer}},"pre_tokenizer":{{preTokenizer}},
            "post_processor":{{postProcessor}},"decoder":{{decoder}},"model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,
            "end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":{{hasByteFallback}},"ignore_merges":false,"vocab":{ {{words}} },"merges":{{merges}} } }
            """);
    }
}
