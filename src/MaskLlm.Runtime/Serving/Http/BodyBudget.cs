
namespace MaskLlm.Serving.Http;

/// <summary>
/// Bounds what is read and encoded at once: a request holds its body's bytes from before it is read until its tokens are known. Beyond
/// the bound it is refused at once, for who waits would hold a connection and its buffers. Safe for many threads.
/// </summary>
/// <param name="bytes">Of all bodies together.</param>
/// <param name="places">Bodies at once, as small ones cost more than their bytes.</param>
/// <param name="giveBack">Called when nothing is held any more and much was since the last time; it returns at once.</param>
internal sealed class BodyBudget(long bytes, int places = BodyBudget.DefaultPlaces, Action? giveBack = null)
{
    /// <summary>Bytes of bodies that leave enough behind for <c>giveBack</c>.</summary>
    internal const long MuchBytes = 8 << 20;

    internal const int DefaultPlaces = 512;

    private readonly Lock _lock = new();
    private readonly Action? _giveBack = giveBack;
    private long _taken, _most, _sinceGivenBack;
    private int _places;

    /// <summary>Bytes that are held now.</summary>
    internal long Taken
    {
        get { lock (_lock) return _taken; }
    }

    /// <summary>The most bytes that were held at once.</summary>
    internal long Most
    {
        get { lock (_lock) return _most; }
    }

    /// <summary>Takes a place.</summary>
    /// <param name="length">The bytes that are known to come.</param>
    /// <returns>Gives all back when disposed.</returns>
    /// <exception cref="RefusedException">There is no room.</exception>
    internal Charge Take(long length)
    {
        lock (_lock)
        {
            if (_places == places) throw new RefusedException(RefusalReason.BodiesFull);
            Add(length);
            _places++;
        }
        return new Charge(this, length);
    }

    private void Add(long more)
    {
        if (more > bytes - _taken) throw new RefusedException(RefusalReason.BodiesFull);
        _taken += more;
        _sinceGivenBack += more;
        _most = Math.Max(_most, _taken);
    }

    /// <summary>What one body holds.</summary>
    /// <param name="budget">Of which.</param>
    /// <param name="length">Bytes.</param>
    internal sealed class Charge(BodyBudget budget, long length) : IDisposable
    {
        private long _length = length;
        private bool _isGone;

        /// <summary>The body is longer than was known.</summary>
        /// <exception cref="RefusedException">There is no room.</exception>
        internal void GrowTo(long length)
        {
            lock (budget._lock)
            {
                if (length <= _length) return;
                budget.Add(length - _length);
                _length = length;
            }
        }

        public void Dispose()
        {
            lock (budget._lock)
            {
                if (_isGone) return;
                _isGone = true;
                budget._taken -= _length;
                budget._places--;
                if (budget._places > 0 || budget._sinceGivenBack < MuchBytes) return;
                budget._sinceGivenBack = 0;
            }
            budget._giveBack?.Invoke();
        }
    }
}
