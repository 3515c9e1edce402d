using System.Buffers;
using System.IO.Pipelines;

namespace MaskLlm.Serving.Http;

/// <summary>
/// Tells of the end of what a client sends only after all that came before it was taken: Kestrel gives up a body that is whole where
/// the end came together with it.
/// </summary>
/// <param name="inner">What comes.</param>
internal sealed class PatientReader(PipeReader inner) : PipeReader
{
    private ReadOnlySequence<byte> _buffer;
    private bool _hidesEnd, _needsMore;

    public override bool TryRead(out ReadResult result)
    {
        if (!inner.TryRead(out result)) return false;
        result = Patient(result);
        return true;
    }

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        Patient(await inner.ReadAsync(cancellationToken));

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        // Who leaves all of it waits for more, and no more comes.
        _needsMore = _hidesEnd && _buffer.Slice(0, consumed).IsEmpty;
        _buffer = default;
        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    private ReadResult Patient(ReadResult result)
    {
        _hidesEnd = result.IsCompleted && !result.Buffer.IsEmpty && !_needsMore;
        _buffer = result.Buffer;
        return _hidesEnd ? new ReadResult(result.Buffer, result.IsCanceled, isCompleted: false) : result;
    }
}
