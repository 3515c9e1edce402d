using System.Diagnostics;
using System.Text;

namespace MaskLlm.Cli.Tests;

/// <summary>The real program as a process of its own.</summary>
internal sealed class ProgramRun : IDisposable
{
    private readonly Process _process;
    private readonly Task _outputEnd, _errorEnd;
    private readonly StringBuilder _output = new(), _error = new();

    private ProgramRun(string file, IEnumerable<string> arguments, string folder = "")
    {
        ProcessStartInfo start = new(file, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        start.Environment["OMP_WAIT_POLICY"] = "PASSIVE";
        _process = Process.Start(start)!;
        _outputEnd = Read(_process.StandardOutput, _output);
        _errorEnd = Read(_process.StandardError, _error);
    }

    internal int Id => _process.Id;

    internal bool HasExited => _process.HasExited;

    /// <summary>What it has said on standard error.</summary>
    internal string ErrorSoFar => TextOf(_error);

    /// <summary>What it has said on standard output.</summary>
    internal string OutputSoFar => TextOf(_output);

    /// <summary>What starts the program, as a prefix of its arguments.</summary>
    internal static string[] Command => ["dotnet", Path.Combine(AppContext.BaseDirectory, "maskllm.dll")];

    internal static ProgramRun Start(params string[] args) => new(Command[0], Command[1..].Concat(args));

    /// <summary>The same in a working folder.</summary>
    internal static ProgramRun StartIn(string folder, params string[] args) => new(Command[0], Command[1..].Concat(args), folder);

    /// <summary>Another program.</summary>
    internal static ProgramRun StartProgram(string file, params string[] args) => new(file, args);

    /// <summary>A script of sh, with its positional parameters.</summary>
    internal static ProgramRun StartShell(string script, params string[] args) => new("sh", new[] { "-c", script, "sh" }.Concat(args));

    /// <summary>kill -9.</summary>
    internal void Kill() => _process.Kill();

    /// <summary>kill -15.</summary>
    internal void Terminate() => Signal("TERM");

    /// <summary>kill with a signal of this name.</summary>
    internal void Signal(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>Waits until something holds or the program has ended.</summary>
    internal async Task<bool> Reaches(Func<bool> holds)
    {
        while (!holds())
        {
            if (_process.HasExited) return holds();
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
        return true;
    }

    internal async Task<CommandRun> End()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        await Task.WhenAll(_outputEnd, _errorEnd);
        return new CommandRun(_process.ExitCode, OutputSoFar, ErrorSoFar);
    }

    private static async Task Read(StreamReader from, StringBuilder into)
    {
        char[] some = new char[1024];
        for (int count; (count = await from.ReadAsync(some)) > 0;)
        {
            lock (into) into.Append(some, 0, count);
        }
    }

    private static string TextOf(StringBuilder said)
    {
        lock (said) return said.ToString();
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }
}
