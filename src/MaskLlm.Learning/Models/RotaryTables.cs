using MaskLlm.Architectures;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Cosines and sines of the longest text so far.</summary>
internal sealed class RotaryTables(RotaryConfig config, int headSize, Device device) : IDisposable
{
    private Tensor? _cosine, _sine;

    /// <summary>Those of a text of some tokens, each (T, turned/2), of the caller's scope.</summary>
    internal (Tensor Cosine, Tensor Sine) Of(int tokens, ScalarType type)
    {
        bool fits = _cosine is not null
            && (config.Scaling?.DependsOnLength == true ? _cosine.size(0) == tokens : _cosine.size(0) >= tokens);
        if (!fits)
        {
            Dispose();
            (_cosine, _sine) = RotaryEmbedding.Tables(config, headSize, tokens, device);
            _cosine.DetachFromDisposeScope();
            _sine.DetachFromDisposeScope();
        }
        return (_cosine!.narrow(0, 0, tokens).to(type), _sine!.narrow(0, 0, tokens).to(type));
    }

    public void Dispose()
    {
        _cosine?.Dispose();
        _sine?.Dispose();
    }
}
