using System.Text.Json.Nodes;
using MaskLlm.Architectures;
using MaskLlm.Evaluation;
using MaskLlm.Learning;
using MaskLlm.Machine;
using MaskLlm.Models;
using MaskLlm.Priors;
using MaskLlm.Runs;
using MaskLlm.Tasks;

namespace MaskLlm.Experiments;

/// <summary>Does one arm after the other: makes the mask, unless an earlier start did, and takes the perplexities.</summary>
/// <param name="request">The experiment.</param>
/// <param name="texts">What to take them on.</param>
/// <param name="tasks">What every arm is asked; null for nothing.</param>
/// <param name="progress">Told of the steps.</param>
/// <param name="cancellation">Stops; a learning run leaves a checkpoint.</param>
internal sealed class ArmRunner(ExperimentRequest request, EvaluationTexts texts, TaskRun? tasks, IProgress<Progress>? progress,
    CancellationToken cancellation)
{
    private readonly ExperimentFolder _folder = new(request.Out);

    internal ExperimentRow Run(Arm arm)
    {
        List<string> notes = [];
        JsonObject? record = MakeMask(arm, notes);
        JsonObject? figures = record?["figures"]?.AsObject();
        long tokens = (long?)figures?["tokens"] ?? 0;
        (OrderedDictionary<string, double> perplexities, IReadOnlyList<TaskScore> scores) = Evaluate(arm);
        return new ExperimentRow(arm.Slug, arm.Label, perplexities, tokens, Seconds(figures, arm.Learn is null ? 0 : tokens))
        {
            Tasks = scores,
            Series = arm.Series,
            X = arm.X,
            Domain = arm.Domain,
            Seed = arm.Seed,
            Options = record?["options"]?.DeepClone().AsObject(),
            Notes = notes,
        };
    }

    // The run's record; null where no run makes the mask.
    private JsonObject? MakeMask(Arm arm, List<string> notes)
    {
        // A merge takes less time than to find out whether it was done.
        if (arm.Merge is not null) MergeRun.Execute(arm.Merge, progress, cancellation);
        if (arm.Prune is null && arm.Learn is null) return null;
        string path = Path.Combine(_folder.RunOf(arm.Slug), "run.json");
        // The record is the last thing that a run writes.
        if (File.Exists(path))
            return CheckedJson.Read(path, Checked, $"remove the folder {Path.GetDirectoryName(path)}, and the mask is made again");
        return (arm.Learn is null ? PruneRun.Execute(arm.Prune!, progress, notes.Add, cancellation)
            : LearnRun.Execute(arm.Learn, progress, notes.Add, cancellation)).ToJson();
    }

    // What is taken from a record is of its kind.
    private static JsonObject Checked(JsonObject record)
    {
        _ = record["options"]!.AsObject();
        JsonObject figures = record["figures"]!.AsObject();
        _ = Seconds(figures, (long?)figures["tokens"] ?? 0);
        return record;
    }

    private (OrderedDictionary<string, double> Perplexities, IReadOnlyList<TaskScore> Scores) Evaluate(Arm arm)
    {
        cancellation.ThrowIfCancellationRequested();
        progress?.Report(new Progress("loading the model", 0, 1));
        using Decoder model = Checkpoint.Load(arm.Model ?? request.Model, TorchRuntime.DeviceOf(request.Device), keepBFloat16: true);
        using MaskedWeights? masked = arm.Mask is null ? null : MaskedWeights.Apply(model, CheckpointMasks.Read(arm.Mask, request.Model));
        return (texts.Perplexities(model, arm.Texts, progress, cancellation),
            tasks?.Ask(new TorchLikelihoods(model), "asking", null, progress, cancellation) ?? []);
    }

    // A run that was resumed counted the seconds since then only, but its tokens a second hold for all of it.
    private static double Seconds(JsonObject? figures, long tokens) => figures is null ? 0
        : tokens > 0 && (double?)figures["tokens_per_second"] is > 0 and var speed ? tokens / speed
        : (double?)figures["seconds"] ?? 0;
}
