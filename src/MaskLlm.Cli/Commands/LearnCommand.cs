using System.CommandLine;
using MaskLlm.Cli.Output;
using MaskLlm.Distributed;
using MaskLlm.Learning;
using MaskLlm.Models;
using MaskLlm.Numerals;
using MaskLlm.Runs;

namespace MaskLlm.Cli.Commands;

/// <summary><c>maskllm learn</c>.</summary>
internal static class LearnCommand
{
    internal static Command Create(Ranks ranks, CancellationToken stop)
    {
        Argument<string> model = SharedOptions.Model();
        Option<string[]> data = SharedOptions.Data();
        Option<string?> separator = SharedOptions.DocumentSeparator();
        Option<string> column = SharedOptions.TextColumn();
        Option<string> output = SharedOptions.Out();
        Option<bool> force = SharedOptions.Force(), resume = SharedOptions.Resume(), json = SharedOptions.Json();
        Option<int?> threads = SharedOptions.Threads();
        LearnNumbers numbers = new();
        Option<string?> prior = new("--prior")
        {
            Description = "Mask to start from: a mask file, none, or a method of prune, which is run "
            + "on some of the data: sparsegpt (where nothing else is said), admm (in the recipe tuned, with its weights), wanda, ria, "
            + "magnitude.",
        };
        Option<string?> start = new("--start-weights")
        {
            Description = "Checkpoint of the same model whose weights training starts from, such as RUN/model of prune; --prior names its "
            + "mask.",
        };
        Option<bool> permute = new("--permute")
        {
            Description = "Put the channels into an order that the pattern costs less in, first: OUT/permuted, whose mask is learned."
        };
        Option<string> device = new("--device")
        {
            Description = "cpu, or cuda with a build that has it.",
            DefaultValueFactory = _ =>
            "cpu"
        };
        Option<int> saveEvery = NumberOption.Of(OptionRanges.SaveEvery, 50, "Steps between checkpoints.");
        Option<int> logEvery = NumberOption.Of(OptionRanges.LogEvery, 10, "Steps between lines of metrics.jsonl.");
        Option<int> evalEvery = NumberOption.Of(OptionRanges.EvalEvery, 0,
            "Steps between held-out perplexities of the mask so far; 0 for only at the end.");
        Option<string?> evalText = new("--eval-text")
        {
            Description = "Text to take the perplexities on; without it, what is held out of "
            + "the data."
        };
        Option<int> evalWindows = NumberOption.Of(OptionRanges.EvalWindows, 128, "Windows of held-out text for the perplexities, at most.");
        TaskOptions tasks = new();
        Option<bool> saveModel = new("--save-model") { Description = "Also write the masked checkpoint to OUT/model." };
        Option<bool> saveLogits = new("--save-logits") { Description = "Also write the logits to OUT/logits.safetensors." };
        Option<bool> explain = new("--explain-memory") { Description = "Say before the run what it will have in memory, part by part." };
        Command command = new("learn", "Learn which weights to keep: an N:M mask for every linear layer of the blocks.") { model, data,
            separator, column, output };
        foreach (Option option in numbers.All) command.Options.Add(option);
        foreach (Option option in new Option[] { prior, start, permute, device, threads, saveEvery, logEvery, evalEvery, evalText,
            evalWindows, tasks.Names, tasks.Folder, tasks.Limit, saveModel, saveLogits, explain, force, resume, json,
            RunConfig.Option() }) command.Options.Add(option);
        HelpHeadings.Add(
            command,
            [
                ("Options that people use first", [data, output, numbers.First[0], prior, .. numbers.First.Skip(1), resume]),
                .. numbers.Headings,
                ("What learning starts from", [permute, start]),
                ("What is written and measured", [saveEvery, logEvery, evalEvery, evalText, evalWindows, tasks.Names, tasks.Folder,
                    tasks.Limit, saveModel, saveLogits, explain]),
            ]);
        command.SetAction(parsed =>
        {
            int used = TorchRuntime.Start(parsed.GetValue(threads) ?? ranks.Threads);
            TextWriter error = parsed.InvocationConfiguration.Error;
            using ProgressLine progress = new(error);
            LearnRequest request = new()
            {
                Model = parsed.GetValue(model)!,
                Data = SharedOptions.Corpus(parsed.GetValue(data)!, parsed.GetValue(separator), parsed.GetValue(column), used),
                Out = parsed.GetValue(output)!,
                Device = parsed.GetValue(device)!,
                Options = numbers.Read(parsed),
                StartWeights = parsed.GetValue(start),
                Permute = parsed.GetValue(permute),
                SaveEvery = parsed.GetValue(saveEvery),
                LogEvery = parsed.GetValue(logEvery),
                EvalEvery = parsed.GetValue(evalEvery),
                EvalText = parsed.GetValue(evalText),
                EvalWindows = parsed.GetValue(evalWindows),
                Tasks = tasks.Of(parsed),
                SaveModel = parsed.GetValue(saveModel),
                SaveLogits = parsed.GetValue(saveLogits),
                ExplainMemory = parsed.GetValue(explain),
                Force = parsed.GetValue(force),
                Resume = parsed.GetValue(resume),
            };
            if (parsed.GetValue(prior) is { } named) request = request with { Prior = named };
            RunRecord record = LearnRun.Execute(request, ranks, progress, progress.Note, stop);
            if (parsed.GetValue(json)) JsonOutput.Print(parsed.InvocationConfiguration.Output, record.ToJson());
            else LearnTable.Print(parsed.InvocationConfiguration.Output, record, request.Out);
            return ExitCode.Done;
        });
        return command;
    }
}
