using System.Diagnostics;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Optimization;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>
/// Learns the masks of a model's linear layers: the weights are frozen, the logits are trained (MaskLLM, arXiv 2409.17481).
/// Each step writes W * mask into a leaf tensor of every layer, runs the model forward and backward, and takes the
/// gradient of that leaf back through the sample in closed form.
/// </summary>
public sealed class MaskLearner : IDisposable
{
    private readonly Decoder _model;
    private readonly LearnOptions _options;
    private readonly CandidateTensor _table;
    private readonly List<LearnedLayer> _layers = [];

    /// <param name="model">The model; its linear layers are changed until this is disposed.</param>
    /// <param name="options">Validated here.</param>
    /// <param name="prior">The mask to start from, by the checkpoint's name; null for none.</param>
    /// <exception cref="ArgumentException">An option makes no sense, or a layer's columns are not divisible by M.</exception>
    public MaskLearner(Decoder model, LearnOptions options, IReadOnlyDictionary<string, Mask>? prior)
    {
        options.Validate();
        _model = model;
        _options = options;
        IReadOnlyList<LinearLayer> selected = SelectLayers(model, options);
        _table = new CandidateTensor(options.Pattern, model.Device);
        using IDisposable noGradient = no_grad();
        for (int i = 0; i < selected.Count; i++)
            _layers.Add(new LearnedLayer(selected[i], MaskLogits.Create(selected[i], i, _table, options, prior?.GetValueOrDefault(selected[i].Name))));
    }

    /// <summary>Number of groups over all layers.</summary>
    public long GroupCount => _layers.Sum(layer => layer.Logits.Logits.size(1));

    /// <summary>Number of weights under a mask.</summary>
    public long WeightCount => GroupCount * _options.Pattern.GroupSize;

    internal IEnumerable<MaskLogits> Logits => _layers.Select(layer => layer.Logits);

    /// <summary>The linear layers that are learned: all of the blocks but those that --skip names.</summary>
    /// <exception cref="ArgumentException">A skip pattern matches nothing, nothing is left, or columns are not divisible by M.</exception>
    public static IReadOnlyList<LinearLayer> SelectLayers(Decoder model, LearnOptions options) =>
        LayerSelection.Select(model, options.Pattern, options.Skip);

    /// <summary>One optimizer step.</summary>
    /// <param name="step">Counts from 0; decides schedules and noise.</param>
    /// <param name="inputs">(B, T) int64 token ids.</param>
    /// <param name="targets">(B, T) int64: the token after each.</param>
    public StepFigures Step(long step, Tensor inputs, Tensor targets)
    {
        using DisposeScope scope = NewDisposeScope();
        long begin = Stopwatch.GetTimestamp();
        double kappa = Schedules.At(_options.Kappa, _options.Schedule, step, _options.Steps);
        double tau = Schedules.At(_options.Tau, _options.Schedule, step, _options.Steps);
        double reward = Schedules.WeightReward(_options.WeightReward, step, _options.Steps);
        for (int i = 0; i < _layers.Count; i++)
        {
            LearnedLayer layer = _layers[i];
            using Tensor noise = MaskNoise.Gumbel(_options.Seed, step, i, (int)layer.Logits.Logits.size(0), (int)layer.Logits.Logits.size(1));
            layer.Sample(noise.to(_model.Device), kappa, tau, _table, _options.Hard);
        }
        double maxProbability = MeanMaxProbability();
        TimeSpan sampling = Stopwatch.GetElapsedTime(begin);
        double loss = ForwardBackward(inputs, targets);
        long afterBackward = Stopwatch.GetTimestamp();
        (double norm, double kept) = UpdateLogits(step, kappa / tau, reward);
        sampling += Stopwatch.GetElapsedTime(afterBackward);
        return new StepFigures(loss, reward * kept, norm, maxProbability, sampling.TotalSeconds, Stopwatch.GetElapsedTime(begin).TotalSeconds);
    }

    /// <summary>The most probable mask of every layer now, by the checkpoint's name.</summary>
    public IReadOnlyDictionary<string, Mask> ArgmaxMasks()
    {
        using IDisposable noGradient = no_grad();
        return new OrderedDictionary<string, Mask>(
            _layers.Select(layer => KeyValuePair.Create(layer.Logits.Name, layer.Logits.ArgmaxMask(_table))));
    }

    /// <summary>Share of groups whose most probable candidate is another one than at the last call; 0 at the first.</summary>
    public double ChangedGroupShare()
    {
        using IDisposable noGradient = no_grad();
        return (double)_layers.Sum(layer => layer.CountChangedGroups()) / GroupCount;
    }

    /// <summary>Runs something on the model with its dense weights, in the middle of learning.</summary>
    internal T WithDenseWeights<T>(Func<T> run)
    {
        foreach (LearnedLayer layer in _layers) layer.UseDense();
        try
        {
            return run();
        }
        finally
        {
            foreach (LearnedLayer layer in _layers) layer.UseLeaf();
        }
    }

    /// <summary>Writes the logits as (groups, candidates) float32 under each weight's name.</summary>
    internal void SaveLogits(string path)
    {
        using DisposeScope scope = NewDisposeScope();
        TensorState.Save(
            path, [.. _layers.Select(layer => (layer.Logits.Name, layer.Logits.Logits.t().contiguous()))],
            new Dictionary<string, string> { ["pattern"] = _options.Pattern.ToString() });
    }

    /// <summary>Gives the model its dense weights back and frees the logits.</summary>
    public void Dispose()
    {
        foreach (LearnedLayer layer in _layers) layer.Dispose();
        _table.Dispose();
    }

    private double ForwardBackward(Tensor inputs, Tensor targets)
    {
        int micro = _options.MicroBatchSize ?? (int)inputs.size(0);
        int parts = (int)inputs.size(0) / micro;
        double loss = 0;
        for (int part = 0; part < parts; part++)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor partLoss = _model.Loss(inputs.narrow(0, part * micro, micro), targets.narrow(0, part * micro, micro)) / parts;
            partLoss.backward();
            loss += partLoss.item<float>();
        }
        return loss;
    }

    private (double Norm, double Kept) UpdateLogits(long step, double scale, double reward)
    {
        using IDisposable noGradient = no_grad();
        double squares = 0, kept = 0;
        foreach (LearnedLayer layer in _layers)
        {
            (double square, double norm) = layer.ComputeGradient(_table, scale, reward);
            squares += square;
            kept += norm;
        }
        double total = Math.Sqrt(squares);
        double clip = Math.Min(1, _options.ClipNorm / (total + 1e-6));
        double learningRate = CosineSchedule.At(_options.LearningRate, step, _options.Steps);
        foreach (LearnedLayer layer in _layers) layer.Update(clip, learningRate, _options.WeightDecay, step);
        return (total, kept);
    }

    private double MeanMaxProbability()
    {
        using IDisposable noGradient = no_grad();
        return _layers.Sum(layer => layer.SumOfMaxProbabilities()) / GroupCount;
    }
}
