namespace MaskLlm.Serving;

/// <summary>The thread that runs the steps of a batch.</summary>
internal sealed class ServingLoop : IDisposable
{
    private readonly TextBatch _batch;
    private readonly Thread _thread;
    private volatile bool _isStopping, _isAborted;

    /// <param name="batch">Its requests; it is disposed with the loop.</param>
    internal ServingLoop(TextBatch batch)
    {
        _batch = batch;
        _thread = new Thread(Run) { IsBackground = true, Name = "maskllm serving" };
        _thread.Start();
    }

    /// <summary>Refuses new requests and those that wait, and lets those that run finish.</summary>
    /// <param name="grace">How long they have; then they are cut off.</param>
    /// <returns>Whether all finished.</returns>
    internal bool Stop(TimeSpan grace)
    {
        _isStopping = true;
        _batch.Close();
        if (_thread.Join(grace)) return true;
        _isAborted = true;
        _thread.Join();
        // Who is cut off hears of it now, while the server can still tell.
        _batch.Dispose();
        return false;
    }

    /// <summary>Ends the thread, and the requests that are left.</summary>
    public void Dispose()
    {
        Stop(TimeSpan.Zero);
        _batch.Dispose();
    }

    private void Run()
    {
        while (!_isAborted)
        {
            if (_batch.Step()) continue;
            if (_isStopping) return;
            _batch.WaitForWork();
        }
    }
}
