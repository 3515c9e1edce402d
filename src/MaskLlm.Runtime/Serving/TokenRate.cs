namespace MaskLlm.Serving;

/// <summary>Tokens a second over the last ten whole seconds. Safe for many threads.</summary>
internal sealed class TokenRate
{
    private const int Seconds = 10;

    private readonly Lock _lock = new();
    // One more than is reported: the second that is not over yet.
    private readonly long[] _counts = new long[Seconds + 1];
    private long _second;

    internal void Add(long tokens, long milliseconds)
    {
        lock (_lock)
        {
            MoveTo(milliseconds / 1000);
            _counts[_second % _counts.Length] += tokens;
        }
    }

    internal double PerSecond(long milliseconds)
    {
        lock (_lock)
        {
            MoveTo(milliseconds / 1000);
            return (_counts.Sum() - _counts[_second % _counts.Length]) / (double)Seconds;
        }
    }

    private void MoveTo(long second)
    {
        for (long next = Math.Max(_second + 1, second - Seconds); next <= second; next++) _counts[next % _counts.Length] = 0;
        _second = Math.Max(_second, second);
    }
}
