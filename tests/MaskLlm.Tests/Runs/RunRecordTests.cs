using System.Text;
using System.Text.Json.Nodes;
using MaskLlm.Data;
using MaskLlm.Runs;

namespace MaskLlm.Tests.Runs;

public sealed class RunRecordTests
{
    private const string OfEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    [Fact]
    public void Write_Record_HasEveryPartByItsName()
    {
        using TemporaryFolder folder = new();
        RunRecord record = new("learn", new JsonObject { ["steps"] = 3 }, ulong.MaxValue, "fused-scalar",
            new JsonObject { ["a/ä.txt"] = "00" }, new JsonObject { ["loss"] = null });

        record.Write(folder.File("run.json"));

        string text = File.ReadAllText(folder.File("run.json"));
        Assert.Contains("\"a/ä.txt\": \"00\"", text, StringComparison.Ordinal);
        Assert.EndsWith("}\n", text, StringComparison.Ordinal);
        JsonObject read = JsonNode.Parse(text)!.AsObject();
        Assert.Equal(["verb", "options", "seed", "threads", "versions", "kernel", "inputs", "figures", "checksum"],
            read.Select(pair => pair.Key));
        Assert.Equal((3, ulong.MaxValue, "fused-scalar"), ((int)read["options"]!["steps"]!, (ulong)read["seed"]!, (string?)read["kernel"]));
        Assert.Equal(["maskllm", "torchsharp", "libtorch", "dotnet", "os", "processor"], read["versions"]!.AsObject()
            .Select(pair => pair.Key));
        Assert.All(read["versions"]!.AsObject(), pair => Assert.False(string.IsNullOrWhiteSpace((string?)pair.Value)));
        Assert.StartsWith("0.1.0", (string?)read["versions"]!["maskllm"], StringComparison.Ordinal);
        Assert.True(record.ToJson()["figures"]!.AsObject().ContainsKey("loss"));
    }

    [Fact]
    public void PeakMemoryBytes_IsWhatTheProcessHadAtLeast() => Assert.True(RunRecord.PeakMemoryBytes() >= Environment.WorkingSet / 2);

    [Fact]
    public void Names_Sources_HaveTheirShares() => Assert.Equal(
        """["a.txt:0.25","b/*.txt:0.75"]""", DataRecord.Names([Source("a.txt", 0.25), Source("b/*.txt", 0.75)]).ToJsonString());

    [Fact]
    public void Contents_Source_HasEveryFigure() => Assert.Equal(
        """[{"path":"a","documents":2,"tokens":30,"held_out_tokens":4,"weight":0.5}]""", DataRecord.Contents([Source("a", 0.5)]).ToJsonString());

    [Fact]
    public void AddHashes_FolderAndItsFiles_AllAreThere()
    {
        JsonObject inputs = new() { ["model"] = "m" };
        DataRecord.AddHashes(inputs, [Source("d", 1) with { FileHashes = [new("d/x", "hx"), new("d/y", "hy")] }]);
        Assert.Equal("""{"model":"m","d":"hash","d/x":"hx","d/y":"hy"}""", inputs.ToJsonString());
    }

    [Fact]
    public void OfModel_Folder_HashesConfigurationWeightsAndTokenizer()
    {
        using TemporaryFolder folder = new();
        foreach (string name in (string[])["tokenizer.model", "b.safetensors", "a.safetensors", "config.json", "tokenizer.json"])
            folder.Write(name, []);
        foreach (string name in (string[])["README.md", "notes.json", "a.bin", "config.json.bak"]) folder.Write(name, [1]);

        JsonObject hashes = InputHashes.OfModel(folder.Path);

        Assert.Equal(["a.safetensors", "b.safetensors", "config.json", "tokenizer.json", "tokenizer.model"],
            hashes.Select(pair => Path.GetFileName(pair.Key)));
        Assert.All(hashes, pair => Assert.Equal(OfEmpty, (string?)pair.Value));
        Assert.Equal(
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                InputHashes.Of(folder.Write("abc", Encoding.ASCII.GetBytes("abc"))));
    }

    [Fact]
    public void RequireSame_OtherOptions_AreNamedWithBothValues()
    {
        JsonObject saved = new() { ["steps"] = 3, ["prior"] = "a", ["gone"] = 1 };
        DecisiveOptions.RequireSame("P", saved.ToJsonString(), new JsonObject { ["steps"] = 3, ["prior"] = "a" });
        Assert.Contains("started with steps 3, now it is 4;", Refusal(new JsonObject { ["steps"] = 4 }), StringComparison.Ordinal);
        Assert.Contains("started with prior \"a\", now it is unset;", Refusal(new JsonObject { ["prior"] = null }),
            StringComparison.Ordinal);
        Assert.Contains("started with tau unset, now it is \"1:2\";", Refusal(new JsonObject { ["steps"] = 3, ["tau"] = "1:2" }),
            StringComparison.Ordinal);

        string Refusal(JsonObject asked) =>
            Assert.Throws<ArgumentException>(() => DecisiveOptions.RequireSame("P", saved.ToJsonString(), asked)).Message;
    }

    private static CorpusSource Source(string path, double weight) => new(path, Documents: 2, Tokens: 30, HeldOutTokens: 4, weight, "hash");
}
