using System.Diagnostics;

namespace MaskLlm.Tests;

/// <summary>The system's Python, whose numpy some checks need.</summary>
internal static class SystemPython
{
    private const string Program = "/usr/bin/python3";

    /// <summary>Skips the test where numpy is not installed for it.</summary>
    internal static void RequireNumpy()
    {
        if (!File.Exists(Program) || Run("-c", "import numpy").ExitCode != 0) Assert.Skip($"{Program} with numpy is not on this machine.");
    }

    /// <summary>Runs it to the end.</summary>
    internal static (int ExitCode, string Output) Run(params string[] arguments)
    {
        using Process process =
            Process.Start(new ProcessStartInfo(Program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
