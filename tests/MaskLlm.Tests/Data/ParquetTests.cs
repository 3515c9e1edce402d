using MaskLlm.Data;
using MaskLlm.Formats.Parquet;

namespace MaskLlm.Tests.Data;

/// <summary>A table that another program wrote (hyparquet-writer 0.17: snappy, pages of version 2, three groups of rows, a column
/// with nulls).</summary>
public sealed class ParquetTests
{
    private static readonly string Table = Fixture.PathOf("tasks/corpus.parquet");

    [Fact]
    public void Documents_OfTheTextColumn_AreTheRows() => Assert.Equal(["one fox", "two é 🙂", "four\nlines", "five"],
        CorpusText.Documents(new CorpusOptions { Sources = [new DataSource(Table)] }));

    [Fact]
    public void Documents_OfAnotherColumn_NameTheRowThatHasNone()
    {
        CorpusOptions options = new() { Sources = [new DataSource(Table)], TextColumn = "body" };
        string message = Assert.Throws<InvalidDataException>(() => CorpusText.Documents(options).ToList()).Message;
        Assert.Contains("corpus.parquet: row 3 has no body", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("id")]
    [InlineData("nothing")]
    public void Documents_OfNoColumnOfTexts_NameThoseThatThereAre(string column)
    {
        CorpusOptions options = new() { Sources = [new DataSource(Table)], TextColumn = column };
        Assert.EndsWith($"no column {column} of texts; it has id, text, body. Name one with `TextColumn`.",
            Assert.Throws<InvalidDataException>(() => CorpusText.Documents(options).ToList()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_OfEveryKind_AreJson() => Assert.Equal("""{"id":3,"text":""}""", ParquetTable.Rows(Table).ElementAt(2).ToJsonString());

    /// <summary>A list of 2^31 items, an endless nesting, a text beyond the end: refused before anything believes them.</summary>
    [Theory]
    [InlineData(0x19, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x07)]
    [InlineData(0x1C, 0x1C, 0x1C, 0x1C, 0x1C, 0x1C, 0x1C)]
    [InlineData(0x18, 0x7F, 0x00, 0x00, 0x00, 0x00, 0x00)]
    [InlineData(0x1B, 0x10, 0x88, 0x01, 0x61, 0x01, 0x62)]
    public void Texts_FooterThatPromisesMore_IsRefused(params int[] footer)
    {
        using DataFolder folder = new();
        string path = folder.Write("a.parquet",
            [.. "PAR1"u8, .. footer.Select(part => (byte)part), .. BitConverter.GetBytes(footer.Length), .. "PAR1"u8]);
        Assert.EndsWith("a.parquet: no Parquet file, or a damaged one; fetch or write it again.",
            Assert.Throws<InvalidDataException>(() => ParquetTable.Texts(path, "text").ToList()).Message, StringComparison.Ordinal);
    }

    /// <summary>As the same texts in lines of JSON; tokens of another column are no cached ones.</summary>
    [Fact]
    public void Corpus_ColumnsAndJsonMembers_AreTokenised()
    {
        using DataFolder folder = new();
        string lines = folder.Write("a.jsonl", """
            {"text":"one fox","body":"a"}
            {"text":"two é 🙂","body":"b"}
            {"text":"","body":"c"}
            {"text":"four\nlines","body":"d"}
            {"text":"five","body":"e"}
            """);
        int[] Ids(string file, string column)
        {
            using Corpus corpus = DataFolder.Open(folder.Options(file) with { TextColumn = column }, folder.Bytes());
            return DataFolder.TrainingIds(corpus);
        }
        Assert.Equal(Ids(lines, "text"), Ids(Table, "text"));
        Assert.Equal(DataFolder.Ids("a", "b", "c", "d", "e"), Ids(lines, "body"));
        Assert.Contains("the object has no \"other\"", Assert.Throws<InvalidDataException>(() => Ids(lines, "other")).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Ids(Table, ""));
    }
}
