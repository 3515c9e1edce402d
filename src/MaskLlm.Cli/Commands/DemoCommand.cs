using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using MaskLlm.Architectures;
using MaskLlm.Cli.Output;
using MaskLlm.Data;
using MaskLlm.Decoding;
using MaskLlm.Evaluation;
using MaskLlm.Learning;
using MaskLlm.Models;
using MaskLlm.Numerals;
using MaskLlm.Priors;
using MaskLlm.Runs;
using MaskLlm.Tokens;

namespace MaskLlm.Cli.Commands;

/// <summary><c>maskllm demo</c>: the whole story on the model that comes with the program, nothing to download.</summary>
internal static class DemoCommand
{
    private static readonly string[] Prompts = ["System.Collections.Generic.Dictionary\nRepresents", "StreamReader.ReadLine()\n"];

    internal static Command Create(CancellationToken stop)
    {
        Option<string?> output = new("--out") { Description = "Folder to write; runs/demo-TIME by default." };
        Option<int> steps = NumberOption.Of(OptionRanges.Steps, 160, "Learning steps; more take longer and give a better mask.");
        Option<bool> json = SharedOptions.Json(), force = SharedOptions.Force(), resume = SharedOptions.Resume();
        Option<int?> threads = SharedOptions.Threads();
        Option<ulong> seed = SharedOptions.Seed();
        Command command = new("demo", "Learn a 2:4 mask for a small language model of .NET documentation and set it beside magnitude "
            + "pruning: under five minutes on two cores.")
        {
            output, steps, force, resume, seed, threads, json,
        };
        command.SetAction(parsed =>
        {
            Stopwatch watch = Stopwatch.StartNew();
            int used = TorchRuntime.Start(parsed.GetValue(threads));
            using ProgressLine progress = new(parsed.InvocationConfiguration.Error);
            string folder = parsed.GetValue(output)
                ?? Path.Combine("runs", "demo-" + DateTime.Now.ToString("yyyyMMdd-HHmmss-fff", CultureInfo.InvariantCulture));
            LearnRequest request = new()
            {
                Model = ModelFolder,
                Data = new CorpusOptions
                {
                    Sources = [new DataSource(Documentation.WriteToCacheOrOwn())],
                    DocumentSeparator = ReferenceDocumentation.Separator,
                    Threads = used
                },
                Out = folder,
                Prior = PruneRun.MagnitudeMethod,   // what the result is set beside
                Force = parsed.GetValue(force),
                Resume = parsed.GetValue(resume),
                Options = LearnOptions.Of(Recipe.Distilled) with { Steps = parsed.GetValue(steps), Seed = parsed.GetValue(seed) },
            };
            RunRecord record = LearnRun.Execute(request, progress, progress.Note, stop);
            if (parsed.GetValue(json)) JsonOutput.Print(parsed.InvocationConfiguration.Output, Summary(record, watch.Elapsed, folder));
            else Print(parsed.InvocationConfiguration.Output, record, folder, watch);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>The embedded model: a Hugging Face folder beside the program.</summary>
    internal static string ModelFolder => Path.Combine(AppContext.BaseDirectory, "demo-model");

    private static JsonObject Summary(RunRecord record, TimeSpan elapsed, string folder)
    {
        JsonNode perplexity = record.Figures["perplexity"]!;
        return new JsonObject
        {
            ["perplexity"] = new JsonObject
            {
                ["dense"] = perplexity["dense"]?.DeepClone(),
                ["magnitude"] = perplexity["prior"]?.DeepClone(),
                ["learned"] = perplexity["learned"]?.DeepClone(),
            },
            ["seconds"] = elapsed.TotalSeconds,
            ["folder"] = folder,
        };
    }

    private static void Print(TextWriter output, RunRecord record, string folder, Stopwatch watch)
    {
        using Decoder model = Checkpoint.Load(ModelFolder);
        Tokenizer tokenizer = ModelTokenizer.Load(ModelFolder, model.Config);
        PrintSamples(output, "dense", model, tokenizer);
        using (MaskedWeights.Apply(model, CheckpointMasks.Read(Path.Combine(folder, "mask.npz"), ModelFolder)))
            PrintSamples(output, "2:4 sparse", model, tokenizer);
        LearnTable.Print(output, record, folder, prior: "magnitude");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{watch.Elapsed.TotalSeconds:0} seconds in all. Next: maskllm learn MODEL --data TEXT --out DIR"));
    }

    private static void PrintSamples(TextWriter output, string name, Decoder model, Tokenizer tokenizer)
    {
        SamplingOptions sampling = new() { Temperature = 0.7f, TopK = 40, Seed = 1 };
        foreach (string prompt in Prompts)
        {
            string text = TextGeneration.Continue(model, tokenizer, prompt, tokens: 48, sampling, tokenizer.SeparatorId);
            output.WriteLine($"[{name}] {prompt}{text.TrimEnd()}\n");
        }
    }
}
