namespace MaskLlm.Machine;

/// <summary>Counts the bytes that several parts of one operation have done.</summary>
/// <param name="phase">What is being done.</param>
/// <param name="total">Bytes in all.</param>
/// <param name="progress">Told every time; null for nobody.</param>
internal sealed class ByteCount(string phase, long total, IProgress<Progress>? progress)
{
    private long _done;

    internal void Add(long bytes)
    {
        _done += bytes;
        progress?.Report(new Progress(phase, _done, total));
    }
}
