using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>A model whose predictions another learns: the loss is (1 - share) * cross-entropy + share * KL(teacher || model) (Hinton et al. 2015, temperature 1).</summary>
/// <param name="Hidden">What the head multiplies in the teacher, (..., D); both models have the same head.</param>
/// <param name="Share">beta, 0 to 1.</param>
/// <param name="States">What goes into each block of the teacher and comes out of the last, (B, T, D) each; empty where only predictions are taught.</param>
/// <param name="StateWeight">gamma: weight of the squared error of each block's output, over the square of what the teacher's block adds to its input.</param>
internal sealed record Teacher(Tensor Hidden, double Share, IReadOnlyList<Tensor> States, double StateWeight)
{
    /// <summary>The same of some rows along the first dimension; of the caller's scope.</summary>
    internal Teacher Narrow(long start, long length) => this with { Hidden = Hidden.narrow(0, start, length), States = [.. States.Select(state => state.narrow(0, start, length))] };

    /// <summary>The gradient of the states' term by a block's output; of the caller's scope.</summary>
    /// <param name="block">Its index.</param>
    /// <param name="output">(B, T, D); its graph is left alone.</param>
    /// <param name="scale">Multiplies it.</param>
    internal Tensor StateGradient(int block, Tensor output, double scale)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor added = (States[block + 1] - States[block]).square().sum(ScalarType.Float32);
        return (output.detach() - States[block + 1]).mul_(2 * scale * StateWeight / (States.Count - 1)).div_(added).MoveToOuterDisposeScope();
    }
}
