using CsCheck;

namespace MaskLlm.Tests.Tokens;

/// <summary>Random texts of what tokenizers find hard, all of them well-formed.</summary>
internal static class TextGen
{
    private static readonly string[] Hard =
    [
        " ", " ", " ", "  ", "\t", "\n", "\r\n", "\n\n", "\u00A0", "\u3000", "\u2028", "\u0085", "'s", "'S", "'\u017F", "'ll", "'Re", "'",
        "\"", "...", "-", "_",
        "a", "the", "Hello", "word", "é", "e\u0301", "\u0301", "\u0323\u0301", "ß", "Ω", "中", "文", "한", "\u1112\u1161\u11AB",
        "\u0915\u093C", "ا",
        "1", "23", "4567", "٣", "Ⅳ", "½", "\U0001D7D8", "\U0001D400", "\U00020000", "😀",
        "👨\u200D👩", "\U0001F1E9", "\U000E0041", "\u200D",
        "\uFFFD", "\0", "\u007F",
        "<s>", "</s>", "<unk>", "<|endoftext|>", "<0x0A>", "▁", "Ġ", "İ", "ſ",
    ];

    public static readonly Gen<string> Texts = Pieces.Array[0, 40].Select(pieces => string.Concat(pieces));

    /// <summary>As <see cref="Texts"/>, without what looks like an added token.</summary>
    public static readonly Gen<string> TextsWithoutTokens = Texts.Select(text => text.Replace("<", "", StringComparison.Ordinal));

    private static Gen<string> Pieces => Gen.Frequency(
        (6, Gen.Int[0, Hard.Length - 1].Select(index => Hard[index])),
        (3, Gen.Char['a', 'e'].Array[1, 8].Select(letters => new string(letters))),
        (1, Gen.Int[0, 0x10FFFF].Where(value => value is < 0xD800 or > 0xDFFF).Select(char.ConvertFromUtf32)));
}
