using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using MaskLlm.Tasks;

namespace MaskLlm.Tests.Tasks;

public sealed class TaskDataTests : IDisposable
{
    private const string Record = """{"sentence_good":"Go.","sentence_bad":"Going.","pairID":"0"}""";

    private readonly TaskFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>A file that another program wrote (DuckDB): structures of lists, zstd.</summary>
    [Fact]
    public void Parquet_OfAnotherProgram_IsReadAsRecords()
    {
        TaskDefinition arc = TaskCatalog.Find(["arc_easy"])[0];
        TaskDocument[] found = [.. arc.Read(new TaskData(Fixture.PathOf("tasks")).Read(arc))];
        Assert.Equal(TaskFolder.Of("Question: What falls?\nAnswer:", " up", " an apple", " time"), found[0].Requests);
        Assert.Equal(TaskFolder.Of("Question: What is cold?\nAnswer:", " ice", " fire", " sun", " tea"), found[1].Requests);
        Assert.Equal([1, 0], found.Select(document => document.Gold!.Value));
    }

    [Fact]
    public void Files_OfEveryKind_HoldTheSame()
    {
        _folder.Write("blimp_passive_1.json", $"[{Record}, {Record}]");
        Assert.Equal(2, _folder.Documents("blimp_passive_1").Length);
        _folder.Write("blimp_passive_2.json", $$"""{"data": [{{Record}}]}""");
        Assert.Single(_folder.Documents("blimp_passive_2"));
        using (GZipStream packed = new(File.Create(_folder.Write("blimp_causative.jsonl.gz")), CompressionMode.Compress))
            packed.Write(Encoding.UTF8.GetBytes(Record));
        Assert.Single(_folder.Documents("blimp_causative"));
        using (GZipStream packed = new(File.Create(_folder.Write("blimp.tar.gz")), CompressionMode.Compress))
        using (TarWriter tar = new(packed))
        {
            tar.WriteEntry(new PaxTarEntry(TarEntryType.Directory, "./data/"));
            tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "./data/inchoative.jsonl")
            {
                DataStream = new MemoryStream(Encoding.UTF8.GetBytes(Record + "\n" + Record)),
            });
        }
        Assert.Equal(2, _folder.Documents("blimp_inchoative").Length);
        _folder.Write("transitive/train-0.jsonl", Record);
        _folder.Write("transitive/train-1.jsonl", Record, Record);
        Assert.Equal(3, _folder.Documents("blimp_transitive").Length);
    }

    /// <summary>Parts of a data set lie in one folder, each once; what is no data does not count.</summary>
    [Theory]
    [InlineData("copa.json", "copa.jsonl")]
    [InlineData("a/piqa/validation.jsonl", "b/piqa/validation.jsonl")]
    public void Files_ThatHoldTheSameTwice_AreRefused(string first, string second)
    {
        string task = first.Contains("copa", StringComparison.Ordinal) ? "copa" : "piqa";
        _folder.Write(first, Record);
        _folder.Write(second, Record);
        string message = Assert.Throws<ArgumentException>(() => _folder.Documents(task)).Message;
        Assert.Contains($"both hold {task}, whose documents would count twice", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_OfOtherEndings_AreNoData()
    {
        _folder.Write("blimp_causative.jsonl", Record);
        _folder.Write("blimp_causative.json5", "no data");
        Assert.Single(_folder.Documents("blimp_causative"));
    }

    [Theory]
    [InlineData("piqa.json", "{}", "no list; a list of objects is needed")]
    [InlineData("piqa.json", "[1]", "[0] must be an object")]
    [InlineData("piqa.jsonl", "[]", "line 1 must be an object")]
    [InlineData("piqa.parquet", "PAR1PAR1", "no Parquet file, or a damaged one")]
    public void File_ThatIsDamaged_IsSaid(string file, string content, string said)
    {
        _folder.Write(file, content);
        string message = Assert.Throws<InvalidDataException>(() => _folder.Documents("piqa")).Message;
        Assert.Contains(said, message, StringComparison.Ordinal);
        Assert.Contains(file, message, StringComparison.Ordinal);
    }
}
