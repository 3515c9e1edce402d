using MaskLlm.Data;

namespace MaskLlm.Tests.Data;

public sealed class DocumentPiecesTests
{
    /// <summary>A blank line of the second half, else the last line, else before the last space that is not the first, else all.</summary>
    [Theory]
    [InlineData("abcd\n\nd\n", 6)]
    [InlineData("abc\n\nd\ne", 7)]
    [InlineData("\nabc", 1)]
    [InlineData("a b c", 3)]
    [InlineData(" abc", 4)]
    [InlineData("a bc", 1)]
    [InlineData("abc", 3)]
    [InlineData("\uD83D\uDE00", 2)]
    public void Cut_Window_EndsAtTheBestPlace(string window, int length) => Assert.Equal(length, DocumentPieces.Cut(window));

    [Theory]
    [InlineData("", "")]
    [InlineData("abc", "abc!")]
    [InlineData("abcd", "abc! d")]
    [InlineData("abcdef", "abc! def")]
    [InlineData("abcdefg", "abc! def g")]
    public void Split_Document_StartsOnce(string text, string pieces) =>
        Assert.Equal(pieces,
            string.Join(' ', DocumentPieces.Split("a.txt", text, 3).Select(piece => piece.Text + (piece.StartsDocument ? "!" : ""))));
}
