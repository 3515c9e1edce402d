using System.CommandLine;
using MaskLlm.Cli.Output;
using MaskLlm.Models;
using MaskLlm.Numerals;
using MaskLlm.Pretraining;

namespace MaskLlm.Cli.Commands;

/// <summary><c>maskllm pretrain</c>.</summary>
internal static class PretrainCommand
{
    internal static Command Create(CancellationToken stop)
    {
        Option<string> config = new("--config")
        {
            Description = "A config.json of any family that is known; vocab_size is the size of the tokenizer that is trained first; or "
                + "the "
                + "run.json of an earlier run, which is repeated.",
            Required = true,
        };
        Option<string[]> data = SharedOptions.Data();
        Option<string?> separator = SharedOptions.DocumentSeparator();
        Option<string> column = SharedOptions.TextColumn();
        Option<string> output = SharedOptions.Out();
        SettingOptions<PretrainOptions> numbers = new(PretrainSettings.All, new PretrainOptions());
        Option<int> save = NumberOption.Of(OptionRanges.SaveEvery, 100, "Steps between checkpoints.");
        Option<int> eval = NumberOption.Of(OptionRanges.PretrainEvalEvery, 100, "Steps between held-out evaluations.");
        Option<bool> force = SharedOptions.Force(), resume = SharedOptions.Resume();
        Option<int?> threads = SharedOptions.Threads();
        Command command = new("pretrain", "Train a small dense model and its byte-level BPE tokenizer from scratch.")
        {
            config, data, separator, column, output,
        };
        foreach (Option option in numbers.All) command.Options.Add(option);
        foreach (Option option in new Option[] { save, eval, force, resume, threads }) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            int used = TorchRuntime.Start(parsed.GetValue(threads));
            using ProgressLine progress = new(parsed.InvocationConfiguration.Error);
            PretrainRun.Execute(
                new PretrainRequest
                {
                    ConfigPath = parsed.GetValue(config)!,
                    Data = SharedOptions.Corpus(parsed.GetValue(data)!, parsed.GetValue(separator), parsed.GetValue(column), used),
                    Out = parsed.GetValue(output)!,
                    SaveEvery = parsed.GetValue(save),
                    EvalEvery = parsed.GetValue(eval),
                    Force = parsed.GetValue(force),
                    Resume = parsed.GetValue(resume),
                    Options = numbers.Read(parsed, new PretrainOptions()),
                },
                progress,
                stop);
            return ExitCode.Done;
        });
        return command;
    }
}
