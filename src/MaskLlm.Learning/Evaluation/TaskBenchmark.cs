using MaskLlm.Architectures;
using MaskLlm.Data;
using MaskLlm.Machine;
using MaskLlm.Models;
using MaskLlm.Tasks;

namespace MaskLlm.Evaluation;

/// <summary>How fast tasks are asked, beside the naive way in the same run.</summary>
public static class TaskBenchmark
{
    /// <summary>Asks each task both ways, in turns.</summary>
    /// <param name="model">A Hugging Face folder.</param>
    /// <param name="selection">Which tasks.</param>
    /// <param name="progress">Told of documents.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <exception cref="ArgumentException">A name is no task.</exception>
    /// <exception cref="FileNotFoundException">Data of a task or the tokenizer are missing.</exception>
    /// <exception cref="InvalidDataException">Model, tokenizer or data are broken.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static IReadOnlyList<TaskBenchmarkRow> Run(string model, TaskSelection selection, IProgress<Progress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(selection);
        DecoderConfig config = CheckpointConfig.Read(model);
        TaskEncoding encoding = new(ModelTokenizer.Load(model, config));
        TaskRun[] tasks = [.. TaskCatalog.Find(selection.Tasks).Select(task => new TaskRun(
            selection, [task], encoding, config.MaxPositions, progress, cancellation))];
        progress?.Report(new Progress("loading the model", 0, 1));
        using Decoder decoder = Checkpoint.Load(model, keepBFloat16: true);
        // The first passes of a process are slower.
        tasks[0].Ask(new TorchLikelihoods(decoder), "warming up", null, progress, cancellation);
        return [.. tasks.Select(task => Row(task, decoder, progress, cancellation))];
    }

    private static TaskBenchmarkRow Row(TaskRun task, Decoder decoder, IProgress<Progress>? progress, CancellationToken cancellation)
    {
        double largest = 0;
        List<Likelihood> shared = [];
        int at = 0;
        TaskScore ours = task.Ask(new TorchLikelihoods(decoder), "contexts once", (_, answer) => shared.AddRange(answer.Likelihoods),
            progress, cancellation)[0];
        TaskScore naive = task.Ask(new TorchLikelihoods(decoder, isNaive: true), "a pass a continuation", (_, answer) =>
        {
            foreach (Likelihood one in answer.Likelihoods)
                largest = Math.Max(largest, Math.Abs(one.LogLikelihood - shared[at++].LogLikelihood));
        }, progress, cancellation)[0];
        return new TaskBenchmarkRow(ours.Task, ours.Documents, task.Requests, ours.Documents / ours.Seconds,
            naive.Documents / naive.Seconds, largest);
    }
}
