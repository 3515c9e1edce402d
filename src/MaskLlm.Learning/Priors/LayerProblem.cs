using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Patterns;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>
/// min over V of ||V Y^T - W X^T||^2 + d ||V - W||^2 with N of every M weights kept, d = damping * mean(diag Y^T Y): the kept weights
/// under a mask exactly, or mask and weights together (Meng et al. 2024, arXiv 2406.07831; Boza 2024, arXiv 2401.02938).
/// </summary>
internal sealed class LayerProblem : IDisposable
{
    /// <summary>Steps of the penalty, where nothing else is asked for.</summary>
    internal const int UsualSteps = 60;

    private const double Damping = 0.01, FirstPenalty = 0.03, LastPenalty = 3;
    private const int MostGradientSteps = 100, StepsBetweenLooks = 5;
    // Of the squared residual; what is left of the gain is then below 1e-6 of it.
    private const double Solved = 1e-8;

    private readonly string _layer;
    private readonly Tensor _weight, _own, _target, _diagonal;

    /// <param name="layer">Its name, for a message.</param>
    /// <param name="weight">W, (O, I) float32; it stays the caller's.</param>
    /// <param name="inputs">With those of the dense model.</param>
    /// <param name="damping">Relative to the mean of the diagonal.</param>
    /// <exception cref="InvalidDataException">The inputs are not finite.</exception>
    internal LayerProblem(string layer, Tensor weight, LayerInputs inputs, double damping = Damping)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        FiniteTensors.RequireScores(layer, inputs.Own.diagonal());
        FiniteTensors.RequireScores(layer, inputs.Cross);
        double mean = inputs.Own.diagonal().mean().item<float>();
        // A layer that no input reaches keeps its largest weights as they are.
        double added = mean > 0 ? damping * mean : 1;
        (_layer, _weight) = (layer, weight);
        _own = inputs.Own.clone();
        _own.diagonal().PlusInPlace(added);
        _target = weight.matmul(inputs.Cross).PlusInPlace(weight, added).DetachFromDisposeScope();
        _diagonal = _own.diagonal().clone().DetachFromDisposeScope();
        _own.DetachFromDisposeScope();
    }

    /// <summary>The best kept weights under a mask, by conjugate gradients on all rows at once.</summary>
    /// <param name="mask">(O, I) float32 of 0 and 1.</param>
    /// <param name="start">(O, I) float32: where to begin; 0 where the mask is.</param>
    /// <returns>(O, I) float32, of the caller's scope.</returns>
    internal Tensor Exact(Tensor mask, Tensor start)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor solved = start * mask, left = _target.Plus(solved.matmul(_own), -1) * mask, scaled = left / _diagonal;
        Tensor direction = scaled.clone();
        Tensor size = (left * scaled).sum(1, keepdim: true);
        double first = size.sum().item<float>();
        for (int step = 0; step < MostGradientSteps; step++)
        {
            using DisposeScope stepScope = NewDisposeScope();
            if (step % StepsBetweenLooks == 0 && size.sum().item<float>() <= Solved * first) break;
            Tensor product = direction.matmul(_own) * mask, curve = (direction * product).sum(1, keepdim: true);
            // A row that is solved has no direction left: 0 / 0.
            Tensor length = (size / curve).nan_to_num(0, 0, 0);
            solved.PlusProductInPlace(length.expand_as(direction), direction, 1);
            left.PlusProductInPlace(length.expand_as(direction), product, -1);
            scaled.copy_(left / _diagonal);
            Tensor sizeNow = (left * scaled).sum(1, keepdim: true);
            direction.copy_(((sizeNow / size).nan_to_num(0, 0, 0) * direction).PlusInPlace(scaled));
            size.copy_(sizeNow);
        }
        return solved.MoveToOuterDisposeScope();
    }

    /// <summary>Mask and kept weights together: ADMM with a growing penalty on the Gram matrix scaled to a unit diagonal, then
    /// <see cref="Exact"/>.</summary>
    /// <param name="pattern">N:M.</param>
    /// <param name="steps">Of the penalty.</param>
    /// <param name="cancellation">Stops between steps.</param>
    /// <returns>The mask, and the weight, (O, I) float32, of the caller's scope.</returns>
    /// <exception cref="InvalidDataException">The inputs are not finite.</exception>
    internal (Mask Mask, Tensor Weight) Together(NmPattern pattern, int steps, CancellationToken cancellation)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor scale = _diagonal.sqrt();
        (Tensor values, Tensor vectors) = linalg.eigh(_own / scale / scale.unsqueeze(1));
        Tensor target = _target / scale, back = vectors.t().contiguous();
        Tensor kept = (_weight * scale).contiguous();
        kept *= LargestOfGroup.Kept(_layer, kept.abs(), pattern);
        Tensor dual = zeros_like(kept), mask = zeros_like(kept);
        double before = FirstPenalty;
        for (int step = 0; step < steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            using DisposeScope stepScope = NewDisposeScope();
            double penalty = FirstPenalty * Math.Pow(LastPenalty / FirstPenalty, step / Math.Max(1.0, steps - 1));
            dual.TimesInPlace(before / penalty);
            before = penalty;
            Tensor free = kept.Plus(dual, -1).TimesInPlace(penalty).PlusInPlace(target).matmul(vectors);
            free /= values.Plus(penalty);
            free = free.matmul(back);
            dual.PlusInPlace(free);                                     // V + U
            mask.copy_(LargestOfGroup.Kept(_layer, dual.abs(), pattern));
            kept.copy_(dual * mask);
            dual.PlusInPlace(kept, -1);
        }
        Tensor solved = Exact(mask, kept / scale);
        return (MaskTensors.FromTensor(mask), solved.MoveToOuterDisposeScope());
    }

    public void Dispose()
    {
        _own.Dispose();
        _target.Dispose();
        _diagonal.Dispose();
    }
}
