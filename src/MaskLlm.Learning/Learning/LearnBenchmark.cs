using System.Diagnostics;
using MaskLlm.Machine;
using MaskLlm.MaskKernels;
using MaskLlm.Models;
using MaskLlm.Numerals;
using MaskLlm.Runs;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>Times learning steps beside dense steps of the same model, batch and precision, and fused beside plain kernels, in one
/// run.</summary>
public sealed class LearnBenchmark
{
    // The plain kernel takes most of a step by itself; fewer steps show it well enough.
    private const int PlainRepeats = 2, WarmUps = 2;

    private readonly LearnBenchmarkOptions _options;
    private readonly IProgress<Progress>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly int _steps;
    private int _done;

    private LearnBenchmark(LearnBenchmarkOptions options, IProgress<Progress>? progress, CancellationToken cancellation)
    {
        options.Validate();
        (_options, _progress, _cancellation) = (options, progress, cancellation);
        _steps = 2 * WarmUps + 1 + 2 * options.Repeats + PlainRepeats;
    }

    /// <summary>Measures.</summary>
    /// <param name="options">Model and settings. Token ids are made up: time does not depend on them.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellation">Stops after the step.</param>
    /// <exception cref="ArgumentException">Options make no sense.</exception>
    /// <exception cref="InvalidDataException">The model is broken.</exception>
    /// <exception cref="InsufficientMemoryException">The run would not fit.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static LearnBenchmarkReport Run(LearnBenchmarkOptions options, IProgress<Progress>? progress = null,
        CancellationToken cancellation = default) =>
        new LearnBenchmark(options, progress, cancellation).Run();

    private LearnBenchmarkReport Run()
    {
        LearnOptions learning = _options.Learning with { Kernel = KernelKind.Fused };
        using Decoder model = Checkpoint.Load(_options.Model, compute: learning.Precision, keepBFloat16: true);
        LearnMemory.Require(model, learning);
        using DisposeScope scope = NewDisposeScope();
        (Tensor inputs, Tensor targets) = TokenBatch.Split(MadeUpIds(model.Config.VocabularySize), learning.BatchSize, model.Device);
        long planned = LearnMemory.Plan(model, learning, Environment.WorkingSet).TotalBytes;
        List<StepTimes> fused = [];
        List<double> dense = [];
        string kernel;
        long weights, peak;
        double state;
        using (MaskLearner learner = new(model, learning, null))
        {
            (kernel, weights, state) = (learner.KernelName, learner.WeightCount, learner.StateBytesPerWeight);
            for (int i = 0; i < WarmUps; i++) LearnStep(learner, inputs, targets);
            peak = RunRecord.PeakMemoryBytes();
            DenseStep(model, inputs, targets);
            for (int i = 0; i < _options.Repeats; i++)
            {
                dense.Add(DenseStep(model, inputs, targets));
                fused.Add(LearnStep(learner, inputs, targets));
            }
        }
        List<StepTimes> plain = PlainSteps(model, inputs, targets);
        LearnBenchmarkRow Row(string what, Func<StepTimes, double> part) =>
            new(what, Median.Of(plain.Select(part)) / weights * 1e9, Median.Of(fused.Select(part)) / weights * 1e9);
        return new LearnBenchmarkReport(
            kernel, weights, inputs.NumberOfElements,
                [Row("sample", times => times.Sample), Row("backward", times => times.Backward), Row("update", times => times.Update)],
            Median.Of(dense), Median.Of(fused.Select(times => times.Total)),
                Median.Of(fused.Zip(dense, (times, seconds) => times.Total / seconds)), state, peak, planned);
    }

    private List<StepTimes> PlainSteps(Decoder model, Tensor inputs, Tensor targets)
    {
        using MaskLearner learner = new(model, _options.Learning with { Kernel = KernelKind.Plain, Moments = MomentType.Float32 }, null);
        for (int i = 0; i < WarmUps; i++) LearnStep(learner, inputs, targets);
        return [.. Enumerable.Range(0, PlainRepeats).Select(_ => LearnStep(learner, inputs, targets))];
    }

    private StepTimes LearnStep(MaskLearner learner, Tensor inputs, Tensor targets)
    {
        Report();
        // Always the first: time does not depend on how far a run is.
        return learner.Step(0, inputs, targets).Times;
    }

    /// <summary>Forward and backward of the dense model with gradients by the weights that learning would mask.</summary>
    private double DenseStep(Decoder model, Tensor inputs, Tensor targets)
    {
        Report();
        using DisposeScope scope = NewDisposeScope();
        List<WeightLoan> loans =
        [
            .. MaskLearner.SelectLayers(model, _options.Learning)
                .Select(layer => layer.Lend(layer.Weight.detach().to(model.Compute).requires_grad_())),
        ];
        long begin = Stopwatch.GetTimestamp();
        BackwardPass.RunInParts(model, inputs, targets, _options.Learning.MicroBatchSize, _options.Learning.CheckpointActivations);
        double seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        loans.ForEach(loan => loan.Dispose());
        return seconds;
    }

    private void Report()
    {
        _cancellation.ThrowIfCancellationRequested();
        _progress?.Report(new Progress("timing steps", _done++, _steps));
    }

    private int[] MadeUpIds(int vocabulary) =>
        [.. Enumerable.Range(0, _options.Learning.BatchSize * (_options.Learning.SequenceLength + 1))
            .Select(i => (int)(i * 7919L % vocabulary))];
}
