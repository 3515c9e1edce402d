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
        PretrainOptions defaults = new();
        Option<string> config = new("--config")
        {
            Description = "A config.json of any family that is known; vocab_size is the size of the tokenizer that is trained first; or "
                + "the "
                + "run.json of an earlier run, which is repeated.",
            Required = true,
        };
        Option<string[]> data = SharedOptions.Data();
        Option<string?> separator = SharedOptions.DocumentSeparator();
        Option<string> output = SharedOptions.Out();
        Option<int> steps = NumberOption.Of(OptionRanges.Steps, defaults.Steps, "Optimizer steps.");
        Option<int> batch = NumberOption.Of(OptionRanges.BatchSize, defaults.BatchSize, "Sequences a step.");
        Option<int> length = NumberOption.Of(OptionRanges.SequenceLength, defaults.SequenceLength, "Predicted tokens a sequence.");
        Option<double> rate = NumberOption.Of(OptionRanges.LearningRate, defaults.LearningRate, "Peak; a cosine takes it to a tenth.");
        Option<int> save = NumberOption.Of(OptionRanges.SaveEvery, 100, "Steps between checkpoints.");
        Option<int> eval = NumberOption.Of(OptionRanges.PretrainEvalEvery, 100, "Steps between held-out evaluations.");
        Option<bool> force = SharedOptions.Force(), resume = SharedOptions.Resume();
        Option<ulong> seed = SharedOptions.Seed();
        Option<int?> threads = SharedOptions.Threads();
        Command command = new("pretrain", "Train a small dense model and its byte-level BPE tokenizer from scratch.")
        {
            config, data, separator, output, steps, batch, length, rate, save, eval, force, resume, seed, threads,
        };
        command.SetAction(parsed =>
        {
            int used = TorchRuntime.Start(parsed.GetValue(threads));
            using ProgressLine progress = new(parsed.InvocationConfiguration.Error);
            PretrainRun.Execute(
                new PretrainRequest
                {
                    ConfigPath = parsed.GetValue(config)!,
                    Data = SharedOptions.Corpus(parsed.GetValue(data)!, parsed.GetValue(separator), used),
                    Out = parsed.GetValue(output)!,
                    SaveEvery = parsed.GetValue(save),
                    EvalEvery = parsed.GetValue(eval),
                    Force = parsed.GetValue(force),
                    Resume = parsed.GetValue(resume),
                    Options = new PretrainOptions
                    {
                        Steps = parsed.GetValue(steps),
                        BatchSize = parsed.GetValue(batch),
                        SequenceLength = parsed.GetValue(length),
                        LearningRate = parsed.GetValue(rate),
                        Seed = parsed.GetValue(seed),
                    },
                },
                progress,
                stop);
            return ExitCode.Done;
        });
        return command;
    }
}
