using System.CommandLine;
using System.Text.Json;
using MaskLlm.Formats.Gguf;
using MaskLlm.Models;
using MaskLlm.Packing;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.LlamaCpp;

/// <summary>Logits of llama.cpp beside ours, for a checkpoint that is exported on the way.</summary>
internal static class LogitsVerb
{
    internal static Command Create()
    {
        Argument<string> folder = new("folder") { Description = "A Hugging Face folder." };
        Option<string> type = new("--type") { DefaultValueFactory = _ => "f32", Description = GgufTypes.Known };
        Option<int> tokens = new("--tokens") { DefaultValueFactory = _ => 32, Description = "Tokens of the window, (37 i) mod V." };
        Command command = new("logits", "Differences of llama.cpp's logits from ours.") { folder, type, tokens };
        command.SetAction(parsed => Run(parsed.GetValue(folder)!, parsed.GetValue(type)!, parsed.GetValue(tokens)));
        return command;
    }

    private static void Run(string folder, string spelling, int tokens)
    {
        if (!GgufTypes.TryParse(spelling, out GgufType type))
            throw new ArgumentException($"--type {spelling}: one of {GgufTypes.Known} is expected.");
        string file = Path.Combine(Path.GetTempPath(), $"maskllm-{Guid.NewGuid():N}.gguf");
        try
        {
            GgufReport report = GgufExport.Write(folder, null, type, file);
            (double difference, double largest) = Compare(folder, file, tokens);
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                folder = Path.GetFileName(folder),
                type = spelling,
                tokens,
                max_difference = difference,
                max_logit = largest,
                notes = report.Notes
            }));
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static (double Difference, double Largest) Compare(string folder, string file, int tokens)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using Decoder decoder = Checkpoint.Load(folder);
        int[] ids = [.. Enumerable.Range(0, tokens).Select(i => 37 * i % decoder.Config.VocabularySize)];
        float[][] expected = [.. decoder.Forward(tensor(ids, dtype: ScalarType.Int64).unsqueeze(0))[0].unbind()
            .Select(row => row.data<float>().ToArray())];
        using LlamaModel model = new(file, tokens, threads: 1, exactCache: true);
        (double difference, double largest) = (0, 0);
        model.Run(ids, (position, logits) =>
        {
            for (int id = 0; id < logits.Length; id++)
            {
                difference = Math.Max(difference, Math.Abs(logits[id] - expected[position][id]));
                largest = Math.Max(largest, Math.Abs(logits[id]));
            }
        });
        return (difference, largest);
    }
}
