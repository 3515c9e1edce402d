namespace MaskLlm.Serving.Http;

/// <summary>Gives the memory of long bodies back: texts and tokens of megabytes stay with the process until somebody collects.</summary>
internal static class BodyMemory
{
    // After the answers of those that were read last.
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(2);

    private static int _isAsked;

    /// <summary>Collects soon, once for all who ask until then.</summary>
    internal static void GiveBack()
    {
        if (Interlocked.Exchange(ref _isAsked, 1) == 0) _ = Collect();
    }

    private static async Task Collect()
    {
        await Task.Delay(Delay).ConfigureAwait(false);
        Volatile.Write(ref _isAsked, 0);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
}
