using System.Text;
using MaskLlm.Runs;

namespace MaskLlm.Tests.Runs;

public sealed class MetricsLinesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string File => _folder.File("metrics.jsonl");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("{\"step\": 1}\n{\"step\": 2}\n{\"step\": 3}\n", "{\"step\": 1}\n{\"step\": 2}\n")]
    [InlineData("{\"step\": 1}\n\n{\"step\": 2, \"lo", "{\"step\": 1}\n")]
    [InlineData("{\"step\": 1}\n{\"st\n", "{\"step\": 1}\n")]
    [InlineData("", "")]
    public void Keep_LinesOfALaterStepOrCutShort_Go(string before, string after)
    {
        System.IO.File.WriteAllText(File, before);
        MetricsLines.Keep(File, 3);
        Assert.Equal(after, System.IO.File.ReadAllText(File));
    }

    [Theory]
    [InlineData("{\"step\": \"two\"}", "step must be a whole number")]
    [InlineData("{\"loss\": 2}", "step is missing")]
    [InlineData("[2]", "must be an object")]
    [InlineData("{\"step\": 1e30}", "step must be a whole number")]
    [InlineData("{\"step\": ", "not valid JSON")]
    public void Keep_DamagedLine_NamesFileAndLine(string line, string part)
    {
        string text = $"{{\"step\": 1}}\n{line}\n{{\"step\": 3}}\n";
        System.IO.File.WriteAllText(File, text);
        string message = Assert.Throws<InvalidDataException>(() => MetricsLines.Keep(File, 3)).Message;
        Assert.StartsWith($"{File}: line 2", message, StringComparison.Ordinal);
        Assert.Contains(part, message, StringComparison.Ordinal);
        Assert.Equal(text, System.IO.File.ReadAllText(File));
    }

    [Fact]
    public void Keep_InvalidUtf8_NamesTheLine()
    {
        System.IO.File.WriteAllBytes(File, [.. "{\"step\": 1, \"x\": \""u8, 0xFF, .. Encoding.UTF8.GetBytes("\"}\n{\"step\": 2}\n")]);
        Assert.Contains(
            "line 1: not valid JSON (byte 18 is no UTF-8)", Assert.Throws<InvalidDataException>(() => MetricsLines.Keep(File, 3)).Message,
            StringComparison.Ordinal);
    }
}
