using System.Diagnostics;
using System.Globalization;
using MaskLlm.Machine;

namespace MaskLlm.Cli.Output;

/// <summary>Progress on standard error: one line that is rewritten on a terminal, a line now and then elsewhere.</summary>
internal sealed class ProgressLine(TextWriter error) : IProgress<Progress>, IDisposable
{
    // Of the time that the run could have had a processor; below it nothing is worth saying.
    private const double MuchWaiting = 0.2;

    // Processors.
    private const double MuchWork = 0.3;

    private static readonly TimeSpan OnTerminal = TimeSpan.FromMilliseconds(200), Elsewhere = TimeSpan.FromSeconds(10),
        BeforeBusy = TimeSpan.FromSeconds(15);
    private readonly bool _terminal = error is OptionOutput { IsTerminal: true };
    private readonly Lock _lock = new();
    private readonly ProcessorWait _processors = new();
    private readonly long _begin = Stopwatch.GetTimestamp();
    private bool _saidBusy;
    private string _phase = "";
    private long _phaseStart, _lastWrite, _firstDone;
    private int _width;

    public void Report(Progress value)
    {
        lock (_lock)
        {
            long now = Stopwatch.GetTimestamp();
            if (value.Phase != _phase)
            {
                EndLine();
                (_phase, _phaseStart, _firstDone, _lastWrite) = (value.Phase, now, value.Done, 0);
            }
            else if (value.Done < value.Total && Stopwatch.GetElapsedTime(_lastWrite, now) < (_terminal ? OnTerminal : Elsewhere)) return;
            _lastWrite = now;
            NoteOtherWork(now);
            Write(Format(value, Stopwatch.GetElapsedTime(_phaseStart, now)));
        }
    }

    /// <summary>A sentence that stays, on a line of its own.</summary>
    internal void Note(string sentence)
    {
        lock (_lock)
        {
            EndLine();
            error.WriteLine(sentence);
        }
    }

    public void Dispose() => EndLine();

    private void NoteOtherWork(long now)
    {
        if (_saidBusy || Stopwatch.GetElapsedTime(_begin, now) < BeforeBusy) return;
        (double share, double others) = _processors.InAll();
        if (share < MuchWaiting || others < MuchWork) return;
        _saidBusy = true;
        EndLine();
        error.WriteLine(BusySentence(share, others));
    }

    internal static string BusySentence(double share, double others) => string.Create(
        CultureInfo.InvariantCulture,
        $"other processes keep {others:0.0} processors busy, and this run waits for them {share:0%} of the time; fewer --threads wait "
            + $"less, and round otherwise in the last digits.");

    private string Format(Progress value, TimeSpan elapsed)
    {
        double share = value.Total == 0 ? 0 : (double)value.Done / value.Total;
        long done = value.Done - _firstDone;
        string left = done > 0 && value.Done < value.Total
            ? $", {Clock(elapsed * ((double)(value.Total - value.Done) / done))} left"
            : $", {Clock(elapsed)} taken";
        return FormattableString.Invariant($"{value.Phase} {share:P0}{(value.Detail is null ? "" : $", {value.Detail}")}{left}");
    }

    private void Write(string line)
    {
        if (!_terminal)
        {
            error.WriteLine(line);
            return;
        }
        error.Write('\r' + line.PadRight(_width));
        _width = line.Length;
    }

    private void EndLine()
    {
        if (_terminal && _width > 0) error.WriteLine();
        _width = 0;
    }

    private static string Clock(TimeSpan span) => span.TotalHours >= 1 ? $"{(int)span.TotalHours}:{span.Minutes:00}:{span.Seconds:00}"
        : $"{span.Minutes}:{span.Seconds:00}";
}
