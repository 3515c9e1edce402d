using System.Diagnostics;

namespace MaskLlm.Experiments;

/// <summary>Processes that take all the processor time that they are given, until they are disposed.</summary>
internal sealed class BusyNeighbour : IDisposable
{
    private readonly List<Process> _processes = [];

    internal BusyNeighbour(int processes)
    {
        (string shell, string[] loop) = OperatingSystem.IsWindows()
            ? ("cmd.exe", new[] { "/c", "for /L %i in (0,0,1) do @rem" }) : ("/bin/sh", ["-c", "while :; do :; done"]);
        for (int i = 0; i < processes; i++) _processes.Add(Process.Start(shell, loop));
    }

    public void Dispose()
    {
        foreach (Process process in _processes)
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }
    }
}
