using System.CommandLine;
using MaskLlm.Cli.Output;
using MaskLlm.Learning;
using MaskLlm.Models;

namespace MaskLlm.Cli.Commands;

/// <summary><c>maskllm bench</c>.</summary>
internal static class BenchCommand
{
    internal static Command Create(CancellationToken stop) =>
        new("bench", "Measure speed and memory on this machine, ours beside its opponent in one run.") { CreateLearn(stop) };

    private static Command CreateLearn(CancellationToken stop)
    {
        Argument<string> model = SharedOptions.Model();
        LearnNumbers numbers = new();
        Option<int> repeats = new("--repeats") { Description = "Pairs of a dense and a learning step; medians are reported.", DefaultValueFactory = _ => 5 };
        Option<int?> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json();
        Command command = new("learn", "A learning step beside the dense model's forward and backward pass, fused kernels beside plain tensor operations.") { model };
        foreach (Option option in numbers.OfSpeed) command.Options.Add(option);
        foreach (Option option in new Option[] { repeats, threads, json }) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            TorchRuntime.Start(parsed.GetValue(threads));
            using ProgressLine progress = new(parsed.InvocationConfiguration.Error);
            LearnBenchmarkReport report = LearnBenchmark.Run(
                new LearnBenchmarkOptions { Model = parsed.GetValue(model)!, Learning = numbers.ReadOfSpeed(parsed), Repeats = parsed.GetValue(repeats) }, progress, stop);
            if (parsed.GetValue(json)) JsonOutput.Print(parsed.InvocationConfiguration.Output, report.ToJson());
            else BenchTable.Print(parsed.InvocationConfiguration.Output, report);
            return ExitCode.Done;
        });
        return command;
    }
}
