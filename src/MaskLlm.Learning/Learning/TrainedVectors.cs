using MaskLlm.Distributed;
using MaskLlm.Models;
using MaskLlm.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>
/// Norms and biases of a model while they are trained. What is trained lies in the model while its masked form runs, and the dense
/// values do otherwise: the dense model is taught from.
/// </summary>
internal sealed class TrainedVectors : IDisposable
{
    private readonly List<(Tensor Parameter, Tensor Dense, TrainedWeight Trained)> _vectors = [];

    /// <param name="model">Its norms and biases are changed from <see cref="Enter"/> to the disposal of what that gives.</param>
    /// <param name="options">Seed, and how moments are kept.</param>
    /// <param name="firstIndex">Place of the first among the weights of the seed.</param>
    internal TrainedVectors(Decoder model, LearnOptions options, int firstIndex)
    {
        using IDisposable noGradient = no_grad();
        foreach ((string name, Tensor parameter) in model.Parameters)
        {
            if (parameter.dim() != 1) continue;
            TrainedWeight trained = new(name, parameter, options.Moments, options.Seed, firstIndex + _vectors.Count);
            _vectors.Add((parameter, parameter.clone().DetachFromDisposeScope(), trained));
        }
    }

    /// <summary>(D) float32 by the checkpoint's name.</summary>
    internal IEnumerable<KeyValuePair<string, Tensor>> Values =>
        _vectors.Select(vector => KeyValuePair.Create(vector.Trained.Name, vector.Trained.Value));

    /// <summary>Everything that a checkpoint must hold, by name.</summary>
    internal IEnumerable<(string Name, Tensor Value)> State => _vectors.SelectMany(vector => vector.Trained.State);

    /// <summary>Puts the trained values into the model until the result is disposed.</summary>
    /// <param name="takesGradient">Whether they are leaves of the graph, whose gradients stay until <see cref="Update"/>.</param>
    internal IDisposable Enter(bool takesGradient)
    {
        using IDisposable noGradient = no_grad();
        foreach ((Tensor parameter, _, TrainedWeight trained) in _vectors)
        {
            parameter.copy_(trained.Value);
            parameter.requires_grad_(takesGradient);
        }
        return new Entered(this);
    }

    /// <summary>Makes the gradients their sums over all ranks, in the order of ranks. All ranks call it.</summary>
    internal void SumGradients(Ranks ranks)
    {
        if (ranks.Size == 1) return;
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor sum = cat([.. _vectors.Select(vector => (vector.Parameter.grad ?? zeros_like(vector.Parameter)).view(-1)
            .to(ScalarType.Float32))]);
        RankTensors.SumInPlace(ranks, sum);
        long at = 0;
        foreach ((Tensor parameter, _, _) in _vectors)
        {
            parameter.grad ??= zeros_like(parameter);
            parameter.grad!.copy_(sum.narrow(0, at, parameter.NumberOfElements).view(parameter.shape));
            at += parameter.NumberOfElements;
        }
    }

    /// <summary>Of the gradients.</summary>
    internal double SquaredNorm() => _vectors.Sum(vector => Squares(vector.Parameter));

    /// <summary>One step of AdamW.</summary>
    /// <param name="clip">Factor on the gradients.</param>
    /// <param name="rates">Of this step.</param>
    internal void Update(double clip, AdamWRates rates)
    {
        foreach ((Tensor parameter, _, TrainedWeight trained) in _vectors)
        {
            if (parameter.grad is not { } gradient) continue;
            trained.Update(gradient, null, clip, rates);
            gradient.zero_();
        }
    }

    public void Dispose()
    {
        foreach ((Tensor parameter, Tensor dense, TrainedWeight trained) in _vectors)
        {
            parameter.grad?.Dispose();
            dense.Dispose();
            trained.Dispose();
        }
    }

    private static double Squares(Tensor parameter)
    {
        using DisposeScope scope = NewDisposeScope();
        return parameter.grad is { } gradient ? gradient.to(ScalarType.Float32).Squared().sum(ScalarType.Float64).item<double>() : 0;
    }

    private sealed class Entered(TrainedVectors vectors) : IDisposable
    {
        public void Dispose()
        {
            using IDisposable noGradient = no_grad();
            foreach ((Tensor parameter, Tensor dense, _) in vectors._vectors)
            {
                parameter.requires_grad_(false);
                parameter.copy_(dense);
            }
        }
    }
}
