using System.CommandLine;
using System.Globalization;
using MaskLlm.Cli.Output;
using MaskLlm.Distributed;
using MaskLlm.Models;
using MaskLlm.Numerals;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using MaskLlm.Runs;

namespace MaskLlm.Cli.Commands;

/// <summary><c>maskllm prune</c>.</summary>
internal static class PruneCommand
{
    internal static Command Create(Ranks ranks, CancellationToken stop)
    {
        Argument<string> model = SharedOptions.Model();
        Option<string> method = new("--method")
        {
            Description = $"How weights are chosen: {string.Join(", ", PruneRun.Methods)}. admm finds mask and kept weights together.",
            DefaultValueFactory = _ => PruneRun.AdmmMethod
        };
        Option<string?> mask = new("--mask")
        {
            Description = "With --update-weights: solve for the weights that this mask keeps; --pattern says what it is."
        };
        Option<string> pattern = SharedOptions.Pattern("N:M: N weights kept of every M inputs.");
        Option<string[]> data = SharedOptions.Data(required: false);
        Option<string?> separator = SharedOptions.DocumentSeparator();
        Option<string> column = SharedOptions.TextColumn();
        Option<int> samples = SharedOptions.Samples("Sequences of the data that all methods but magnitude look at.");
        Option<int?> length = SharedOptions.CalibrationLength();
        Option<int> expertTokens = NumberOption.Of(OptionRanges.MinExpertTokens, new PruneRequest { Model = "", Out = "" }.MinExpertTokens,
            "An expert that fewer tokens of the data reach is looked at with all that its block sees.");
        Option<WeightUpdate> update = ChoiceOption.Of<WeightUpdate>("--update-weights",
            "The weights that stay make up for those that go: exact, or own (sparsegpt's way); the model with them goes to OUT/model. "
            + "admm always does.");
        Option<bool> blockwise = new("--blockwise")
        {
            Description = "Where weights are solved for: train those of each block towards the dense block's output; false turns it off.",
            DefaultValueFactory = _ => true
        };
        Option<bool> permute = new("--permute")
        {
            Description = "Put the channels into an order that the pattern costs less in, first: OUT/permuted, whose mask is made."
        };
        Option<int> hiddenMemory = NumberOption.Of(OptionRanges.HiddenMemory, 2048,
            "MB of memory for the hidden states of the data; more of them lie in a file in OUT.");
        Option<bool?> stream = SharedOptions.Stream();
        Option<ulong> seed = SharedOptions.Seed();
        Option<string[]> skip = new("--skip")
        {
            Description = "Parameters that stay dense, by name with * and ?; embedding and head always do.",
            AllowMultipleArgumentsPerToken = true,
        };
        Option<double> denseShare = NumberOption.Of(OptionRanges.DenseShare, 0,
            "The most of the other weights that stays dense, 0 to below 1: the layers whose pruning costs most a weight.");
        Option<string> output = SharedOptions.Out();
        Option<bool> force = SharedOptions.Force(), resume = SharedOptions.Resume(), json = SharedOptions.Json();
        Option<int?> threads = SharedOptions.Threads();
        update.Arity = ArgumentArity.ZeroOrOne;
        Command command = new("prune", "Make masks in one shot, without learning, and solve for the weights that stay.")
        {
            model, method, mask, pattern, data, separator, column, samples, length, expertTokens, seed, update, blockwise, permute, skip,
            denseShare, output, hiddenMemory, stream, threads, force, resume, json, RunConfig.Option(),
        };
        command.SetAction(parsed =>
        {
            int used = TorchRuntime.Start(parsed.GetValue(threads) ?? ranks.Threads);
            PruneRequest request = new()
            {
                Model = parsed.GetValue(model)!,
                Method = parsed.GetValue(method)!,
                Mask = parsed.GetValue(mask),
                Pattern = NmPattern.Parse(parsed.GetValue(pattern)!),
                Data = parsed.GetValue(data) is { Length: > 0 } paths
                    ? SharedOptions.Corpus(paths, parsed.GetValue(separator), parsed.GetValue(column), used) : null,
                Samples = parsed.GetValue(samples),
                SequenceLength = parsed.GetValue(length),
                MinExpertTokens = parsed.GetValue(expertTokens),
                Seed = parsed.GetValue(seed),
                // Exact, where no way is named.
                UpdateWeights = parsed.GetResult(update) is { Implicit: false, Tokens.Count: 0 } ? WeightUpdate.Exact
                    : parsed.GetValue(update),
                Blockwise = parsed.GetValue(blockwise),
                Permute = parsed.GetValue(permute),
                HiddenMemoryBytes = (long)parsed.GetValue(hiddenMemory) << 20,
                Stream = parsed.GetValue(stream),
                Skip = parsed.GetValue(skip) ?? [],
                DenseShare = parsed.GetValue(denseShare),
                Out = parsed.GetValue(output)!,
                Force = parsed.GetValue(force),
                Resume = parsed.GetValue(resume),
            };
            RunRecord record;
            using (ProgressLine progress = new(parsed.InvocationConfiguration.Error))
                record = PruneRun.Execute(request, ranks, progress, progress.Note, stop);
            if (parsed.GetValue(json)) JsonOutput.Print(parsed.InvocationConfiguration.Output, record.ToJson());
            bool hasModel = Directory.Exists(Path.Combine(request.Out, "model"));
            if (!parsed.GetValue(json)) DensityLine.Print(parsed.InvocationConfiguration.Output, record);
            if (!parsed.GetValue(json)) parsed.InvocationConfiguration.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"mask{(request.Permute ? " of permuted" : "")}, {(hasModel ? "updated model, " : "")}record and model card: {request.Out} "
                + $"({record.Figures["seconds"]!.GetValue<double>():0.00} s of pruning)"));
            return ExitCode.Done;
        });
        return command;
    }
}
