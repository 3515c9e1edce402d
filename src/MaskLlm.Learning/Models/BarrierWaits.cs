using System.Runtime.InteropServices;
using MaskLlm.Machine;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>
/// How libtorch's threads wait for each other at the end of a parallel loop. On a quiet machine spinning is best: the wait is shorter than
/// falling asleep. Where another process has work it is worst: who spins holds the processor that the awaited thread could run on. So this
/// watches how much the process waits for processors, and where that is much lets the threads sleep at once, until it is little again.
/// The number of threads, and with it every bit of a result, stays.
/// </summary>
/// <remarks>
/// libgomp spins for about 3 ms, and hardly at all while a process has more of its threads than processors. Its threads belong to whoever
/// starts a loop: a second thread that ran one, and is kept, makes more of them; when it ends they end.
/// </remarks>
internal sealed class BarrierWaits : IDisposable
{
    // Of the time that threads could have run: one busy process beside two threads on two processors is a third. Own threads wait for each
    // other too, so other processes must be seen at work.
    private const double Crowded = 0.15;

    // Processors that others keep busy.
    private const double Busy = 0.3, Quiet = 0.15;

    // Enough elements for libtorch to split a loop over its threads.
    private const int Elements = 1 << 18;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly string[] Variables = ["GOMP_SPINCOUNT", "OMP_WAIT_POLICY"];
    private static int _watches;

    private readonly ManualResetEventSlim _ends = new();
    private Thread? _second;

    /// <summary>Whether threads sleep at once now.</summary>
    internal bool AreShort => _second is not null;

    /// <summary>Watches from now on, once a process: on Linux, and where the user has not decided by a variable of OpenMP.</summary>
    internal static void Watch()
    {
        if (!OperatingSystem.IsLinux() || Variables.Any(name => Environment.GetEnvironmentVariable(name) is not null)) return;
        if (Interlocked.Exchange(ref _watches, 1) == 1) return;
        new Thread(new BarrierWaits().Run) { IsBackground = true, Name = "maskllm processor watch" }.Start();
    }

    /// <summary>Takes notice of the share of time that was waited, and of the processors that others kept busy.</summary>
    internal void Notice(double share, double others)
    {
        if (_second is null && share > Crowded && others > Busy) Shorten();
        else if (_second is not null && others < Quiet) Lengthen();
    }

    /// <summary>Threads wait as ever again.</summary>
    public void Dispose()
    {
        if (_second is not null) Lengthen();
        _ends.Dispose();
    }

    private void Run()
    {
        ProcessorWait wait = new();
        while (true)
        {
            Thread.Sleep(Interval);
            (double share, double others) = wait.Next();
            Notice(share, others);
        }
    }

    private void Shorten()
    {
        _ends.Reset();
        _second = new Thread(() =>
        {
            try
            {
                using DisposeScope scope = NewDisposeScope();
                empty(Elements, ScalarType.Float32).zero_();
            }
            catch (ExternalException)
            {
                // The process is ending, and libtorch has ended already.
                return;
            }
            _ends.Wait();
        })
        { IsBackground = true, Name = "maskllm second loop" };
        _second.Start();
    }

    private void Lengthen()
    {
        _ends.Set();
        _second!.Join();
        _second = null;
    }
}
