using System.Diagnostics;
using System.Text;

namespace MaskLlm.Cli.Tests;

/// <summary>The real program as a process of its own.</summary>
internal sealed class ProgramRun : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task _errorEnd;
    private readonly StringBuilder _error = new();

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
        _output = _process.StandardOutput.ReadToEndAsync();
        _errorEnd = ReadErrors();
    }

    internal int Id => _process.Id;

    internal bool HasExited => _process.HasExited;

    /// <summary>What it has said on standard error.</summary>
    internal string ErrorSoFar
    {
        get
        {
            lock (_error) return _error.ToString();
        }
    }

    /// <summary>What starts the program, as a prefix of its arguments.</summary>
    internal static string[] Command => ["dotnet", Path.Combine(AppContext.BaseDirectory, "maskllm.dll")];

    internal static ProgramRun Start(params string[] args) => new(Command[0], Command[1..].Concat(args));

    /// <summary>The same in a working folder.</summary>
    internal static ProgramRun StartIn(string folder, params string[] args) => new(Command[0], Command[1..].Concat(args), folder);

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
        await _errorEnd;
        return new CommandRun(_process.ExitCode, await _output, ErrorSoFar);
    }

    private async Task ReadErrors()
    {
        char[] some = new char[1024];
        for (int count; (count = await _process.StandardError.ReadAsync(some)) > 0;)
        {
            lock (_error) _error.Append(some, 0, count);
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }
}
