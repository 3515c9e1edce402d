using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>What a masked model learns from besides the text: the same model without masks (Hinton et al. 2015, temperature 1).</summary>
/// <param name="Predictions">What the dense model predicts.</param>
/// <param name="States">What its blocks give; null where only predictions are taught.</param>
/// <param name="StateWeight">gamma: weight of the mean over blocks of <see cref="BlockStates.Compare"/>.</param>
internal sealed record Teacher(Predictions Predictions, BlockStates? States = null, double StateWeight = 0)
{
    /// <summary>Runs the dense model, without gradients; of the caller's scope.</summary>
    /// <param name="model">With its dense weights in place.</param>
    /// <param name="inputs">(B, T) int64 token ids.</param>
    /// <param name="sequences">Of them at once.</param>
    /// <param name="share">beta.</param>
    /// <param name="stateWeight">gamma; 0 keeps no states.</param>
    internal static Teacher Of(Decoder model, Tensor inputs, int sequences, double share, double stateWeight)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor[] parts = inputs.split(sequences);
        if (stateWeight == 0)
        {
            Tensor last = cat([.. parts.Select(part => model.Hidden(part))], 0);
            return new Teacher(new Predictions(last.MoveToOuterDisposeScope(), share));
        }
        BlockStates states = BlockStates.Join([.. parts.Select(part => BlockStates.Of(model, part))]);
        Tensor hidden = model.FinalNorm(states.Last);
        return new Teacher(new Predictions(hidden.MoveToOuterDisposeScope(), share),
            new BlockStates([.. states.Values.Select(state => state.MoveToOuterDisposeScope())]), stateWeight);
    }

    /// <summary>The same of some rows along the first dimension; of the caller's scope.</summary>
    internal Teacher Narrow(long start, long length) =>
        this with { Predictions = Predictions.Narrow(start, length), States = States?.Narrow(start, length) };

    /// <summary>The gradient of the states' term by a block's output, of the caller's scope; null where only predictions are
    /// taught.</summary>
    /// <param name="block">Its index.</param>
    /// <param name="output">(B, T, D); its graph is left alone.</param>
    /// <param name="scale">Multiplies it.</param>
    internal Tensor? StateGradient(int block, Tensor output, double scale)
    {
        if (States is null) return null;
        (Tensor error, Tensor gradient) = States.Compare(block, output, scale * StateWeight / (States.Values.Count - 1));
        error.Dispose();
        return gradient;
    }
}
