using System.Text.Json.Nodes;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

/// <summary>The samples as the programs that they are: what they say, and what lies beside those that learn nothing.</summary>
[Collection(TorchTests.Name)]
public sealed class SampleTests
{
    private const string Listening = "Now listening on: ";

    // README.md says 5 MB of a program's folder without torch; libtorch is many times that.
    private const long MostBytes = 6 << 20;

    [Fact]
    public async Task Generate_TinyModel_PrintsText()
    {
        using ProgramRun run = ProgramRun.StartProgram("dotnet", Program("Generate"), TinyModel.Folder, "the fox ");

        CommandRun ended = await run.End();

        ended.AssertSuccess();
        Assert.NotEmpty(ended.Output.Trim());
    }

    [Fact]
    public async Task Server_TinyModel_AnswersBesideTheApplication()
    {
        using ProgramRun run = ProgramRun.StartProgram("dotnet", Program("Server"), TinyModel.Folder, "--urls", "http://127.0.0.1:0");
        Assert.True(await run.Reaches(() => run.OutputSoFar.Contains("Application started", StringComparison.Ordinal)), run.ErrorSoFar);
        string said = run.OutputSoFar;
        string address = said[(said.IndexOf(Listening, StringComparison.Ordinal) + Listening.Length)..].Split('\n')[0].Trim();
        using HttpClient client = new() { BaseAddress = new Uri(address) };
        CancellationToken stop = TestContext.Current.CancellationToken;

        Assert.StartsWith("model on ", await client.GetStringAsync("/", stop), StringComparison.Ordinal);
        Assert.Equal("model", (string?)JsonNode.Parse(await client.GetStringAsync("/v1/models", stop))!["data"]![0]!["id"]);
        using StringContent body = new("""{"model": "model", "prompt": "the fox ", "max_tokens": 4}""", null, "application/json");
        using HttpResponseMessage answer = await client.PostAsync("/v1/completions", body, stop);
        Assert.Equal("text_completion", (string?)JsonNode.Parse(await answer.Content.ReadAsStringAsync(stop))!["object"]);
        using HttpResponseMessage other = await client.GetAsync("/health", stop);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, other.StatusCode);
        using HttpResponseMessage unknown = await client.GetAsync("/v1/nothing", stop);
        Assert.Contains("not_found", await unknown.Content.ReadAsStringAsync(stop), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Generate")]
    [InlineData("Server")]
    public void OutputFolder_OfWhatRunsModels_HoldsNothingOfTorch(string sample)
    {
        string[] files = Directory.GetFiles(FolderOf(sample), "*", SearchOption.AllDirectories);

        Assert.Contains(files, file => Path.GetFileName(file) == "MaskLlm.Runtime.dll");
        Assert.DoesNotContain(files, file => Path.GetFileName(file).Contains("torch", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain("torch", File.ReadAllText(Path.Combine(FolderOf(sample), sample + ".deps.json")),
            StringComparison.OrdinalIgnoreCase);
        Assert.InRange(files.Sum(file => new FileInfo(file).Length), 1, MostBytes);
    }

    private static string Program(string sample) => Path.Combine(FolderOf(sample), sample + ".dll");

    // Beside the folder of the tests, in the same configuration.
    private static string FolderOf(string sample)
    {
        string own = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        return Path.Combine(Path.GetDirectoryName(own)!, "..", sample, Path.GetFileName(own));
    }
}
