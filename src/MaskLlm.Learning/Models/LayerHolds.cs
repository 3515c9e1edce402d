namespace MaskLlm.Models;

/// <summary>Several layers whose weights are in memory together.</summary>
internal sealed class LayerHolds : IDisposable
{
    private readonly List<IDisposable> _holds = [];

    /// <exception cref="InvalidDataException">A weight is damaged.</exception>
    internal LayerHolds(IEnumerable<LinearLayer> layers)
    {
        try
        {
            foreach (LinearLayer layer in layers) _holds.Add(layer.Hold());
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void Dispose() => _holds.ForEach(hold => hold.Dispose());
}
