using System.CommandLine;
using System.Globalization;
using MaskLlm.Cli.Output;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Kernels.Products;
using MaskLlm.Models;
using MaskLlm.Runs;
using MaskLlm.Runtime;

namespace MaskLlm.Cli.Commands;

/// <summary><c>maskllm export</c>.</summary>
internal static class ExportCommand
{
    private const string RuntimeFormatName = "runtime";

    internal static Command Create(CancellationToken stop)
    {
        Argument<string> model = SharedOptions.Model();
        Option<string> format = new("--format") { Description = "runtime: one file for generate, serve and bench.", DefaultValueFactory = _ => RuntimeFormatName };
        Option<string?> mask = new("--mask") { Description = "A 2:4 mask.npz of this model; without it, layers whose weights are 2:4 already are stored so." };
        Option<string> type = RuntimeModelOptions.TypeOption();
        Option<string> output = new("--out") { Description = "The file to write.", Required = true };
        Option<bool> force = new("--force") { Description = "Replace the file that --out names." };
        Command command = new("export", "Write one file that another program, or this one's CPU runtime, loads.") { model, format, mask, type, output, force };
        command.SetAction(parsed =>
        {
            string source = parsed.GetValue(model)!, target = parsed.GetValue(output)!;
            WeightType weights = RuntimeFormat.ParseType(parsed.GetValue(type)!);
            if (parsed.GetValue(format) != RuntimeFormatName) throw new ArgumentException($"--format {parsed.GetValue(format)}: {RuntimeFormatName} is expected.");
            RequireNew(target, parsed.GetValue(force));
            using (ProgressLine progress = new(parsed.InvocationConfiguration.Error))
                RuntimeExport.Write(
                    source, parsed.GetValue(mask) is { } file ? MaskNpz.Read(file, Checkpoint.LinearShapes(source)) : null, weights, target,
                    (done, total) => progress.Report(new RunProgress("packing", done, total)), stop);
            using RuntimeModel written = RuntimeModel.Open(target);
            parsed.InvocationConfiguration.Output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{target}: {new FileInfo(target).Length / 1e6:0.0} MB, {written.SparseLayers} of {written.LinearLayers} linear layers 2:4, which take {written.LinearBytes / 1e6:0.0} MB in {RuntimeFormat.NameOf(weights)} ({(double)written.LinearBytes / written.DenseLinearBytes:0.000} of dense)"));
            return ExitCode.Done;
        });
        return command;
    }

    private static void RequireNew(string target, bool force)
    {
        if (Directory.Exists(target)) throw new ArgumentException($"--out {target} is a folder; name a file.");
        if (File.Exists(target) && !force) throw new ArgumentException($"--out {target}: a file is there; name another, or replace it with --force.");
    }
}
