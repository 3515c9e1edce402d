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
        var tokenizer = Read(Model(BytePair, ("▁", 0f), ("a", 0f), ("b", 0f), ("c", 0f), ("ab", -2f), ("bc", -1f), ("▁a", -3f)));
        Assert.Equal([8, 7], tokenizer.Encode("abc"));
        Assert.Equal([1, 8, 7], tokenizer.Encode("abc", addSpecialTokens: true));
        Assert.Equal("abc", tokenizer.Decode([1, 8, 7]));
        Assert.Equal(" ⁇ ", tokenizer.Decode([0]));
    }

    [Fact]
    public void Read_CutOffOrFlipped_IsRefusedOrRead()
    {
        var bytes = Model(BytePair, ("▁", 0f), ("a", 0f), ("▁a", -1f));
        for (var length = 0; length < bytes.Length; length++)
            TryRead(bytes[..length]);
        for (var at = 0; at < bytes.Length; at++)
            TryRead([.. bytes[..at], (byte)~bytes[at], .. bytes[(at + 1)..]]);
    }

    [Fact]
    public void Read_Empty_IsInvalidData() => Assert.Throws<InvalidDataException>(() => Read([]));

    [Fact]
    public void Read_Unigram_IsNotSupported() =>
        Assert.Contains("byte-pair", Assert.Throws<NotSupportedException>(() => Read(Model(1, ("a", 0f)))).Message, StringComparison.Ordinal);

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
        var bytes = new List<byte>();
        bytes.AddRange(Message(1, Piece("<unk>", 0, PieceKind.Unknown)));
        bytes.AddRange(Message(1, Piece("<s>", 0, PieceKind.Control)));
        foreach (var (text, score) in pieces)
            bytes.AddRange(Message(1, Piece(text, score, PieceKind.Normal)));
        bytes.AddRange(Message(2, [3 << 3, (byte)kind]));
        bytes.AddRange(Message(3, [3 << 3, 1, 4 << 3, 0, 5 << 3, 1]));
        return [.. bytes];
    }

    private static byte[] Piece(string text, float score, PieceKind kind) =>
        [.. Message(1, Encoding.UTF8.GetBytes(text)), (2 << 3) | 5, .. BitConverter.GetBytes(score), 3 << 3, (byte)kind];

    private static byte[] Message(int number, byte[] content) => [(byte)((number << 3) | 2), (byte)content.Length, .. content];
}
