using System.CommandLine;
using MaskLlm.Cli.Output;
using MaskLlm.Decoding;
using MaskLlm.Evaluation;
using MaskLlm.Experiments;
using MaskLlm.Learning;
using MaskLlm.Models;
using MaskLlm.Numerals;
using MaskLlm.Products;
using MaskLlm.Tasks;

namespace MaskLlm.Cli.Commands;

/// <summary><c>maskllm bench</c>.</summary>
internal static class BenchCommand
{
    internal static Command Create(CancellationToken stop)
    {
        RuntimeBenchmarkOptions defaults = new();
        Argument<string?> model = new("MODEL")
        {
            Description = "A runtime file with linear layers that are 2:4; or name a --shape.",
            Arity = ArgumentArity.ZeroOrOne
        };
        Option<string?> shape = new("--shape")
        {
            Description = $"Random weights of a well-known shape: "
            + $"{string.Join(", ", ModelShape.Names)}."
        };
        Option<string[]> types = new("--type")
        {
            Description = "With --shape: types of weights, float32, bfloat16, int8 and int4.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [.. defaults.Types.Select(WeightTypes.NameOf)],
        };
        Option<int> repeats = NumberOption.Of(OptionRanges.Repeats, defaults.Repeats,
            "Pairs of a dense and a sparse measurement; medians are reported.");
        Option<int?> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json();
        Command command = new("bench", "Measure speed and memory on this machine, 2:4 beside dense in one run.") { model, shape, types,
            repeats, threads, json, CreateLearn(stop), CreateBusy(stop), CreateTasks(stop) };
        command.SetAction(parsed =>
        {
            RuntimeBenchmarkOptions options = new()
            {
                Model = parsed.GetValue(model),
                Shape = parsed.GetValue(shape),
                Types = [.. parsed.GetValue(types)!.Select(WeightTypes.Parse)],
                Repeats = parsed.GetValue(repeats),
                Threads = parsed.GetValue(threads),
            };
            IReadOnlyList<RuntimeBenchmarkRow> rows;
            using (ProgressLine progress = new(parsed.InvocationConfiguration.Error))
                rows = RuntimeBenchmark.Run(options, progress, stop);
            if (parsed.GetValue(json)) JsonOutput.Print(parsed.InvocationConfiguration.Output, RuntimeBenchTable.ToJson(rows));
            else RuntimeBenchTable.Print(parsed.InvocationConfiguration.Output, rows);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateLearn(CancellationToken stop)
    {
        Argument<string> model = SharedOptions.Model();
        LearnOptions usual = new() { BatchSize = LearnOptions.Of(Recipe.Distilled).BatchSize };
        SettingOptions<LearnOptions> numbers = new(LearnSettings.OfSpeed, usual);
        Option<int> repeats = NumberOption.Of(OptionRanges.Repeats, 5, "Pairs of a dense and a learning step; medians are reported.");
        Option<int?> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json();
        Command command = new("learn",
            "A learning step beside the dense model's forward and backward pass, fused kernels beside plain tensor operations.") { model };
        foreach (Option option in numbers.All) command.Options.Add(option);
        foreach (Option option in new Option[] { repeats, threads, json }) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            TorchRuntime.Start(parsed.GetValue(threads));
            using ProgressLine progress = new(parsed.InvocationConfiguration.Error);
            LearnBenchmarkReport report = LearnBenchmark.Run(
                new LearnBenchmarkOptions
                {
                    Model = parsed.GetValue(model)!,
                    Learning = numbers.Read(parsed, usual),
                    Repeats = parsed.GetValue(repeats)
                }, progress, stop);
            if (parsed.GetValue(json)) JsonOutput.Print(parsed.InvocationConfiguration.Output, report.ToJson());
            else BenchTable.Print(parsed.InvocationConfiguration.Output, report);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateTasks(CancellationToken stop)
    {
        Argument<string> model = SharedOptions.Model();
        TaskOptions tasks = new();
        Option<int?> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json();
        Command command = new("tasks", "How fast tasks are asked, beside one forward pass for each continuation.")
        {
            model, tasks.Names, tasks.Folder, tasks.Limit, threads, json,
        };
        command.SetAction(parsed =>
        {
            TaskSelection selection = tasks.Of(parsed) ?? throw new ArgumentException("name the tasks with --tasks.");
            TorchRuntime.Start(parsed.GetValue(threads));
            IReadOnlyList<TaskBenchmarkRow> rows;
            using (ProgressLine progress = new(parsed.InvocationConfiguration.Error))
                rows = TaskBenchmark.Run(parsed.GetValue(model)!, selection, progress, stop);
            if (parsed.GetValue(json)) JsonOutput.Print(parsed.InvocationConfiguration.Output, TaskBenchTable.ToJson(rows));
            else TaskBenchTable.Print(parsed.InvocationConfiguration.Output, rows);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command CreateBusy(CancellationToken stop)
    {
        Argument<string> model = SharedOptions.Model();
        Option<int> processes = NumberOption.Of(OptionRanges.Processes, 1, "Busy processes beside this one.");
        Option<int> repeats = NumberOption.Of(OptionRanges.Repeats, 3,
            "Pairs of a quiet and a disturbed measurement; medians are reported.");
        Option<double> seconds = NumberOption.Of(OptionRanges.Seconds, 4.0, "How long each measurement goes on, at least.");
        Option<int?> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json();
        Command command = new("busy", "How much of its speed learning, evaluation, pruning and decoding keep beside a busy process, in "
            + "pairs.")
        {
            model, processes, repeats, seconds, threads, json,
        };
        command.SetAction(parsed =>
        {
            TorchRuntime.Start(parsed.GetValue(threads));
            BusyBenchmarkOptions options = new()
            {
                Model = parsed.GetValue(model)!,
                Processes = parsed.GetValue(processes),
                Repeats = parsed.GetValue(repeats),
                Seconds = parsed.GetValue(seconds),
                Threads = parsed.GetValue(threads),
            };
            IReadOnlyList<BusyBenchmarkRow> rows;
            using (ProgressLine progress = new(parsed.InvocationConfiguration.Error)) rows = BusyBenchmark.Run(options, progress, stop);
            if (parsed.GetValue(json)) JsonOutput.Print(parsed.InvocationConfiguration.Output, BusyTable.ToJson(rows));
            else BusyTable.Print(parsed.InvocationConfiguration.Output, rows);
            return ExitCode.Done;
        });
        return command;
    }
}
