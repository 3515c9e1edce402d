using System.CommandLine;
using MaskLlm.Cli.Output;
using MaskLlm.Evaluation;

namespace MaskLlm.Cli.Commands;

/// <summary><c>maskllm inspect</c>.</summary>
internal static class InspectCommand
{
    internal static Command Create(CancellationToken stop)
    {
        Argument<string> path = new("FILE-or-FOLDER")
        {
            Description = "A mask.npz, a .safetensors file (all its matrices) or a checkpoint folder (the linear weights of its blocks); "
                + "weights that are not zero count as kept.",
        };
        Option<string?> against = new("--against")
        {
            Description = "Compare with this mask, file or folder: groups of M weights that are "
            + "equal, and the share of equal bits."
        };
        Option<string?> model = new("--model")
        {
            Description = "The checkpoint folder that gives a mask.npz its shapes. Without it shapes are unknown and the flat bits are "
                + "judged: only patterns of 2, 4 or 8 weights are recognized, a group may cross the end of a row, and none of GPT-2 "
                + "and gpt-oss is recognized, which store (inputs, outputs).",
        };
        Option<bool> json = SharedOptions.Json();
        Command command = new("inspect", "Show pattern, density, violations and agreement of masks or checkpoints.") { path, against, model,
            json };
        command.SetAction(parsed =>
        {
            // A folder on either side knows the shapes and the layout of the other's masks too.
            string? shapes = parsed.GetValue(model)
                ?? new[] { parsed.GetValue(path), parsed.GetValue(against) }.FirstOrDefault(side => Directory.Exists(side));
            using KeptWeights weights = KeptWeights.Read(parsed.GetValue(path)!, shapes, stop);
            using KeptWeights? other = parsed.GetValue(against) is { } file ? KeptWeights.Read(file, shapes, stop) : null;
            SparsityReport report = SparsityReport.Of(weights, other);
            if (other is not null && report.TensorsCompared < Math.Max(weights.Masks.Count, other.Masks.Count))
                parsed.InvocationConfiguration.Error.WriteLine(
                    $"compared {report.TensorsCompared} tensors; {parsed.GetValue(path)} has {weights.Masks.Count} and "
                        + $"{parsed.GetValue(against)} has {other.Masks.Count}.");
            if (parsed.GetValue(json)) JsonOutput.Print(parsed.InvocationConfiguration.Output, report.ToJson());
            else ReportTable.Print(parsed.InvocationConfiguration.Output, report, isLayoutKnown: shapes is not null);
            return ExitCode.Done;
        });
        return command;
    }
}
