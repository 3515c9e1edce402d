using MaskLlm.Models;

namespace MaskLlm.Evaluation;

/// <summary>Which experts the tokens of a text go through in each block, in the order in which they are run.</summary>
internal sealed class RouterChoices : IDisposable
{
    private readonly List<ExpertLayers> _watched;
    private readonly List<ushort[]> _chosen = [];
    private readonly int _perToken;

    private RouterChoices(Decoder model)
    {
        _perToken = model.Config.Experts!.PerToken;
        _watched = [.. model.Blocks.Select(block => block.Experts).OfType<ExpertLayers>()];
        foreach (ExpertLayers experts in _watched)
            experts.Observe = chosen => _chosen.Add(Array.ConvertAll(chosen, expert => (ushort)expert));
    }

    /// <summary>Looks at a model until this is disposed; null where it has no experts.</summary>
    internal static RouterChoices? Watch(Decoder model) => model.Config.Experts is null ? null : new RouterChoices(model);

    /// <summary>Share of the choices that are another's where this model goes elsewhere: of both the same tokens in the same
    /// order.</summary>
    internal double ShareChanged(RouterChoices other)
    {
        long changed = 0, all = 0;
        foreach ((ushort[] own, ushort[] others) in _chosen.Zip(other._chosen))
            for (int token = 0; token < own.Length; token += _perToken)
            {
                ReadOnlySpan<ushort> chosen = own.AsSpan(token, _perToken);
                foreach (ushort expert in others.AsSpan(token, _perToken))
                    if (!chosen.Contains(expert)) changed++;
                all += _perToken;
            }
        return (double)changed / all;
    }

    /// <summary>Looks no longer; what was seen stays.</summary>
    public void Dispose() => _watched.ForEach(experts => experts.Observe = null);
}
