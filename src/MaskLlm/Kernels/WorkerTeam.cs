namespace MaskLlm.Kernels;

/// <summary>
/// A few threads that share out numbered pieces of work, again and again without an allocation: worker w of n always gets the w-th
/// n-th of the pieces, so that weights stay near the core that reads them. Between jobs they spin for a moment, then sleep.
/// </summary>
internal sealed class WorkerTeam : IDisposable
{
    // About 50 microseconds: longer than between two products of a token, too short to burn power between requests.
    private const int Spins = 2000;

    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _sleeping;
    private readonly int[] _isAsleep;
    private Action<int, int, int>? _job;
    private Exception? _failure;
    private int _pieces, _pending;
    private volatile int _round;
    private volatile bool _stopped;

    /// <param name="threads">At least 1; the caller is one of them.</param>
    internal WorkerTeam(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Threads = threads;
        _sleeping = [.. Enumerable.Range(0, threads).Select(_ => new SemaphoreSlim(0))];
        _isAsleep = new int[threads];
        _threads = [.. Enumerable.Range(1, threads - 1).Select(worker => new Thread(() => Work(worker)) { IsBackground = true, Name = $"maskllm worker {worker}" })];
        foreach (Thread thread in _threads) thread.Start();
    }

    internal int Threads { get; }

    /// <summary>Runs a job on all pieces and returns when it is done. One caller at a time.</summary>
    /// <param name="pieces">How many there are.</param>
    /// <param name="job">Told the worker, its first piece and the one after its last. Keep it in a field: a new delegate is an allocation.</param>
    /// <param name="least">Fewer pieces than this stay with the caller: the others would start too late to help.</param>
    internal void Run(int pieces, Action<int, int, int> job, int least = 2)
    {
        if (Threads == 1 || pieces < least)
        {
            if (pieces > 0) job(0, 0, pieces);
            return;
        }
        (_job, _pieces, _failure) = (job, pieces, null);
        Volatile.Write(ref _pending, Threads - 1);
        _round++;
        Thread.MemoryBarrier();
        for (int worker = 1; worker < Threads; worker++)
            if (Interlocked.Exchange(ref _isAsleep[worker], 0) == 1) _sleeping[worker].Release();
        try
        {
            Share(0);
        }
        finally
        {
            SpinWait wait = default;
            while (Volatile.Read(ref _pending) > 0) wait.SpinOnce(sleep1Threshold: -1);
        }
        if (_failure is { } failure) throw new InvalidOperationException("a worker failed", failure);
    }

    public void Dispose()
    {
        _stopped = true;
        _round++;
        foreach (SemaphoreSlim sleeping in _sleeping) sleeping.Release();
        foreach (Thread thread in _threads) thread.Join();
        foreach (SemaphoreSlim sleeping in _sleeping) sleeping.Dispose();
    }

    private void Share(int worker)
    {
        int first = (int)((long)_pieces * worker / Threads), end = (int)((long)_pieces * (worker + 1) / Threads);
        if (first < end) _job!(worker, first, end);
    }

    private void Work(int worker)
    {
        int done = 0;
        while (true)
        {
            Await(worker, done);
            if (_stopped) return;
            done = _round;
            try
            {
                Share(worker);
            }
            catch (Exception e)
            {
                _failure = e;
            }
            Interlocked.Decrement(ref _pending);
        }
    }

    // Who says that it sleeps looks once more: the caller either sees that it sleeps, or it sees the new round.
    private void Await(int worker, int done)
    {
        for (int spin = 0; spin < Spins; spin++)
        {
            if (_round != done) return;
            Thread.SpinWait(4);
        }
        while (_round == done)
        {
            Interlocked.Exchange(ref _isAsleep[worker], 1);
            if (_round != done && Interlocked.Exchange(ref _isAsleep[worker], 0) == 1) return;
            _sleeping[worker].Wait();
        }
    }
}
