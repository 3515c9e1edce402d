using System.Text.Json.Nodes;
using MaskLlm.Data;
using MaskLlm.Runs;

namespace MaskLlm.Tests.Runs;

public sealed class RecordedPathTests
{
    private const string Working = "/a/run";

    [Theory]
    [InlineData("text.txt", null)]
    [InlineData("../text.txt", null)]
    [InlineData("sparsegpt", null)]
    [InlineData("/a/run/model", "model")]
    [InlineData("/a/run/model/", "model")]
    [InlineData("/a/run/texts/*.txt", "texts/*.txt")]
    [InlineData("/a/x/../run/model", "model")]
    [InlineData("/a/run", null)]
    [InlineData("/a/running/model", null)]
    [InlineData("/a/model", null)]
    public void Below_Path_IsRelativeBelowTheFolderOnly(string path, string? expected) =>
        Assert.Equal(expected, RecordedPath.Below(path, Working));

    [Fact]
    public void Of_SourceWithAWeight_NamesBoth() => Assert.Equal(["a.txt", "a.txt:0.5"],
        new DataSource[] { new("a.txt"), new("a.txt", 0.5) }.Select(RecordedPath.Of));

    [Fact]
    public void Of_Path_IsThatOfTheUserUnlessItLiesBelowAFolderOfTheProgram()
    {
        using TemporaryFolder folder = new();
        foreach (string given in new[] { "text.txt", "../text.txt", "sparsegpt", folder.File("text.txt") })
            Assert.Equal(given, RecordedPath.Of(given));
        Assert.Equal("m/config.json", RecordedPath.Of(Path.Combine(Environment.CurrentDirectory, "m", "config.json")));
        Assert.Equal("demo-model", RecordedPath.Of(Path.Combine(AppContext.BaseDirectory, "demo-model")));
        Assert.Equal("dotnet-docs-0.txt", RecordedPath.Of(Path.Combine(CorpusOptions.DefaultCacheFolder, "dotnet-docs-0.txt")));
    }

    [Fact]
    public void Below_FolderBehindALink_IsKnownAsTheSame()
    {
        using TemporaryFolder folder = new();
        Directory.CreateDirectory(folder.File("real"));
        Directory.CreateSymbolicLink(folder.File("link"), folder.File("real"));
        Assert.Equal("texts", RecordedPath.Below(Path.Combine(folder.File("link"), "texts"), folder.File("real")));
    }

    [Theory]
    [InlineData("\"/a/b/model\"", "\"b/model\"", true)]
    [InlineData("\"model/\"", "\"model\"", true)]
    [InlineData("\"model\"", "\"other\"", false)]
    [InlineData("[\"/a/x.txt:0.5\",\"y:0.5\"]", "[\"x.txt:0.5\",\"/b/y:0.5\"]", true)]
    [InlineData("[\"/a/x.txt:0.5\"]", "[\"x.txt:0.25\"]", false)]
    [InlineData("[\"a\"]", "[\"a\",\"b\"]", false)]
    [InlineData("null", "null", true)]
    [InlineData("null", "\"a\"", false)]
    public void AreSame_Values_HoldTheLastNamesTogether(string first, string second, bool expected) =>
        Assert.Equal(expected, RecordedPath.AreSame(JsonNode.Parse(first), JsonNode.Parse(second)));

    [Theory]
    [InlineData("""{"/a/m/config.json":"1","x.txt":"2"}""", """{"m/config.json":"1","/b/x.txt":"2"}""", null)]
    [InlineData("""{"m/config.json":"1","x.txt":"2"}""", """{"m/config.json":"1","x.txt":"3"}""", "x.txt")]
    [InlineData("""{"a.txt":"1","b.txt":"2"}""", """{"b.txt":"2","a.txt":"1"}""", "b.txt")]
    [InlineData("""{"a.txt":"1"}""", """{"a.txt":"1","b.txt":"2"}""", "b.txt")]
    [InlineData("""{"a.txt":"1","b.txt":"2"}""", """{"a.txt":"1"}""", "b.txt")]
    public void FirstChanged_Inputs_IsNamed(string earlier, string now, string? expected) =>
        Assert.Equal(expected, RecordedPath.FirstChanged(JsonNode.Parse(earlier)!.AsObject(), JsonNode.Parse(now)!.AsObject()));

    [Fact]
    public void DecisiveOptions_SameFilesByAnotherWay_AreTheSameRun()
    {
        JsonObject saved = Options("/a/m", "/a/x.txt", "1"), asked = Options("m", "x.txt", "1");
        DecisiveOptions.RequireSame("P", saved.ToJsonString(), asked);
        Assert.Contains("x.txt is not what it was when the run was started", Refusal(Options("m", "x.txt", "2")), StringComparison.Ordinal);
        Assert.Contains("with model \"/a/m\", now it is \"n\";", Refusal(Options("n", "x.txt", "1")), StringComparison.Ordinal);

        string Refusal(JsonObject other) =>
            Assert.Throws<ArgumentException>(() => DecisiveOptions.RequireSame("P", saved.ToJsonString(), other)).Message;
        static JsonObject Options(string model, string text, string hash) =>
            new() { ["model"] = model, ["data"] = new JsonArray($"{text}:1"), ["inputs"] = new JsonObject { [text] = hash } };
    }
}
