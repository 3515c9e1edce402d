using System.Text.Json.Nodes;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Runs;

namespace MaskLlm.Tests.Runs;

/// <summary>What the header of a run's checkpoint says, where it says something else.</summary>
public sealed class CheckpointHeaderTests
{
    [Theory]
    [InlineData("12", 12)]
    [InlineData("0", 0)]
    public void Read_Step_IsTheNumber(string text, long step)
    {
        using TemporaryFolder folder = new();
        using SafetensorsFile file = Header(folder, CheckpointStep.Key, text);
        Assert.Equal(step, CheckpointStep.Read(file));
    }

    [Theory]
    [InlineData("step", "twelve")]
    [InlineData("step", "-1")]
    [InlineData("step", "1,2")]
    [InlineData("step", "99999999999999999999")]
    [InlineData("steps", "12")]
    public void Read_NoStep_IsOneSentenceWithTheFile(string key, string text)
    {
        using TemporaryFolder folder = new();
        using SafetensorsFile file = Header(folder, key, text);
        string message = Assert.Throws<InvalidDataException>(() => CheckpointStep.Read(file)).Message;
        Assert.StartsWith($"{file.Path}: its header has no step that is a whole number", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[1]")]
    [InlineData("null")]
    [InlineData("{\"seed\": 1, \"seed\": 2}")]
    public void RequireSame_TextThatIsNoObject_IsOneSentenceWithTheFile(string saved) => Assert.StartsWith(
        "state: options", Assert.Throws<InvalidDataException>(() => DecisiveOptions.RequireSame("state", saved, [])).Message,
        StringComparison.Ordinal);

    [Fact]
    public void RequireSame_OtherValue_NamesTheOption()
    {
        JsonObject asked = new() { ["seed"] = 2 };
        Assert.Contains(
            "seed 1, now it is 2",
            Assert.Throws<ArgumentException>(() => DecisiveOptions.RequireSame("state", "{\"seed\": 1}", asked)).Message,
            StringComparison.Ordinal);
    }

    private static SafetensorsFile Header(TemporaryFolder folder, string key, string text)
    {
        SafetensorsWriter.Write(folder.File("state"), [], new Dictionary<string, string> { [key] = text });
        return SafetensorsFile.Open(folder.File("state"));
    }
}
