using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using MaskLlm.Decoding;
using MaskLlm.Formats.Gguf;
using MaskLlm.Packing;
using MaskLlm.Products;

namespace MaskLlm.LlamaCpp;

/// <summary>Decoding and prefill of one shape in llama.cpp, in our dense and in our 2:4 engine, in turns, on random weights.</summary>
internal static class SpeedVerb
{
    private const int StepsOfATurn = 4;

    internal static Command Create()
    {
        Option<string> shape = new("--shape") { DefaultValueFactory = _ => "llama-1b" };
        Option<string> type = new("--type")
        {
            Description = "bf16, q8_0 or q4_0 of llama.cpp, beside our bfloat16, int8 or int4.",
            DefaultValueFactory = _ => "bf16"
        };
        Option<int> threads = new("--threads") { DefaultValueFactory = _ => Environment.ProcessorCount };
        Option<int> repeats = new("--repeats") { DefaultValueFactory = _ => 15 };
        Option<int> prompt = new("--prompt-tokens") { DefaultValueFactory = _ => 128 };
        Command command = new("speed", "Tokens a second, llama.cpp beside our dense and 2:4 engines.") { shape, type, threads, repeats,
            prompt };
        command.SetAction(parsed =>
            Run(parsed.GetValue(shape)!, parsed.GetValue(type)!, parsed.GetValue(threads), parsed.GetValue(repeats),
            parsed.GetValue(prompt)));
        return command;
    }

    private static void Run(string shape, string type, int threads, int repeats, int prompt)
    {
        (GgufType gguf, WeightType ours) = type switch
        {
            "bf16" => (GgufType.BFloat16, WeightType.BFloat16),
            "q8_0" => (GgufType.Q8, WeightType.Int8),
            "q4_0" => (GgufType.Q4, WeightType.Int4),
            _ => throw new ArgumentException($"--type {type}: bf16, q8_0 or q4_0 is expected."),
        };
        string folder = Directory.CreateTempSubdirectory("maskllm-speed-").FullName;
        try
        {
            byte[] config = ModelShape.ConfigJson(shape);
            string checkpoint = Path.Combine(folder, "checkpoint"), file = Path.Combine(folder, "gguf");
            RandomCheckpoint.Write(config, checkpoint);
            GgufExport.Write(checkpoint, null, gguf, file);
            Directory.Delete(checkpoint, recursive: true);
            RuntimeBenchmarkOptions options = new() { Shape = shape, Threads = threads, Sequences = [1], Prompts = [prompt] };
            using LlamaModel llama = new(file, options.Context + 64, threads);
            using BenchmarkedModel denseModel = new(() => RandomModel.Make(config, ours, isSparse: false), options);
            using BenchmarkedModel sparseModel = new(() => RandomModel.Make(config, ours, isSparse: true), options);
            llama.Fill(options.Context);
            Action[] decode = [() => llama.Decode(options.Context, StepsOfATurn), () => denseModel.Decode(1, StepsOfATurn), () =>
                sparseModel.Decode(1, StepsOfATurn)];
            Print(shape, type, threads, "decode", StepsOfATurn, repeats, decode);
            Action[] prefill = [() => llama.Fill(prompt), () => denseModel.Prefill(prompt), () => sparseModel.Prefill(prompt)];
            Print(shape, type, threads, $"prefill x{prompt}", prompt, Math.Max(3, repeats / 3), prefill);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // In turns, so that what else the machine does meets all three; the ratios are medians over turns.
    private static void Print(string shape, string type, int threads, string what, int tokens, int repeats, Action[] runs)
    {
        foreach (Action run in runs) run();
        double[][] speeds = [.. Enumerable.Range(0, repeats).Select(_ => runs.Select(run => tokens / Seconds(run)).ToArray())];
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            shape,
            type,
            threads,
            what,
            repeats,
            llama_cpp = Median(speeds.Select(turn => turn[0])),
            dense = Median(speeds.Select(turn => turn[1])),
            sparse = Median(speeds.Select(turn => turn[2])),
            dense_to_llama_cpp = Median(speeds.Select(turn => turn[1] / turn[0])),
            sparse_to_llama_cpp = Median(speeds.Select(turn => turn[2] / turn[0])),
            sparse_to_dense = Median(speeds.Select(turn => turn[2] / turn[1])),
        }));
    }

    // The engines' own threads sleep before the next one's turn.
    private static double Seconds(Action run)
    {
        Thread.Sleep(20);
        long start = Stopwatch.GetTimestamp();
        run();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[sorted.Length / 2] + sorted[(sorted.Length - 1) / 2]) / 2;
    }
}
