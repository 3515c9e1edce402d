using System.Globalization;
using System.Runtime.InteropServices;

namespace MaskLlm.Cli;

/// <summary>
/// The signals that ask the program to stop: an interrupt, the end of the session, the end of the machine. The first stops it
/// after the step, the second at once.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    // Linux and macOS: a file outgrew the shell's limit. The write fails too, and says so in words.
    private const int FileTooLarge = 25;

    private const int Hangup = 1;

    private readonly CancellationTokenSource _stop = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly TextWriter _error;

    internal StopSignals(TextWriter error)
    {
        _error = error;
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, OnStop));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnStop));
        // Whoever started this with nohup wants it to outlive the session.
        if (!IsIgnored(Hangup)) _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnStop));
        if (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS())
            _registrations.Add(PosixSignalRegistration.Create((PosixSignal)FileTooLarge, context => context.Cancel = true));
    }

    internal CancellationToken Token => _stop.Token;

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _stop.Dispose();
    }

    private void OnStop(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_stop.IsCancellationRequested) Environment.Exit(ExitCode.Interrupted);   // asked twice: at once
        _error.WriteLine("\nstopping after this step; once more stops at once");
        _stop.Cancel();
    }

    // Elsewhere than on Linux there is nothing to read this from.
    private static bool IsIgnored(int signal)
    {
        const string Key = "SigIgn:", Status = "/proc/self/status";
        string? line = File.Exists(Status)
            ? File.ReadLines(Status).FirstOrDefault(line => line.StartsWith(Key, StringComparison.Ordinal)) : null;
        return line is not null
            && (ulong.Parse(line[Key.Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> (signal - 1) & 1) == 1;
    }
}
