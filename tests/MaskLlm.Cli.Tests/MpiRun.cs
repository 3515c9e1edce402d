namespace MaskLlm.Cli.Tests;

/// <summary>The program as several processes of one of Debian's MPI libraries.</summary>
internal static class MpiRun
{
    internal const string OpenMpi = "openmpi", Mpich = "mpich";

    /// <summary>Skips the test where the launcher is not installed.</summary>
    internal static void Require(string library)
    {
        if (!Has(library)) Assert.Skip($"{Launcher(library)} is not on this machine.");
    }

    internal static bool Has(string library) => File.Exists(Launcher(library));

    /// <summary>Starts it with as many processes, whose arguments are the same.</summary>
    internal static ProgramRun Start(string library, int ranks, params string[] args) =>
        Start(library, ["-n", $"{ranks}", .. ProgramRun.Command, .. args]);

    /// <summary>The same to the end.</summary>
    internal static async Task<CommandRun> Of(string library, int ranks, params string[] args)
    {
        using ProgramRun run = Start(library, ranks, args);
        return await run.End();
    }

    /// <summary>Starts what the launcher's own arguments say.</summary>
    internal static ProgramRun Start(string library, IEnumerable<string> args) => ProgramRun.StartProgram("env",
    [
        "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", Launcher(library),
        .. library == OpenMpi ? new[] { "--oversubscribe", "--bind-to", "none" } : [], .. args,
    ]);

    /// <summary>The ids of the processes of a run, by a word that is in their arguments alone.</summary>
    internal static int[] Processes(string word) =>
    [
        .. Directory.EnumerateDirectories("/proc").Select(folder => int.TryParse(Path.GetFileName(folder), out int id) ? id : 0)
            .Where(id => id > 0 && Arguments(id) is [var program, ..] all && Path.GetFileName(program) == "dotnet" && all.Contains(word)),
    ];

    private static string[] Arguments(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline").Split('\0');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string Launcher(string library) => $"/usr/bin/mpirun.{library}";
}
