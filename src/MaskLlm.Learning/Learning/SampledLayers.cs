using System.Diagnostics;
using MaskLlm.MaskKernels;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>The masked weights of a step: put into layers before the model runs them, taken out after. The same masks however
/// often.</summary>
internal sealed class SampledLayers(IMaskStep masks, MaskSample sample)
{
    private readonly Dictionary<LearnedLayer, (double Largest, double Kept)> _sums = [];

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
            foreach (LearnedLayer layer in layers)
                _sums[layer] = masks.Sample(layer, MaskLearner.LayerSample(sample, layer), layer.OpenLeaf());
        Elapsed += Stopwatch.GetElapsedTime(begin);
        return new Entered(layers);
    }

    private sealed class Entered(IReadOnlyList<LearnedLayer> layers) : IDisposable
    {
        public void Dispose()
        {
            foreach (LearnedLayer layer in layers) layer.CloseLeaf();
        }
    }
}
