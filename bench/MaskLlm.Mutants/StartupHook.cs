/// <summary>
/// Runs in every process of the tests that are asked what they reach: keeps the notes of the changed libraries, a byte a method, and writes
/// them down at the end.
/// </summary>
#pragma warning disable CA1050 // The runtime looks for this name, in no namespace.
public static class StartupHook
#pragma warning restore CA1050
{
    /// <summary>Where the notes of each process go.</summary>
    public const string Folder = "MASKLLM_REACHED";

    /// <summary>The notes, for the libraries.</summary>
    public const string Notes = "MaskLlm.Mutants.Notes";

    private const int MostMethods = 1 << 16;

    /// <summary>Called before the program's own Main.</summary>
    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable(Folder) is not { } folder) return;
        byte[] notes = new byte[MostMethods];
        AppDomain.CurrentDomain.SetData(Notes, notes);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => File.WriteAllBytes(Path.Combine(folder, $"{Guid.NewGuid():n}"), notes);
    }
}
