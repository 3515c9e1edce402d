using System.Runtime.ExceptionServices;

namespace MaskLlm.Products;

/// <summary>
/// A few threads that share out numbered pieces of work, again and again without an allocation: the w-th n-th of the pieces is worker w's,
/// so that weights stay near the core that reads them, and who is done takes from the others what they have not begun, so that a thread
/// whose core is busy elsewhere holds nobody up. Between jobs they spin for a moment, then sleep.
/// </summary>
internal sealed class WorkerTeam : IDisposable
{
    // About 50 microseconds: longer than between two products of a token, too short to burn power between requests.
    private const int Spins = 2000;

    // A worker's share is taken in so many parts: what one that lost its core can hold up at most.
    private const int Parts = 4;

    // Counters of different workers lie on different cache lines.
    private const int Stride = 16;

    private readonly Thread[] _threads;
    private readonly SemaphoreSlim[] _sleeping;
    private readonly int[] _isAsleep;
    // Of each worker, the round in the upper half and how many parts of its share are taken in the lower: who comes late takes nothing.
    private readonly long[] _taken;
    private Action<int, int, int>? _job;
    private ExceptionDispatchInfo? _failure;
    private int _pieces, _unfinished;
    private volatile int _round;
    private volatile bool _stopped;

    /// <param name="threads">At least 1; the caller is one of them.</param>
    internal WorkerTeam(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Threads = threads;
        _sleeping = [.. Enumerable.Range(0, threads).Select(_ => new SemaphoreSlim(0))];
        _isAsleep = new int[threads];
        _taken = new long[threads * Stride];
        _threads = [.. Enumerable.Range(1, threads - 1)
            .Select(worker => new Thread(() => Serve(worker)) { IsBackground = true, Name = $"maskllm worker {worker}" })];
        foreach (Thread thread in _threads) thread.Start();
    }

    internal int Threads { get; }

    /// <summary>Runs a job on all pieces and returns when it is done. One caller at a time.</summary>
    /// <param name="pieces">How many there are.</param>
    /// <param name="job">Told the worker, its first piece and the one after its last. Keep it in a field: a new delegate is an
    /// allocation.</param>
    /// <param name="least">Fewer pieces than this stay with the caller: the others would start too late to help.</param>
    internal void Run(int pieces, Action<int, int, int> job, int least = 2)
    {
        if (Threads == 1 || pieces < least)
        {
            if (pieces > 0) job(0, 0, pieces);
            return;
        }
        (_job, _pieces, _failure) = (job, pieces, null);
        Volatile.Write(ref _unfinished, Threads * Parts);
        int round = _round + 1;
        for (int worker = 0; worker < Threads; worker++) Volatile.Write(ref _taken[worker * Stride], (long)round << 32);
        _round = round;
        Thread.MemoryBarrier();
        for (int worker = 1; worker < Threads; worker++)
            if (Interlocked.Exchange(ref _isAsleep[worker], 0) == 1) _sleeping[worker].Release();
        Work(0, round);
        SpinWait wait = default;
        while (Volatile.Read(ref _unfinished) > 0) wait.SpinOnce(sleep1Threshold: -1);
        _failure?.Throw();
    }

    public void Dispose()
    {
        _stopped = true;
        _round++;
        foreach (SemaphoreSlim sleeping in _sleeping) sleeping.Release();
        foreach (Thread thread in _threads) thread.Join();
        foreach (SemaphoreSlim sleeping in _sleeping) sleeping.Dispose();
    }

    // Its own share first, then what is left of the others'.
    private void Work(int worker, int round)
    {
        for (int i = 0; i < Threads; i++)
        {
            int owner = (worker + i) % Threads;
            while (Take(owner, round) is >= 0 and int part)
            {
                // The round cannot end before this part does: job and pieces are its own.
                int parts = Threads * Parts, index = owner * Parts + part;
                int first = (int)((long)_pieces * index / parts), end = (int)((long)_pieces * (index + 1) / parts);
                try
                {
                    if (first < end) _job!(worker, first, end);
                }
                catch (Exception e)
                {
                    _failure = ExceptionDispatchInfo.Capture(e);
                }
                Interlocked.Decrement(ref _unfinished);
            }
        }
    }

    // The next part of a worker's share in a round; -1 when none is left or the round is over.
    private int Take(int owner, int round)
    {
        ref long taken = ref _taken[owner * Stride];
        while (true)
        {
            long seen = Volatile.Read(ref taken);
            int part = (int)seen;
            if ((int)(seen >> 32) != round || part == Parts) return -1;
            if (Interlocked.CompareExchange(ref taken, seen + 1, seen) == seen) return part;
        }
    }

    private void Serve(int worker)
    {
        int done = 0;
        while (true)
        {
            Await(worker, done);
            if (_stopped) return;
            done = _round;
            Work(worker, done);
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
