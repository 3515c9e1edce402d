using System.CommandLine;
using MaskLlm.Cli.Output;
using MaskLlm.Priors;

namespace MaskLlm.Cli.Commands;

/// <summary><c>maskllm merge</c>.</summary>
internal static class MergeCommand
{
    internal static Command Create(CancellationToken stop)
    {
        Argument<string[]> inputs = new("MASK")
        {
            Description = "Two or more of one model: mask files or folders of runs, or only logits.safetensors of learn --save-logits. "
                + "Masks vote in every group, and the earlier ones break ties: of two the first comes back.",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<string> output = new("--out") { Description = "The mask file to write, .npz.", Required = true };
        Option<string?> model = new("--model")
        {
            Description = "The checkpoint folder that gives masks their shapes; needed for patterns whose groups are not 2, 4 or 8 wide, "
                + "and for GPT-2, which stores (inputs, outputs).",
        };
        Option<bool> force = new("--force") { Description = "Replace the file that --out names." };
        Option<bool> json = SharedOptions.Json();
        Command command = new("merge",
            "Merge several masks, or the logits of several runs, into one mask to start from with learn --prior.") { inputs, output, model,
            force, json };
        command.SetAction(parsed =>
        {
            MergeReport report;
            using (ProgressLine progress = new(parsed.InvocationConfiguration.Error))
            {
                report = MergeRun.Execute(
                    new MergeRequest
                    {
                        Inputs = parsed.GetValue(inputs)!,
                        Out = parsed.GetValue(output)!,
                        Model = parsed.GetValue(model),
                        Force = parsed.GetValue(force)
                    },
                    progress,
                    stop);
            }
            if (parsed.GetValue(json)) JsonOutput.Print(parsed.InvocationConfiguration.Output, report.ToJson());
            else MergeTable.Print(parsed.InvocationConfiguration.Output, report);
            return ExitCode.Done;
        });
        return command;
    }
}
