using System.Text.Json.Nodes;
using MaskLlm.Architectures;
using MaskLlm.Data;
using MaskLlm.Evaluation;
using MaskLlm.Models;
using MaskLlm.Tasks;

namespace MaskLlm.Tests.Tasks;

/// <summary>Likelihoods that lm-evaluation-harness recorded of a real model; where ../shared and numpy are.</summary>
[Collection(TorchTests.Name)]
public sealed class SmolLm2TaskTests
{
    // Of each task; all of them take minutes and are run by hand (docs/tasks.md).
    private const int Documents = 3;

    [Fact]
    public void Ask_RecordedTasks_GivesTheRecordedLikelihoods()
    {
        string? golden = Fixture.Shared("fixtures/tasks/smollm2.jsonl"), data = Fixture.Shared("data/tasks"),
            packed = Fixture.Shared("fixtures/smollm2");
        if (golden is null || !File.Exists(golden) || !Directory.Exists(data) || !Directory.Exists(packed))
            Assert.Skip("no ../shared/fixtures/tasks and ../shared/data/tasks here");
        SystemPython.RequireNumpy();
        using TemporaryFolder folder = new();
        string checkpoint = folder.File("smollm2");
        Assert.Equal(0, SystemPython.Run(Path.Combine(packed!, "to_hf.py"), checkpoint).ExitCode);
        DecoderConfig config = CheckpointConfig.Read(checkpoint);
        using Decoder model = Checkpoint.Load(checkpoint);
        JsonNode[] recorded = [.. File.ReadLines(golden!).Select(line => JsonNode.Parse(line)!)
            .Where(line => (int)line["doc"]! < Documents)];
        string[] names = [.. recorded.Select(line => (string)line["task"]!).Distinct()];
        Assert.Equal(11, names.Length);
        TaskRun run = new(new TaskSelection(names, data!, Documents), new TaskEncoding(ModelTokenizer.Load(checkpoint, config)),
            config.MaxPositions, null, TestContext.Current.CancellationToken);
        Dictionary<(string, int), TaskAnswer> answers = [];
        run.Ask(new TorchLikelihoods(model), "asking", (task, answer) => answers.Add((task, answer.Number), answer), null,
            TestContext.Current.CancellationToken);
        foreach (JsonNode line in recorded)
        {
            TaskAnswer answer = answers[((string)line["task"]!, (int)line["doc"]!)];
            Assert.Equal((int?)line["gold"], answer.Document.Gold);
            JsonArray requests = line["requests"]!.AsArray();
            Assert.Equal(requests.Count, answer.Likelihoods.Count);
            for (int i = 0; i < requests.Count; i++)
            {
                TaskRequest asked = new((string)requests[i]!["context"]!, (string)requests[i]!["continuation"]!);
                Assert.Equal(asked, answer.Document.Requests[i]);
                Assert.Equal((double)requests[i]!["loglikelihood"]!, answer.Likelihoods[i].LogLikelihood, 2e-3);
                Assert.Equal((bool)requests[i]!["greedy"]!, answer.Likelihoods[i].IsGreedy);
            }
        }
    }
}
