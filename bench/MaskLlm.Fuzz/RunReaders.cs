using System.Text.Json.Nodes;
using MaskLlm.Experiments;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Models;
using MaskLlm.Priors;
using MaskLlm.Runs;
using static TorchSharp.torch;

namespace MaskLlm.Fuzz;

/// <summary>What runs leave for a later start.</summary>
internal static class RunReaders
{
    private const string Row = """
        {"arm":"magnitude","label":"magnitude","series":"learned","x":1000,"domain":null,"seed":3,"perplexity":{"a":12.5,"b":null},"tokens":100,"seconds":1.5,
        "options":{"steps":3,"skip":["a"]},"notes":["it read its data twice"]}
        """;

    private const string Settings = """
        {"experiment":"compare","model":"M","data":["a:1"],"eval-text":["t"],"seeds":["0"],"options":{"steps":"300","tau":"4:0.05"},"inputs":{"a":"00ff"}}
        """;

    private const string Record = """{"options":{"steps":3,"config":"c.json"},"seed":1,"versions":{"maskllm":"0.1.0"},"kernel":"plain","inputs":{},"figures":{}}""";

    private const string Metrics = """
        {"step":0,"loss":4.5,"reward":0.1}
        {"step":9,"loss":4.25,"reward":null}
        {"step":19,"loss
        """;

    internal static IReadOnlyList<FuzzReader> All { get; } =
    [
        FuzzReaders.Make("experiment-result", () => [Checked("result.json", Row)], input =>
            CheckedJson.Read(input.Path(), ExperimentRow.Parse, "remove it")) with { Weight = 0.2 },
        FuzzReaders.Make("experiment-settings", () => [Checked("experiment.json", Settings)], input =>
            ExperimentSettings.RequireSame(CheckedJson.Read(input.Path(), ExperimentSettings.Checked, "remove it"),
                JsonNode.Parse(Settings)!.AsObject(), "OUT")) with
            {
                Refusals = [.. FuzzReader.OfFiles, typeof(ArgumentException)],
                NamesFile = false,
                Weight = 0.2,
            },
        FuzzReaders.Make("metrics", () => [FuzzSeed.Of("metrics.jsonl", Metrics)], input =>
        {
            string run = Directory.CreateDirectory(Path.Combine(input.Folder(), "run")).FullName;
            try
            {
                using RunFolder folder = RunFolder.Open(run, force: false, resume: false);
                File.Copy(input.Path(), folder.MetricsPath, overwrite: true);
                new MetricsLog(folder, 10).Dispose();
            }
            finally
            {
                Directory.Delete(run, recursive: true);
            }
        }) with { Weight = 0.02 },
        FuzzReaders.Make("run-record", () => [FuzzSeed.Of("run.json", Record)], input =>
        {
            using RunFolder folder = RunFolder.Open(input.Folder(), force: true, resume: false);
        }) with { Refusals = FuzzReader.OfArguments, NamesFile = false, Weight = 0.2 },
        FuzzReaders.Make("state", () => [FuzzSeed.Of("state.safetensors", State(), Containers.CheckedSafetensors)], input =>
        {
            using Tensor logits = zeros(4, 6), moments = zeros(4, 6, dtype: ScalarType.BFloat16);
            using SafetensorsFile file = SafetensorsFile.OpenChecked(input.Path(), "remove it");
            TensorState.Load(file, [("a.logits", logits), ("a.m", moments)]);
        }) with { Weight = 0.2 },
        FuzzReaders.Make("prune-checkpoint", () => [FuzzSeed.Of("state.safetensors", PruneState(), Containers.CheckedSafetensors)], input =>
        {
            string checkpoint = Path.Combine(input.Folder(), "run", "checkpoint", "state.safetensors");
            Directory.CreateDirectory(Path.GetDirectoryName(checkpoint)!);
            File.Copy(input.Path(), checkpoint, overwrite: true);
            using RunFolder folder = RunFolder.Open(Path.Combine(input.Folder(), "run"), force: false, resume: true);
            PruneCheckpoint.Open(folder, resume: true, JsonNode.Parse(Settings)!.AsObject(), 2, () => []);
        }) with { Refusals = [.. FuzzReader.OfFiles, typeof(ArgumentException)], NamesFile = false, Weight = 0.2 },
    ];

    private static byte[] State() => SeedModel.Checked(
        new Dictionary<string, string> { ["step"] = "7", ["options"] = Settings }, ("a.logits", TensorType.Float32, [4, 6]),
            ("a.m", TensorType.BFloat16, [4, 6]));

    private static byte[] PruneState() => SeedModel.Checked(new Dictionary<string, string> { ["options"] = Settings });

    private static FuzzSeed Checked(string name, string text) =>
        FuzzSeed.Of(name, SeedModel.Made(path => CheckedJson.Write(path, JsonNode.Parse(text)!.AsObject())), Containers.CheckedJson);
}
