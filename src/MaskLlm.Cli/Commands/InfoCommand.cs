using System.CommandLine;
using System.Text.Json.Nodes;
using MaskLlm.Cli.Output;
using MaskLlm.Machine;
using MaskLlm.MaskKernels;
using MaskLlm.Models;
using MaskLlm.Products;
using MaskLlm.Runs;

namespace MaskLlm.Cli.Commands;

/// <summary><c>maskllm info</c>.</summary>
internal static class InfoCommand
{
    internal static Command Create()
    {
        Option<int?> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json();
        Command command = new("info", "Show versions, kernels, memory, processors and devices as this program sees them.") { threads,
            json };
        command.SetAction(parsed =>
        {
            JsonObject report = Report(TorchRuntime.Start(parsed.GetValue(threads)));
            if (parsed.GetValue(json)) JsonOutput.Print(parsed.InvocationConfiguration.Output, report);
            else InfoTable.Print(parsed.InvocationConfiguration.Output, report);
            return ExitCode.Done;
        });
        return command;
    }

    private static JsonObject Report(int threads) => new()
    {
        ["versions"] = RunRecord.Versions(),
        ["kernels"] = new JsonObject
        {
            ["products"] = Kernels(ProductKernels.ChosenName, ProductKernels.Names),
            ["masks"] = Kernels(MaskKernelSet.ChosenName, MaskKernelSet.Names),
        },
        ["memory"] = new JsonObject
        {
            ["available_bytes"] = AvailableMemory.Bytes(),
            ["limit_bytes"] = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        },
        ["processors"] = Environment.ProcessorCount,
        ["threads"] = threads,
        ["devices"] = Names(TorchRuntime.Devices),
    };

    private static JsonObject Kernels(string chosen, IReadOnlyList<string> available) => new()
    {
        ["chosen"] = chosen,
        ["available"] = Names(available),
    };

    private static JsonArray Names(IEnumerable<string> names) => [.. names.Select(name => (JsonNode)name)];
}
