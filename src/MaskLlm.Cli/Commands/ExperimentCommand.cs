using System.CommandLine;
using MaskLlm.Cli.Output;
using MaskLlm.Experiments;
using MaskLlm.Models;
using MaskLlm.Numerals;

namespace MaskLlm.Cli.Commands;

/// <summary><c>maskllm experiment</c>.</summary>
internal static class ExperimentCommand
{
    // Many runs are to fit into an evening.
    private const int DefaultSteps = 100;

    internal static Command Create(CancellationToken stop)
    {
        Argument<string> name = new("NAME") { Description = $"{string.Join(", ", ExperimentRun.Names)}." };
        Argument<string> model = SharedOptions.Model();
        Option<string[]> data = SharedOptions.Data(required: false);
        Option<string?> separator = SharedOptions.DocumentSeparator();
        Option<string> column = SharedOptions.TextColumn();
        Option<string[]> texts = new("--eval-text")
        {
            Description = "Texts to take perplexities on, each as a whole.",
            AllowMultipleArgumentsPerToken = true
        };
        Option<string?> domains = new("--domains")
        {
            Description = "For domains and transfer: a folder with X.train.* and X.test.* of "
            + "each domain X."
        };
        Option<string> output =
            new("--out") { Description = "Folder of the experiment: new, or of the same experiment, which then goes on.", Required = true };
        Option<string> prior = new("--prior")
        {
            Description = "What learning starts from: a method of prune, a mask file or none.",
            DefaultValueFactory = _ => "sparsegpt"
        };
        Option<int> samples = NumberOption.Of(OptionRanges.Samples, 128, "Sequences of the data that wanda, ria and sparsegpt look at.");
        Option<ulong[]> seeds = NumberOption.Many(OptionRanges.Seeds,
            "Seeds of the learned masks; by default 0 1 2 for compare and domains, and 0 for the others.");
        Option<string[]> values = new("--values")
        {
            Description = "Values of what is varied, in place of the paper's; for tokens and "
            + "transfer numbers of steps.",
            AllowMultipleArgumentsPerToken = true
        };
        Option<int?> window = NumberOption.Optional(OptionRanges.EvalWindow, "Tokens a window of the perplexities; by default --seq-len.");
        Option<int> windows = NumberOption.Of(OptionRanges.MaxWindows, 128, "Only the first this many windows of each text.");
        TaskOptions tasks = new();
        Option<string> device = new("--device")
        {
            Description = "cpu, or cuda with a build that has it.",
            DefaultValueFactory = _ =>
            "cpu"
        };
        Option<int?> threads = SharedOptions.Threads();
        Option<bool> json = SharedOptions.Json();
        LearnNumbers numbers = new(DefaultSteps);
        Command command = new("experiment",
            "Make a table or figure of the paper: many masks, learned and one-shot, side by side. Run again, it goes on where it was "
            + "stopped.")
        {
            name, model, data, separator, column, texts, domains, output, prior, samples, seeds, values, window, windows,
            tasks.Names, tasks.Folder, tasks.Limit,
        };
        foreach (Option option in numbers.All.Where(option => option.Name != "--seed")) command.Options.Add(option);
        Option<string?> config = RunConfig.Option("experiment.json of an earlier experiment");
        foreach (Option option in new Option[] { device, threads, json, config }) command.Options.Add(option);
        command.Subcommands.Add(DeployCommand.Create(stop));
        command.SetAction(parsed =>
        {
            int used = TorchRuntime.Start(parsed.GetValue(threads));
            ExperimentRequest request = new()
            {
                Name = parsed.GetValue(name)!,
                Model = parsed.GetValue(model)!,
                Data = SharedOptions.Corpus(parsed.GetValue(data) ?? [], parsed.GetValue(separator), parsed.GetValue(column), used),
                Out = parsed.GetValue(output)!,
                EvalTexts = parsed.GetValue(texts) ?? [],
                Domains = parsed.GetValue(domains),
                Options = numbers.Read(parsed),
                Prior = parsed.GetValue(prior)!,
                Samples = parsed.GetValue(samples),
                Seeds = parsed.GetResult(seeds) is null ? null : parsed.GetValue(seeds),
                Values = parsed.GetResult(values) is null ? null : parsed.GetValue(values),
                EvalSequenceLength = parsed.GetValue(window),
                MaxWindows = parsed.GetValue(windows),
                Tasks = tasks.Of(parsed),
                Device = parsed.GetValue(device)!,
            };
            ExperimentReport report;
            using (ProgressLine progress = new(parsed.InvocationConfiguration.Error))
                report = ExperimentRun.Execute(request, progress, progress.Note, stop);
            ExperimentPlot.Write(Path.Combine(request.Out, "plot.png"), report);
            if (parsed.GetValue(json)) JsonOutput.Print(parsed.InvocationConfiguration.Output, report.ToJson());
            else parsed.InvocationConfiguration.Output.Write(File.ReadAllText(Path.Combine(request.Out, "table.md")));
            return ExitCode.Done;
        });
        return command;
    }
}
