using MaskLlm.Kernels;
using MaskLlm.Masks;
using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Learning;

/// <summary>What is learned for one linear layer: the logits of every group's candidates, and AdamW's moments of them.</summary>
internal sealed class MaskLogits : IDisposable
{
    private readonly long _rows, _columns;

    private MaskLogits(LinearLayer layer, Tensor logits, MomentType moments)
    {
        Name = layer.Name;
        Moments = moments;
        _rows = layer.Rows;
        _columns = layer.Columns;
        Logits = logits.DetachFromDisposeScope();
        ScalarType type = moments switch { MomentType.Float32 => ScalarType.Float32, MomentType.BFloat16 => ScalarType.BFloat16, _ => ScalarType.Byte };
        FirstMoment = zeros_like(logits, dtype: type).DetachFromDisposeScope();
        SecondMoment = zeros_like(logits, dtype: type).DetachFromDisposeScope();
        if (moments != MomentType.Int8) return;
        long blocks = MaskTile.CountOf(logits.size(1));
        FirstScales = zeros(logits.size(0), blocks).DetachFromDisposeScope();
        SecondScales = zeros(logits.size(0), blocks).DetachFromDisposeScope();
    }

    /// <summary>The checkpoint's name of the weight.</summary>
    internal string Name { get; }

    /// <summary>p, (C, G) float32.</summary>
    internal Tensor Logits { get; }

    /// <summary>How the moments are kept.</summary>
    internal MomentType Moments { get; }

    /// <summary>AdamW's m, (C, G).</summary>
    internal Tensor FirstMoment { get; }

    /// <summary>AdamW's v, (C, G).</summary>
    internal Tensor SecondMoment { get; }

    /// <summary>Scale of each 256 of m, (C, ceil(G / 256)) float32; null unless the moments have 8 bits.</summary>
    internal Tensor? FirstScales { get; }

    /// <summary>The same of v.</summary>
    internal Tensor? SecondScales { get; }

    /// <summary>Everything that a checkpoint must hold, by name.</summary>
    internal IEnumerable<(string Name, Tensor Value)> State
    {
        get
        {
            yield return (Name + ".logits", Logits);
            yield return (Name + ".m", FirstMoment);
            yield return (Name + ".v", SecondMoment);
            if (FirstScales is not null) yield return (Name + ".m_scales", FirstScales);
            if (SecondScales is not null) yield return (Name + ".v_scales", SecondScales);
        }
    }

    /// <summary>N(0, sigma^2) logits, shifted towards a prior where there is one; or the shift alone.</summary>
    /// <param name="layer">The layer whose weight is masked.</param>
    /// <param name="index">Its place among the learned layers: part of the random counter.</param>
    /// <param name="table">The candidates.</param>
    /// <param name="options">Seed, sigma, alpha, whether there is a random part.</param>
    /// <param name="prior">M0, or null.</param>
    internal static MaskLogits Create(LinearLayer layer, int index, CandidateTensor table, LearnOptions options, Mask? prior)
    {
        using DisposeScope scope = NewDisposeScope();
        int groups = checked((int)((long)layer.Rows * layer.Columns / table.Pattern.GroupSize));
        Tensor logits = prior is not null && options.ExactPrior
            ? zeros(table.Pattern.CandidateCount, groups, device: layer.Weight.device)
            : MaskNoise.Normal(options.Seed, index, table.Pattern.CandidateCount, groups).mul_(options.InitialStd).to(layer.Weight.device);
        if (prior is not null)
            Prior.Shift(logits, MaskTensors.ToTensor(prior, logits.device), table, options.PriorStrength * (options.ExactPrior ? options.InitialStd : logits.std().item<float>()));
        return new MaskLogits(layer, logits, options.Moments);
    }

    /// <summary>The most probable candidate of each group, (G) int64, of the caller's scope.</summary>
    internal Tensor Argmax() => Logits.argmax(0);

    /// <summary>The mask that remains when learning ends.</summary>
    internal Mask ArgmaxMask(CandidateTensor table)
    {
        using DisposeScope scope = NewDisposeScope();
        return MaskTensors.FromTensor(table.Candidates.index_select(0, Argmax()).view(_rows, _columns));
    }

    public void Dispose()
    {
        Logits.Dispose();
        FirstMoment.Dispose();
        SecondMoment.Dispose();
        FirstScales?.Dispose();
        SecondScales?.Dispose();
    }
}
