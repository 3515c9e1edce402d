using System.Diagnostics;
using System.Security.Cryptography;

namespace MaskLlm.Mutants;

/// <summary>
/// Copies of the built tests whose libraries can be replaced, beside links to the repository's own files, which some tests look for above
/// their folder.
/// </summary>
internal sealed class TestCopies : IDisposable
{
    /// <summary>The tests' projects; the second has all libraries and the program.</summary>
    internal static readonly string[] Projects = ["MaskLlm.Tests", "MaskLlm.Cli.Tests"];

    // Of a few classes, and of all: a loop without an end is noticed by whoever waits.
    internal static readonly TimeSpan LongestOfSome = TimeSpan.FromMinutes(2), LongestOfAll = TimeSpan.FromMinutes(20);

    private static readonly string[] FileNames =
        ["MaskLlm.Core.dll", "MaskLlm.Text.dll", "MaskLlm.Runtime.dll", "MaskLlm.Learning.dll", "maskllm.dll"];

    private readonly string _folder = Directory.CreateTempSubdirectory("maskllm-mutants-").FullName;
    private readonly string _repository, _originals;

    /// <param name="repository">Built.</param>
    internal TestCopies(string repository)
    {
        _repository = repository;
        string binaries = Path.Combine(repository, "artifacts", "bin");
        // A build meanwhile changes nothing of what is tried: all managed libraries are copied.
        _originals = Directory.CreateDirectory(Path.Combine(_folder, "originals")).FullName;
        foreach (string file in Directory.EnumerateFiles(Path.Combine(binaries, Projects[1], "debug")))
            File.Copy(file, Path.Combine(_originals, Path.GetFileName(file)));
        foreach (string project in Projects)
            Link(Path.Combine(binaries, project, "debug"), FolderOf(project));
        foreach (string entry in Directory.EnumerateFileSystemEntries(repository).Where(entry => Path.GetFileName(entry) != "artifacts"))
            File.CreateSymbolicLink(Path.Combine(_folder, Path.GetFileName(entry)), entry);
        string shared = Path.Combine(repository, "..", "shared");
        if (Directory.Exists(shared)) File.CreateSymbolicLink(Path.Combine(_folder, "shared"), Path.GetFullPath(shared));
    }

    /// <summary>The unchanged libraries.</summary>
    internal IEnumerable<string> Libraries => FileNames.Select(name => Path.Combine(_originals, name));

    /// <summary>Puts another library in the place of one.</summary>
    internal void Replace(string fileName, byte[] library)
    {
        foreach (string path in Projects.Select(project => Path.Combine(FolderOf(project), fileName)).Where(File.Exists))
            File.WriteAllBytes(path, library);
    }

    /// <summary>Takes all changes back.</summary>
    internal void Restore()
    {
        foreach (string library in Libraries) Replace(Path.GetFileName(library), File.ReadAllBytes(library));
    }

    /// <summary>The test classes of a project, each with a stamp of its source.</summary>
    internal IEnumerable<(string Name, string Stamp)> Classes(string project)
    {
        using Process process = Start(project, ["-list", "classes"], null);
        string[] lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.TrimEntries);
        process.WaitForExit();
        return lines.Where(line => line.StartsWith("MaskLlm.", StringComparison.Ordinal)).Select(name => (name, Stamp(project, name)));
    }

    /// <summary>Runs test classes.</summary>
    /// <param name="project">Theirs.</param>
    /// <param name="classes">Their full names.</param>
    /// <param name="longest">They may take.</param>
    /// <param name="notes">The folder for notes of what is reached; null without.</param>
    internal bool Passes(string project, IEnumerable<string> classes, TimeSpan longest, string? notes = null)
    {
        using Process process = Start(
            project, ["-stopOnFail", .. classes.SelectMany(name => (string[])["-class", name])], notes);
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        if (process.WaitForExit(longest)) return process.ExitCode == 0;
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
        return false;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Process Start(string project, string[] arguments, string? notes)
    {
        ProcessStartInfo start = new(Path.Combine(FolderOf(project), project), ["-noColor", "-noLogo", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        if (notes is not null)
        {
            start.Environment["DOTNET_STARTUP_HOOKS"] = typeof(StartupHook).Assembly.Location;
            start.Environment[StartupHook.Folder] = notes;
        }
        // A loop that keeps what it makes ends before the machine's memory does.
        start.Environment["DOTNET_GCHeapHardLimit"] = "180000000";
        Process process = Process.Start(start)!;
        process.StandardInput.Close();
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        return process;
    }

    private string FolderOf(string project) => Path.Combine(_folder, "artifacts", "bin", project, "debug");

    private string Stamp(string project, string name)
    {
        string file = string.Join('/', name[project.Length..].Split('.')) + ".cs";
        string path = Path.Combine(_repository, "tests", project, file.TrimStart('/'));
        return File.Exists(path) ? Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)))[..16] : "";
    }

    private static void Link(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string entry in Directory.EnumerateFileSystemEntries(from))
        {
            string target = Path.Combine(to, Path.GetFileName(entry));
            // The runtime looks for a program's libraries where the program's own file really lies.
            if (Directory.Exists(entry)) File.CreateSymbolicLink(target, entry);
            else File.Copy(entry, target);
        }
    }
}
