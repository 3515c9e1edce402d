using System.Diagnostics;
using MaskLlm.MaskKernels;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>The masked weights of a step: put into layers before the model runs them, taken out after. The same masks however
/// often.</summary>
/// <param name="masks">Draws them.</param>
/// <param name="sample">Of the step.</param>
/// <param name="times">How often layers are put in before their gradients are whole: those of ranks are summed then, while the backward
/// pass goes on.</param>
internal sealed class SampledLayers(IMaskStep masks, MaskSample sample, int times)
{
    private readonly Dictionary<LearnedLayer, (double Largest, double Kept)> _sums = [];
    private readonly Dictionary<LearnedLayer, int> _left = [];

    /// <summary>Time spent on drawing.</summary>
    internal TimeSpan Elapsed { get; private set; }

    /// <summary>Sum over all groups of the largest probability.</summary>
    internal double Largest => _sums.Values.Sum(sums => sums.Largest);

    /// <summary>lambda * sum of (W * mask)^2, with lambda in the scale of each layer.</summary>
    internal double Reward => _sums.Sum(sums => sample.Reward * sums.Key.RewardScale * sums.Value.Kept);

    /// <summary>Draws the masks of some layers; disposal takes them out and keeps the gradients.</summary>
    internal IDisposable Enter(IReadOnlyList<LearnedLayer> layers)
    {
        long begin = Stopwatch.GetTimestamp();
        using (no_grad())
            foreach (LearnedLayer layer in layers) _sums[layer] = Draw(layer);
        Elapsed += Stopwatch.GetElapsedTime(begin);
        return new Entered(this, layers);
    }

    // What other ranks own of the masked weight is theirs to draw.
    private (double Largest, double Kept) Draw(LearnedLayer layer)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor leaf = layer.OpenLeaf();
        (double, double) sums = layer.Share.Count == 0 ? (0, 0)
            : masks.Sample(layer, MaskLearner.LayerSample(sample, layer), layer.Share.OfWeight(leaf));
        layer.Share.Complete(leaf);
        return sums;
    }

    private void Leave(LearnedLayer layer)
    {
        layer.CloseLeaf();
        int left = _left[layer] = _left.GetValueOrDefault(layer, times) - 1;
        // Which experts have a gradient, ranks must agree on first.
        if (left == 0 && !layer.IsOfExperts) layer.SumGradient();
    }

    private sealed class Entered(SampledLayers sampled, IReadOnlyList<LearnedLayer> layers) : IDisposable
    {
        public void Dispose()
        {
            foreach (LearnedLayer layer in layers) sampled.Leave(layer);
        }
    }
}
