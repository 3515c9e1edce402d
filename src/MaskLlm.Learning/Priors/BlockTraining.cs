using MaskLlm.Distributed;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>
/// The kept weights of a block, trained together so that its output behind pruned blocks is the dense block's behind dense ones (Roux et
/// al. 2025, arXiv 2510.14444).
/// </summary>
internal sealed class BlockTraining : IDisposable
{
    /// <summary>Over the calibration.</summary>
    internal const int Passes = 8;

    private const int WarmupSteps = 10;
    private const double LearningRate = 1e-3, Epsilon = 1e-8;

    private readonly Decoder _model;
    private readonly Ranks _ranks;
    private readonly int _block, _heldOut;
    private readonly HiddenStates _inputs, _targets;
    private readonly List<TrainedWeight> _weights = [];

    /// <param name="model">Its block has pruned weights in float32.</param>
    /// <param name="block">Its number.</param>
    /// <param name="layers">The pruned layers of the block.</param>
    /// <param name="inputs">What goes into the block behind pruned blocks.</param>
    /// <param name="targets">What the dense block makes of the dense model's inputs.</param>
    /// <param name="heldOut">Batches at the end that are not trained on and decide what is kept.</param>
    /// <param name="ranks">Those that split each batch: each trains all weights by the gradients of all.</param>
    internal BlockTraining(Decoder model, int block, IEnumerable<PrunedLayer> layers, HiddenStates inputs, HiddenStates targets,
        int heldOut, Ranks ranks)
    {
        _ranks = ranks;
        (_model, _block, _inputs, _targets, _heldOut) = (model, block, inputs, targets, heldOut);
        foreach (PrunedLayer layer in layers) _weights.Add(new TrainedWeight(layer.Layer.Weight, layer.Mask));
    }

    /// <summary>Trains the weights in place; they are the best that the held-out batches saw, the first ones among them.</summary>
    /// <param name="passed">Told how many passes are done.</param>
    /// <param name="cancellation">Stops between batches.</param>
    internal void Run(Action<int> passed, CancellationToken cancellation)
    {
        using IDisposable noGradient = no_grad();
        double before = HeldOutError(), best = before;
        int batches = _inputs.Count - _heldOut, steps = Passes * batches;
        if (before == 0 || batches == 0) return;
        for (int step = 0; step < steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            Step(step, steps, step % batches, before);
            if ((step + 1) % batches != 0) continue;
            passed((step + 1) / batches);
            double error = HeldOutError();
            if (!(error < best)) continue;
            best = error;
            _weights.ForEach(weight => weight.Keep());
        }
        _weights.ForEach(weight => weight.TakeKept());
    }

    public void Dispose() => _weights.ForEach(weight => weight.Dispose());

    private void Step(int step, int steps, int batch, double scale)
    {
        using DisposeScope scope = NewDisposeScope();
        if (!_inputs.IsEmpty(batch))
            using (IDisposable gradients = enable_grad())
            {
                Tensor error = Difference(batch);
                error.backward([error.detach().Times(2 / (scale * _inputs.ValuesOf(batch)))]);
            }
        SumGradients();
        double rate = LinearSchedule.At(LearningRate, step, steps, WarmupSteps);
        foreach (TrainedWeight weight in _weights) weight.Update(new AdamWRates(step, rate, WeightDecay: 0, Epsilon));
    }

    private double HeldOutError()
    {
        double sum = 0, count = 0;
        for (int batch = _heldOut == 0 ? 0 : _inputs.Count - _heldOut; batch < _inputs.Count; batch++)
        {
            if (_inputs.IsEmpty(batch)) continue;
            using DisposeScope scope = NewDisposeScope();
            Tensor error = Difference(batch);
            sum += error.Squared().sum(ScalarType.Float64).item<double>();
            count += error.NumberOfElements;
        }
        double[] sums = _ranks.Sum(sum, count);
        return sums[0] / sums[1];
    }

    // Of what any rank's tokens reached.
    private void SumGradients()
    {
        if (_ranks.Size == 1) return;
        double[] reached = _ranks.Sum([.. _weights.Select(weight => weight.Weight.grad is null ? 0.0 : 1)]);
        foreach ((TrainedWeight weight, double count) in _weights.Zip(reached))
        {
            if (count == 0) continue;
            weight.Weight.grad ??= zeros_like(weight.Weight).DetachFromDisposeScope();
            RankTensors.SumInPlace(_ranks, weight.Weight.grad!);
        }
    }

    private Tensor Difference(int batch) =>
        _model.RunBlock(_block, _inputs.Read(batch, _model.Device)).Plus(_targets.Read(batch, _model.Device), -1);

    private sealed class TrainedWeight : IDisposable
    {
        private readonly Tensor _mask, _kept;
        private readonly AdamWMoments _moments;

        internal TrainedWeight(Tensor weight, Mask mask)
        {
            Weight = weight;
            using IDisposable noGradient = no_grad();
            _mask = MaskTensors.ToTensor(mask, weight.device).DetachFromDisposeScope();
            _moments = new AdamWMoments(weight);
            _kept = weight.clone().DetachFromDisposeScope();
            weight.requires_grad_(true);
        }

        internal Tensor Weight { get; }

        internal void Update(AdamWRates rates)
        {
            // An expert that no token of the batch reached.
            if (Weight.grad is not { } gradient) return;
            _moments.Update(Weight, gradient, rates, mask: _mask);
            gradient.zero_();
        }

        internal void Keep() => _kept.copy_(Weight);

        internal void TakeKept() => Weight.copy_(_kept);

        public void Dispose()
        {
            Weight.requires_grad_(false);
            _mask.Dispose();
            _moments.Dispose();
            _kept.Dispose();
        }
    }
}
