using System.Text;
using MaskLlm.Tokens;

namespace MaskLlm.Tests.Tokens;

public class SentencePieceReaderTests
{
    internal const int BytePair = 2;

    [Fact]
    public void Read_SmallModel_MergesByScore()
    {
        // ids: 0 <unk>, 1 <s>, 2.. pieces; "bc" has the better score, so "abc" never becomes "ab" + "c".
        Tokenizer tokenizer = Read(Model(BytePair, ("▁", 0f), ("a", 0f), ("b", 0f), ("c", 0f), ("ab", -2f), ("bc", -1f), ("▁a", -3f)));
        Assert.Equal([8, 7], tokenizer.Encode("abc"));
        Assert.Equal([1, 8, 7], tokenizer.Encode("abc", addSpecialTokens: true));
        Assert.Equal("abc", tokenizer.Decode([1, 8, 7]));
        Assert.Equal(" ⁇ ", tokenizer.Decode([0]));
    }

    [Fact]
    public void Read_CutOffOrFlipped_IsRefusedOrRead()
    {
        byte[] bytes = Model(BytePair, ("▁", 0f), ("a", 0f), ("▁a", -1f));
        for (int length = 0; length < bytes.Length; length++)
            TryRead(bytes[..length]);
        for (int at = 0; at < bytes.Length; at++)
            TryRead([.. bytes[..at], (byte)~bytes[at], .. bytes[(at + 1)..]]);
    }

    [Fact]
    public void Read_Empty_IsInvalidData() => Assert.Throws<InvalidDataException>(() => Read([]));

    [Fact]
    public void Read_Unigram_IsNotSupported() =>
        Assert.Contains("byte-pair", Assert.Throws<NotSupportedException>(() => Read(Model(1, ("a", 0f)))).Message,
            StringComparison.Ordinal);

    // bpe_model.cc: text is cut into symbols by the longest user-defined piece first, and such a symbol never merges.
    [Theory]
    [InlineData("abc", "▁a|bc")]
    [InlineData("bcd", "▁|bcd")]
    [InlineData("abcab", "▁a|bc|ab")]
    [InlineData("a  b", "▁a|▁▁|b")]
    [InlineData("a b", "▁a|▁|b")]
    [InlineData("zbcz", "▁|<unk>|bc|<unk>")]
    public void Read_UserDefinedPieces_AreMatchedBeforeMerging(string text, string wanted) =>
        Assert.Equal(wanted, Pieces(Read(UserDefined), text));

    [Fact]
    public void Read_UserDefinedPieces_DecodeAsTheirText()
    {
        Tokenizer tokenizer = Read(UserDefined);
        foreach (string text in new[] { "abc", "a  b", "bcd bc" })
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
    }

    [Fact]
    public void Read_UserDefinedPieces_AreNotCutInLongTexts()
    {
        Tokenizer tokenizer = Read(UserDefined);
        string text = string.Concat(Enumerable.Repeat("bcd a  bcab", 400));
        Assert.Equal(tokenizer.Pipeline.EncodeSequentially(text), tokenizer.Pipeline.EncodeInParallel(text, 7));
    }

    // bpe_model.cc: unused pieces merge as others do, and what is left of them at the end falls into the two that were joined.
    [Theory]
    [InlineData("ab", "▁|a|b")]
    [InlineData("abc", "▁|abc")]
    [InlineData("abd", "▁|a|b|d")]
    [InlineData("abcabab", "▁|abc|a|b|a|b")]
    [InlineData("x", "▁|x")]
    public void Read_UnusedPieces_AreNoOutput(string text, string wanted) => Assert.Equal(wanted, Pieces(Read(Unused), text));

    // Of two ways to an unused piece the one that was looked at last counts: ab is joined before bc, so abc is ab and c.
    [Theory]
    [InlineData(-1f, -2f, "▁|ab|c")]
    [InlineData(-2f, -1f, "▁|a|bc")]
    public void Read_UnusedPieceOfTwoWays_FallsIntoThatOfTheMerge(float scoreOfFirst, float scoreOfLast, string wanted)
    {
        byte[] model = ModelOf(
            ("▁", 0f, PieceKind.Normal), ("a", 0f, PieceKind.Normal), ("b", 0f, PieceKind.Normal), ("c", 0f, PieceKind.Normal),
            ("ab", scoreOfFirst, PieceKind.Normal), ("bc", scoreOfLast, PieceKind.Normal), ("abc", -3f, PieceKind.Unused));
        Assert.Equal(wanted, Pieces(Read(model), "abc"));
    }

    // model_interface.cc: the unknown piece is the one of that type, whatever number the trainer was given.
    [Fact]
    public void Read_UnknownPiece_IsTheOneOfTheType()
    {
        List<byte> bytes = [.. Message(1, Piece("▁", 0, PieceKind.Normal)), .. Message(1, Piece("<unk>", 0, PieceKind.Unknown))];
        byte[] model = [.. bytes, .. Message(2, [3 << 3, BytePair, 0xC0, 2, 0]), .. Message(3, [3 << 3, 0, 4 << 3, 0, 5 << 3, 1])];
        Assert.Equal([1], Read(model).Encode("x"));
    }

    [Theory]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9\n", typeof(InvalidDataException),
        "pointer of Git LFS")]
    [InlineData("IQ== 0\nIg== 1\n", typeof(NotSupportedException), "tiktoken")]
    [InlineData("IQ== 0", typeof(NotSupportedException), "tiktoken")]
    [InlineData(" {\"model\": {}}", typeof(NotSupportedException), "JSON")]
    public void Read_FileOfAnotherFormat_IsNamed(string content, Type type, string name)
    {
        Exception error = Assert.Throws(type, () => Read(Encoding.UTF8.GetBytes(content)));
        Assert.StartsWith("test.model: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "unigrams")]
    [InlineData(3, "words")]
    [InlineData(4, "characters")]
    [InlineData(9, "the kind 9")]
    public void Read_OtherKindOfModel_IsNamed(int kind, string name) => Assert.Contains(
        $"test.model: a model of {name}, not byte-pair (BPE),",
        Assert.Throws<NotSupportedException>(() => Read(Model(kind, ("a", 0f)))).Message,
        StringComparison.Ordinal);

    public static TheoryData<byte[], string> Broken => new()
    {
        { Message(1, Message(1, [0xC3, 0x28])), "the text of piece 0 is no UTF-8" },
        { Message(1, []), "no unknown piece" },
        { Message(1, Message(1, [])), "the text of piece 0 is empty" },
        { Message(1, Piece("a", float.NaN, PieceKind.Normal)), "piece 0 has a score that is not a number" },
        { Message(1, Piece("a", 0, (PieceKind)7)), "piece 0 is of the type 7; there are 1 to 6" },
        { [1 << 3, 5], "pieces (field 1) is of kind Number, not Bytes" },
        { Message(1, [1 << 3, 5]), "piece (field 1) is of kind Number, not Bytes" },
        { Message(1, [2 << 3, 5]), "score (field 2) is of kind Number, not FourBytes" },
        { Message(1, [(3 << 3) | 5, 1, 2, 3, 4]), "type (field 3) is of kind FourBytes, not Number" },
        { Message(2, Message(3, [1])), "trainer_spec.model_type (field 3) is of kind Bytes, not Number" },
        { Message(3, [2 << 3, 1]), "normalizer_spec.precompiled_charsmap (field 2) is of kind Number, not Bytes" },
        { Message(3, [(4 << 3) | 5, 1, 2, 3, 4]), "normalizer_spec.remove_extra_whitespaces (field 4) is of kind FourBytes, not Number" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void Read_BrokenField_IsOneSentence(byte[] model, string wanted)
    {
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => Read(model));
        Assert.StartsWith("test.model: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(wanted, error.Message, StringComparison.Ordinal);
    }

    // Every cut of a piece is tried: of a piece as long as a file, a square of its length.
    [Fact]
    public void Read_PieceOfAPage_IsOneSentence()
    {
        byte[] text = Encoding.UTF8.GetBytes(new string('a', 600));
        byte[] field = [(1 << 3) | 2, 0xD8, 4, .. text];
        byte[] model = [.. Model(BytePair, ("a", 0f)), (1 << 3) | 2, 0xDB, 4, .. field];
        string message = Assert.Throws<InvalidDataException>(() => Read(model)).Message;
        Assert.Contains("piece 3 has 600 characters", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_SpaceBehindWords_IsNotSupported()
    {
        byte[] model = [.. Model(BytePair, ("a", 0f)), .. Message(2, [0xC0, 1, 1])];
        string message = Assert.Throws<NotSupportedException>(() => Read(model)).Message;
        Assert.Contains("treat_whitespace_as_suffix", message, StringComparison.Ordinal);
    }

    private static byte[] UserDefined => ModelOf(
        ("▁", 0f, PieceKind.Normal), ("a", 0f, PieceKind.Normal), ("b", 0f, PieceKind.Normal), ("c", 0f, PieceKind.Normal),
        ("ab", -1f, PieceKind.Normal), ("▁a", -2f, PieceKind.Normal), ("▁▁", 0f, PieceKind.UserDefined),
        ("bc", 0f, PieceKind.UserDefined), ("bcd", 0f, PieceKind.UserDefined), ("abc", -3f, PieceKind.Normal));

    private static byte[] Unused => ModelOf(
        ("▁", 0f, PieceKind.Normal), ("a", 0f, PieceKind.Normal), ("b", 0f, PieceKind.Normal), ("c", 0f, PieceKind.Normal),
        ("d", 0f, PieceKind.Normal), ("x", 0f, PieceKind.Unused), ("ab", -1f, PieceKind.Unused), ("abc", -2f, PieceKind.Normal),
        ("abd", -3f, PieceKind.Unused));

    private static string Pieces(Tokenizer tokenizer, string text)
    {
        List<string> pieces = [];
        string[] known = ["<unk>", "▁", "a", "b", "c", "d", "x", "ab", "bc", "bcd", "▁a", "▁▁", "abc", "abd"];
        foreach (int id in tokenizer.Encode(text))
            pieces.Add(known.Single(piece => tokenizer.TryGetId(piece, out int found) && found == id));
        return string.Join('|', pieces);
    }

    private static void TryRead(byte[] bytes)
    {
        try
        {
            Read(bytes).Encode("a b");
        }
        catch (Exception error) when (error is InvalidDataException or NotSupportedException)
        {
            Assert.Contains("test.model", error.Message, StringComparison.Ordinal);
        }
    }

    private static Tokenizer Read(byte[] bytes) => new(SentencePieceReader.Read(bytes, "test.model"), "");

    /// <summary>A model file with an unknown and a begin token, identity normalization and no fallback.</summary>
    internal static byte[] Model(int kind, params (string Text, float Score)[] pieces)
    {
        List<byte> bytes = [];
        bytes.AddRange(Message(1, Piece("<unk>", 0, PieceKind.Unknown)));
        bytes.AddRange(Message(1, Piece("<s>", 0, PieceKind.Control)));
        foreach ((string text, float score) in pieces)
            bytes.AddRange(Message(1, Piece(text, score, PieceKind.Normal)));
        bytes.AddRange(Message(2, [3 << 3, (byte)kind]));
        bytes.AddRange(Message(3, [3 << 3, 1, 4 << 3, 0, 5 << 3, 1]));
        return [.. bytes];
    }

    /// <summary>The same for a byte-pair model with pieces of all kinds.</summary>
    internal static byte[] ModelOf(params (string Text, float Score, PieceKind Kind)[] pieces)
    {
        List<byte> bytes = [.. Model(BytePair)];
        foreach ((string text, float score, PieceKind kind) in pieces)
            bytes.AddRange(Message(1, Piece(text, score, kind)));
        return [.. bytes];
    }

    private static byte[] Piece(string text, float score, PieceKind kind) =>
        [.. Message(1, Encoding.UTF8.GetBytes(text)), (2 << 3) | 5, .. BitConverter.GetBytes(score), 3 << 3, (byte)kind];

    private static byte[] Message(int number, byte[] content) => [(byte)((number << 3) | 2), (byte)content.Length, .. content];
}
