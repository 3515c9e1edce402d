using System.CommandLine;
using MaskLlm.Architectures;
using MaskLlm.Cli.Output;
using MaskLlm.Packing;

namespace MaskLlm.Cli.Commands;

/// <summary><c>maskllm apply</c>.</summary>
internal static class ApplyCommand
{
    internal static Command Create(CancellationToken stop)
    {
        Argument<string> model = SharedOptions.Model();
        Option<string> mask = new("--mask") { Description = "The mask.npz of this model.", Required = true };
        Option<string> output = SharedOptions.Out();
        Option<bool> force = new("--force") { Description = "Replace the checkpoint that --out holds." };
        Command command = new("apply",
            "Write a Hugging Face folder whose pruned weights are zero: same types, same files, readable everywhere.")
        {
            model, mask, output, force,
        };
        command.SetAction(parsed =>
        {
            string source = parsed.GetValue(model)!, target = parsed.GetValue(output)!;
            using ProgressLine progress = new(parsed.InvocationConfiguration.Error);
            MaskedCheckpoint.Write(
                source,
                CheckpointMasks.Read(parsed.GetValue(mask)!, source),
                target,
                parsed.GetValue(force),
                progress,
                stop);
            parsed.InvocationConfiguration.Output.WriteLine(target);
            return ExitCode.Done;
        });
        return command;
    }
}
