using CsCheck;
using MaskLlm.Data;

namespace MaskLlm.Tests.Data;

public sealed class TextDocumentsTests : IDisposable
{
    private static readonly string[] _separators = ["\n\n\n", "\n\n", "ab", "a"];
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private List<TextPiece> Read(string text, string? separator, int limit)
    {
        using SourceStream stream = SourceFile.At(_folder.Write("t.txt", text)).Open();
        return [.. TextDocuments.Read(stream, separator, limit)];
    }

    [Fact]
    public void Read_LongDocument_IsCutAtBlankLinesThenLinesThenSpaces()
    {
        List<TextPiece> pieces = Read("one two\n\nthree four\nfive six seven", null, 12);
        Assert.Equal(["one two\n\n", "three four\n", "five six", " seven"], pieces.Select(piece => piece.Text));
        Assert.Equal([true, false, false, false], pieces.Select(piece => piece.StartsDocument));
    }

    [Fact]
    public void Read_NoPlaceToCut_NeverSplitsASurrogatePair()
    {
        List<TextPiece> pieces = Read("\U0001F600\U0001F600\U0001F600", null, 3);
        Assert.Equal(["\U0001F600", "\U0001F600", "\U0001F600"], pieces.Select(piece => piece.Text));
    }

    [Fact]
    public void Read_AnyText_PiecesJoinToTheDocumentsBetweenSeparators() =>
        Gen.Select(Gen.Char["ab \n"].Array[0, 200], Gen.Int[2, 40], Gen.Int[0, 3]).Sample(
            (characters, limit, kind) =>
            {
                string text = new(characters), separator = _separators[kind];
                List<TextPiece> pieces = Read(text, separator, limit);
                Assert.All(pieces, piece => Assert.InRange(piece.Text.Length, 1, limit));
                List<string> documents = [];
                foreach (TextPiece piece in pieces)
                {
                    if (piece.StartsDocument)
                        documents.Add("");
                    documents[^1] += piece.Text;
                }

                Assert.Equal(text.Split(separator, StringSplitOptions.RemoveEmptyEntries), documents);
            },
            iter: 500, threads: 1);

    [Fact]
    public void Read_TextLargerThanTheBuffer_CutsWhereASmallReadWould()
    {
        string[] documents = [.. Enumerable.Range(1, 60).Select(i => string.Concat(Enumerable.Repeat($"line {i} \u20ac\n", i * 50)))];
        List<TextPiece> pieces = Read(string.Join("<|>", documents), "<|>", 1 << 20);
        Assert.Equal(documents, pieces.Select(piece => piece.Text));
    }

    [Fact]
    public void Split_LongText_GivesThePiecesOfTheFileReader()
    {
        string text = string.Concat(Enumerable.Range(0, 300).Select(i => i % 7 == 0 ? "\n\n" : $"word{i} "));
        Assert.Equal(Read(text, null, 50).Select(piece => piece.Text), DocumentPieces.Split("t", text, 50).Select(piece => piece.Text));
    }
}
