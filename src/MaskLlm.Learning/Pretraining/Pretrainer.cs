using MaskLlm.Architectures;
using MaskLlm.Models;
using MaskLlm.Numerals;
using MaskLlm.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Pretraining;

/// <summary>Trains all weights of a small dense model: AdamW, warm-up and cosine, gradient clip.</summary>
public sealed class Pretrainer : IDisposable
{
    private const double InitialStd = 0.02, AdamEpsilon = 1e-8;
    private readonly PretrainOptions _options;
    private readonly List<TrainedParameter> _parameters = [];

    /// <param name="config">The model to make.</param>
    /// <param name="options">Validated here.</param>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    public Pretrainer(DecoderConfig config, PretrainOptions options)
    {
        options.Validate();
        _options = options;
        // A generator of its own: the same seed gives the same first weights whatever was drawn before.
        using Generator generator = new(options.Seed, CPU);
        HashSet<string> endsOfBranches = [.. EndsOfBranches(config)];
        Model = new Decoder(config, (name, shape) => Initialise(name, shape, config, endsOfBranches.Contains(name), generator), CPU);
        foreach ((string name, Tensor parameter) in Model.Parameters) _parameters.Add(new TrainedParameter(name, parameter));
    }

    /// <summary>The model that is trained.</summary>
    public Decoder Model { get; }

    internal IReadOnlyList<TrainedParameter> Parameters => _parameters;

    /// <summary>One optimizer step.</summary>
    /// <param name="step">Counts from 0.</param>
    /// <param name="inputs">(B, T) int64 token ids.</param>
    /// <param name="targets">(B, T) int64: the token after each.</param>
    /// <returns>Mean cross-entropy of the batch before the step, in nats.</returns>
    /// <exception cref="InvalidDataException">The loss or the gradient is NaN or infinite; the weights stay as they were.</exception>
    public double Step(long step, Tensor inputs, Tensor targets)
    {
        using DisposeScope scope = NewDisposeScope();
        foreach (TrainedParameter parameter in _parameters) parameter.Value.grad?.zero_();
        double loss = BackwardPass.Run(Model, inputs, targets, scale: 1, checkpointActivations: false);
        using IDisposable noGradient = no_grad();
        double squares = _parameters.Sum(parameter => GradientOf(parameter).Squared().sum(ScalarType.Float64).item<double>());
        Finite.RequireStep(step, loss, Math.Sqrt(squares));
        double clip = Math.Min(1, _options.ClipNorm / (Math.Sqrt(squares) + 1e-6));
        double learningRate = CosineSchedule.At(_options.LearningRate, step, _options.Steps, _options.WarmupSteps);
        foreach (TrainedParameter parameter in _parameters)
            parameter.Moments.Update(
                parameter.Value, GradientOf(parameter),
                new AdamWRates(step, learningRate, parameter.Value.dim() > 1 ? _options.WeightDecay : 0, AdamEpsilon), clip);
        return loss;
    }

    /// <summary>Frees the model and the moments.</summary>
    public void Dispose()
    {
        foreach (TrainedParameter parameter in _parameters) parameter.Dispose();
        Model.Dispose();
    }

    // Experts that no batch has reached yet have none, and go on as with zeros.
    private static Tensor GradientOf(TrainedParameter parameter) => parameter.Value.grad ?? zeros_like(parameter.Value);

    private static IEnumerable<string> EndsOfBranches(DecoderConfig config) => Enumerable.Range(0, config.BlockCount)
        .Select(block => BlockPlan.Of(config, block))
        .SelectMany(plan => plan.Mlps.Select(mlp => mlp.Down).Prepend(plan.AttentionOutput)).Select(slice => slice.Tensor.Name);

    // GPT-2's start: N(0, 0.02^2), the projections that end in the residual stream smaller by sqrt(2 blocks); norms by 1, biases 0.
    private static Tensor Initialise(string name, long[] shape, DecoderConfig config, bool endsBranch, Generator generator)
    {
        using IDisposable noGradient = no_grad();
        if (name.EndsWith("bias", StringComparison.Ordinal)) return zeros(shape).requires_grad_();
        if (shape.Length == 1) return (config.NormAddsOne ? zeros(shape) : ones(shape)).requires_grad_();
        double std = InitialStd / (endsBranch ? Math.Sqrt(2 * config.BlockCount) : 1);
        return randn(shape, generator: generator).TimesInPlace(std).requires_grad_();
    }
}
