using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using MaskLlm.Data;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Machine;
using MaskLlm.Pretraining;
using MaskLlm.Runs;
using MaskLlm.Tests.Data;
using MaskLlm.Tests.Machine;

namespace MaskLlm.Tests.Pretraining;

/// <summary>What a small pretraining run says, writes and when.</summary>
[Collection(TorchTests.Name)]
public sealed class PretrainRunTests : IDisposable
{
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Execute_Run_TellsLogsAndSavesWhereItShould()
    {
        PretrainRequest request = Request();
        string checkpoint = Path.Combine(request.Out, "checkpoint", "state.safetensors");
        List<long> saved = [];
        ToldProgress told = new(step =>
        {
            if (step.Phase != "pretraining") return;
            using SafetensorsFile? file = File.Exists(checkpoint) ? SafetensorsFile.Open(checkpoint) : null;
            saved.Add(file is null ? 0 : CheckpointStep.Read(file));
        });

        RunRecord record = PretrainRun.Execute(request, told, TestContext.Current.CancellationToken);

        JsonObject[] lines = [.. File.ReadLines(Path.Combine(request.Out, "metrics.jsonl"))
            .Select(line => JsonNode.Parse(line)!.AsObject())];
        Assert.Equal(
            [
                new Progress("training the tokenizer", 0, 1),
                .. Enumerable.Range(0, 5).Select(step => new Progress(
                    "pretraining", step + 1, 5, string.Create(CultureInfo.InvariantCulture, $"loss {(double)lines[step]["loss"]!:0.000}"))),
            ],
            told.Steps);
        // Before each told step the checkpoint of the last multiple of 2.
        Assert.Equal([0, 0, 2, 2, 4], saved);
        Assert.Equal([0, 1, 2, 3, 4], lines.Select(line => (int)line["step"]!));
        Assert.Equal([1, 3, 4], lines.Where(line => line.ContainsKey("held_out_loss")).Select(line => (int)line["step"]!));
        JsonObject figures = record.Figures;
        Assert.Equal(["tokens", "corpus_tokens", "seconds_since_start_or_resume", "tokens_per_second", "held_out_loss"],
            figures.Select(pair => pair.Key));
        Assert.Equal(["2", "4", "5"], figures["held_out_loss"]!.AsObject().Select(pair => pair.Key));
        Assert.Equal((double)lines[4]["held_out_loss"]!, (double)figures["held_out_loss"]!["5"]!);
        Assert.InRange((double)figures["held_out_loss"]!["5"]!, 3, Math.Log(300) + 0.1);
        Assert.Equal(5 * 2 * 16, (long)figures["tokens"]!);
        Assert.Equal(5 * 2 * 16, (double)figures["tokens_per_second"]! * (double)figures["seconds_since_start_or_resume"]!, 1e-6);
        JsonObject options = record.Options.DeepClone().AsObject();
        Assert.Equal([request.ConfigPath, $"{request.Data.Sources[0].Path}:1"], [(string)options["config"]!, (string)options["data"]![0]!]);
        foreach (string path in (string[])["config", "data"]) options.Remove(path);
        Assert.Equal(
            """
            {"document-separator":null,"text-column":"text","steps":5,"batch-size":2,"seq-len":16,"learning-rate":0.002,"warmup-steps":2,"weight-decay":0.1,"clip-norm":1,"seed":3}
            """,
            options.ToJsonString());
        Assert.Equal((3UL, "plain"), (record.Seed, record.Kernel));
        Assert.Equal([request.ConfigPath, request.Data.Sources[0].Path], record.Inputs.Select(input => input.Key));
        Assert.Equal(File.ReadAllBytes(request.ConfigPath), File.ReadAllBytes(Path.Combine(request.Out, "config.json")));
        using SafetensorsFile weights = SafetensorsFile.Open(Path.Combine(request.Out, "model.safetensors"));
        Assert.Equal("pt", weights.Metadata["format"]);
        Assert.All(weights.Tensors.Values, tensor => Assert.Equal(TensorType.BFloat16, tensor.Type));
    }

    [Fact]
    public void Execute_StoppedAndResumed_CountsItsOwnStepsAndKeepsTheTokenizer()
    {
        PretrainRequest request = Request();
        using CancellationTokenSource stop = new();
        Assert.Throws<OperationCanceledException>(() => PretrainRun.Execute(
            request, new ToldProgress(step => { if (step is { Phase: "pretraining", Done: 2 }) stop.Cancel(); }), stop.Token));
        ToldProgress told = new();
        JsonObject figures = PretrainRun.Execute(request with { Resume = true }, told, TestContext.Current.CancellationToken).Figures;
        Assert.Equal([3L, 4, 5], told.Steps.Select(step => step.Done));
        Assert.Equal(5 * 2 * 16, (long)figures["tokens"]!);
        Assert.Equal(3 * 2 * 16, (double)figures["tokens_per_second"]! * (double)figures["seconds_since_start_or_resume"]!, 1e-6);

        // Nothing to go on with: the tokenizer is trained and the first step is the first.
        told = new ToldProgress();
        PretrainRun.Execute(request with { Resume = true, Out = Path.Combine(_folder.Root, "new") }, told,
            TestContext.Current.CancellationToken);
        Assert.Equal(["training the tokenizer", "pretraining"], told.Steps.Select(step => step.Phase).Distinct());
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(request.Out, "model.safetensors")),
                File.ReadAllBytes(Path.Combine(_folder.Root, "new", "model.safetensors")));
    }

    /// <summary>
    /// Weights, gradients and two moments of 4 bytes: 300 x 4096 of the embedding, twice 4 x 4096^2 + 3 x 4096 x 4,000,000, five norms.
    /// </summary>
    [Fact]
    public void Execute_ModelThatDoesNotFit_SaysWhatItWouldTake()
    {
        PretrainRequest request = Request(hidden: 4096, intermediate: 4_000_000, heads: 32);
        double weights = 300.0 * 4096 + 2 * (4 * 4096.0 * 4096 + 3 * 4096 * 4e6) + 5 * 4096;
        string message = Assert.Throws<InsufficientMemoryException>(() => Execute(request)).Message;
        Assert.StartsWith(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{request.ConfigPath}: training {weights / 1e6:0} million weights needs about {weights * 16 / 1e9:0.0} GB of memory and "),
            message, StringComparison.Ordinal);
        Assert.EndsWith("; lower its sizes.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Execute_AsLongAsThePositions_IsTakenAndNoLonger()
    {
        PretrainRequest request = Request();
        PretrainOptions options = request.Options with { Steps = 1, SequenceLength = 64 };
        Execute(request with { Options = options });
        string message = Assert.Throws<ArgumentException>(() =>
            Execute(request with { Options = options with { SequenceLength = 65 } })).Message;
        Assert.StartsWith($"`SequenceLength` is 65; {request.ConfigPath} gives the model 64 positions.", message, StringComparison.Ordinal);
    }

    private static RunRecord Execute(PretrainRequest request) =>
        PretrainRun.Execute(request, cancellation: TestContext.Current.CancellationToken);

    private PretrainRequest Request(int hidden = 32, int intermediate = 64, int heads = 2)
    {
        string config = string.Create(CultureInfo.InvariantCulture, $$"""
            {
              "model_type": "llama", "hidden_act": "silu", "hidden_size": {{hidden}}, "intermediate_size": {{intermediate}},
                  "num_hidden_layers": 2,
              "num_attention_heads": {{heads}}, "num_key_value_heads": {{heads}}, "vocab_size": 300, "max_position_embeddings": 64,
              "rms_norm_eps": 1e-5, "rope_theta": 10000, "tie_word_embeddings": true
            }
            """);
        string[] words = ["fox", "heron", "miller", "neighbour", "boat", "river", "bread", "stones", "winter", "gate", "noon", "rain"];
        Random random = new(1);
        string text = string.Concat(Enumerable.Range(0, 4000).Select(_ => words[random.Next(words.Length)] + " "));
        return new PretrainRequest
        {
            ConfigPath = _folder.Write("config.json", Encoding.UTF8.GetBytes(config)),
            Data = new CorpusOptions
            {
                Sources = [new DataSource(_folder.Write("text.txt", text))],
                CacheFolder = _folder.Cache,
                Threads = 1
            },
            Out = Path.Combine(_folder.Root, "out"),
            Options = new PretrainOptions { Steps = 5, BatchSize = 2, SequenceLength = 16, WarmupSteps = 2, Seed = 3 },
            SaveEvery = 2,
            EvalEvery = 2,
        };
    }
}
