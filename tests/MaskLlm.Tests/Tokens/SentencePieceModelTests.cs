using MaskLlm.Tokens;

namespace MaskLlm.Tests.Tokens;

/// <summary>Every field of a SentencePiece file that is read, by its number in the format, and what holds where it is absent.</summary>
public class SentencePieceModelTests
{
    private static readonly byte[] Unknown = Message(1, [.. Message(1, "<unk>"u8), 3 << 3, 2]);

    [Fact]
    public void Parse_NothingButAPiece_HasTheDefaultsOfTheFormat()
    {
        SentencePieceModel model = SentencePieceModel.Parse([.. Unknown, .. Message(1, Message(1, "a"u8))], "test.model");
        Assert.Equal([("<unk>", 0f, PieceKind.Unknown), ("a", 0f, PieceKind.Normal)], model.Pieces);
        Assert.Equal("1 0 1 2", $"{model.ModelKind} {model.UnknownId} {model.BeginId} {model.EndId}");
        Assert.Equal("", Flags(model, adds: true, removes: true, escapes: true));
        Assert.False(model.IsBytePair);
    }

    [Fact]
    public void Parse_PieceOfAllFields_HasTextScoreAndKind()
    {
        byte[] piece = [.. Message(1, "b"u8), (2 << 3) | 5, .. BitConverter.GetBytes(-1.5f), 3 << 3, 4];
        SentencePieceModel model = SentencePieceModel.Parse([.. Message(1, piece), .. Unknown], "test.model");
        Assert.Equal(("b", -1.5f, PieceKind.UserDefined), model.Pieces[0]);
        Assert.Equal(1, model.UnknownId);
    }

    /// <summary>Each number alone changes its own property and no other: kind, begin and end of the trainer, flags of both.</summary>
    [Theory]
    [InlineData(2, 3, 2, "2 1 2", "")]
    [InlineData(2, 41, 7, "1 7 2", "")]
    [InlineData(2, 42, 8, "1 1 8", "")]
    [InlineData(2, 24, 1, "1 1 2", "behind ")]
    [InlineData(2, 24, 0, "1 1 2", "")]
    [InlineData(2, 35, 1, "1 1 2", "bytes ")]
    [InlineData(2, 35, 0, "1 1 2", "")]
    [InlineData(2, 2, 9, "1 1 2", "")]
    [InlineData(2, 40, 9, "1 1 2", "")]
    [InlineData(2, 43, 9, "1 1 2", "")]
    [InlineData(3, 3, 0, "1 1 2", "adds ")]
    [InlineData(3, 3, 1, "1 1 2", "")]
    [InlineData(3, 4, 0, "1 1 2", "removes ")]
    [InlineData(3, 4, 1, "1 1 2", "")]
    [InlineData(3, 5, 0, "1 1 2", "escapes ")]
    [InlineData(3, 5, 1, "1 1 2", "")]
    [InlineData(3, 6, 0, "1 1 2", "")]
    [InlineData(4, 3, 0, "1 1 2", "")]
    public void Parse_OneNumber_ChangesOneProperty(int message, int field, int value, string numbers, string changed)
    {
        SentencePieceModel model = SentencePieceModel.Parse([.. Unknown, .. Message(message, [.. Tag(field << 3), (byte)value])],
            "test.model");
        Assert.Equal(numbers, $"{model.ModelKind} {model.BeginId} {model.EndId}");
        Assert.Equal(changed, Flags(model, adds: true, removes: true, escapes: true));
        Assert.Equal(numbers.StartsWith('2'), model.IsBytePair);
    }

    [Fact]
    public void Parse_CharacterMap_IsThereWhereItHasBytes()
    {
        Assert.True(SentencePieceModel.Parse([.. Unknown, .. Message(3, Message(2, [1]))], "test.model").HasCharacterMap);
        Assert.False(SentencePieceModel.Parse([.. Unknown, .. Message(3, Message(2, []))], "test.model").HasCharacterMap);
        Assert.False(SentencePieceModel.Parse([.. Unknown, .. Message(3, Message(1, "identity"u8))], "test.model").HasCharacterMap);
    }

    [Theory]
    [InlineData(2, 24, "trainer_spec.treat_whitespace_as_suffix")]
    [InlineData(2, 35, "trainer_spec.byte_fallback")]
    [InlineData(2, 41, "trainer_spec.bos_id")]
    [InlineData(2, 42, "trainer_spec.eos_id")]
    [InlineData(3, 3, "normalizer_spec.add_dummy_prefix")]
    [InlineData(3, 5, "normalizer_spec.escape_whitespaces")]
    public void Parse_NumberOfAnotherKind_IsNamed(int message, int field, string name)
    {
        byte[] model = [.. Unknown, .. Message(message, [.. Tag((field << 3) | 2), 1, 0])];
        Assert.Equal(
            $"test.model: {name} (field {field}) is of kind Bytes, not Number. Fetch the file again.",
            Assert.Throws<InvalidDataException>(() => SentencePieceModel.Parse(model, "test.model")).Message);
    }

    [Theory]
    [InlineData(2, "trainer_spec")]
    [InlineData(3, "normalizer_spec")]
    public void Parse_MessageThatIsANumber_IsNamed(int field, string name) => Assert.Contains(
        $"{name} (field {field}) is of kind Number, not Bytes",
        Assert.Throws<InvalidDataException>(() => SentencePieceModel.Parse([.. Unknown, (byte)(field << 3), 5], "test.model")).Message,
        StringComparison.Ordinal);

    private static string Flags(SentencePieceModel model, bool adds, bool removes, bool escapes) => string.Concat(
        model.AddsDummyPrefix == adds ? "" : "adds ",
        model.RemovesExtraSpaces == removes ? "" : "removes ",
        model.EscapesSpaces == escapes ? "" : "escapes ",
        model.HasByteFallback ? "bytes " : "") + (model.PutsSpaceBehind ? "behind " : "") + (model.HasCharacterMap ? "map " : "");

    private static byte[] Tag(int value) => value < 128 ? [(byte)value] : [(byte)(value & 127 | 128), (byte)(value >> 7)];

    private static byte[] Message(int number, ReadOnlySpan<byte> content) => [(byte)((number << 3) | 2), (byte)content.Length, .. content];
}
