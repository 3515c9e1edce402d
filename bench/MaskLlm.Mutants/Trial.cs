using System.Diagnostics;
using System.Globalization;
using Mono.Cecil;

namespace MaskLlm.Mutants;

/// <summary>
/// Changes the built libraries, not their source: nothing is compiled, so that a change costs the start of a test process. The tests of the
/// changed room go first, all others only where these notice nothing.
/// </summary>
internal sealed class Trial : IDisposable
{
    private static readonly string[] Libraries = ["MaskLlm.Core.dll", "MaskLlm.Text.dll", "MaskLlm.Runtime.dll", "MaskLlm.Learning.dll"];

    private static readonly string[] Projects = ["MaskLlm.Tests", "MaskLlm.Cli.Tests"];

    // Of one room's tests, and of all: a loop without an end is noticed by whoever waits.
    private static readonly TimeSpan LongestOfRoom = TimeSpan.FromMinutes(2), LongestOfAll = TimeSpan.FromMinutes(20);

    private readonly string _copies = Directory.CreateTempSubdirectory("maskllm-mutants-").FullName;
    private readonly string _originals, _sourceFolder;
    private readonly Dictionary<string, string[]> _sources = new(StringComparer.Ordinal);
    private readonly DefaultAssemblyResolver _references = new();
    private readonly bool _quick;
    private readonly TextWriter _output;

    /// <param name="repository">Built.</param>
    /// <param name="quick">Whether only the room's tests run.</param>
    /// <param name="output">Told of each change.</param>
    internal Trial(string repository, bool quick, TextWriter output)
    {
        (_quick, _output) = (quick, output);
        string binaries = Path.Combine(Path.GetFullPath(repository), "artifacts", "bin");
        // A build meanwhile changes nothing of what is tried.
        _originals = Directory.CreateDirectory(Path.Combine(_copies, "originals")).FullName;
        foreach (string file in Libraries.SelectMany(library => (string[])[library, Path.ChangeExtension(library, ".pdb")]))
            File.Copy(Path.Combine(binaries, Projects[0], "debug", file), Path.Combine(_originals, file));
        _references.AddSearchDirectory(Path.Combine(binaries, Projects[0], "debug"));
        _sourceFolder = Path.Combine(Path.GetFullPath(repository), "src");
        // Beside the repository's own files, which some tests look for above their folder: links, and two copies of the libraries.
        foreach (string project in Projects)
            Link(Path.Combine(binaries, project, "debug"), Path.Combine(_copies, "artifacts", "bin", project, "debug"));
        foreach (string entry in Directory.EnumerateFileSystemEntries(repository).Where(entry => Path.GetFileName(entry) != "artifacts"))
            File.CreateSymbolicLink(Path.Combine(_copies, Path.GetFileName(entry)), Path.GetFullPath(entry));
    }

    /// <summary>Tries changes.</summary>
    /// <returns>The exit code: 0 where all were noticed.</returns>
    internal int Run(IReadOnlyList<string> rooms, int count, int seed)
    {
        Mutation[][] files = Sites(rooms);
        _output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{files.Sum(file => file.Length)} changes in {files.Length} files, seed {seed}"));
        // Tests that fail without a change notice nothing.
        foreach (string room in files.Select(file => RoomOf(file[0])).Distinct())
            if (!Passes(Projects[0], "-class", $"MaskLlm.Tests.{room}.*"))
                throw new InvalidOperationException($"The tests of {room} fail without any change.");
        Random random = new(seed);
        int lived = 0;
        for (int i = 0; i < count; i++)
        {
            Mutation[] file = files[random.Next(files.Length)];
            Mutation mutation = file[random.Next(file.Length)];
            long begin = Stopwatch.GetTimestamp();
            Write(mutation);
            string? noticed = Noticed(mutation);
            if (noticed is null) lived++;
            _output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{noticed ?? "LIVES",-18} {Path.GetFileName(mutation.File)}:{mutation.Line} {mutation.From} to {mutation.To} "
                    + $"{mutation.Value} ({Stopwatch.GetElapsedTime(begin).TotalSeconds:0} s)"));
            if (noticed is null) _output.WriteLine($"    {File.ReadLines(mutation.File).ElementAtOrDefault(mutation.Line - 1)?.Trim()}");
        }
        _output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count - lived} of {count} noticed"));
        return lived == 0 ? 0 : 1;
    }

    public void Dispose()
    {
        _references.Dispose();
        Directory.Delete(_copies, recursive: true);
    }

    private Mutation[][] Sites(IReadOnlyList<string> rooms)
    {
        return
        [
            .. Libraries.SelectMany(library => Changes(library, rooms)).Where(IsOfTheSource).GroupBy(mutation => mutation.File)
                .OrderBy(file => file.Key, StringComparer.Ordinal).Select(file => file.ToArray()),
        ];
    }

    private List<Mutation> Changes(string library, IReadOnlyList<string> rooms)
    {
        using AssemblyDefinition original = Read(library);
        return [.. Methods(original).Where(method => rooms.Count == 0 || rooms.Contains(Room(method.DeclaringType)))
            .SelectMany(Mutation.Of)];
    }

    // Messages are held by tests where they matter; and a constant that the line does not have, the compiler put there.
    private bool IsOfTheSource(Mutation mutation)
    {
        if (!_sources.TryGetValue(mutation.File, out string[]? lines)) _sources[mutation.File] = lines = File.ReadAllLines(mutation.File);
        string line = lines.ElementAtOrDefault(mutation.Line - 1) ?? "";
        return !line.Contains("throw ", StringComparison.Ordinal)
            && mutation.Words.Any(word => line.Contains(word, StringComparison.Ordinal));
    }

    private void Write(Mutation mutation)
    {
        foreach (string library in Libraries)
        {
            using AssemblyDefinition changed = Read(library);
            if (library == mutation.Library) mutation.Apply(Methods(changed).Single(method => method.FullName == mutation.Method));
            foreach (string project in Projects)
            {
                string path = Path.Combine(_copies, "artifacts", "bin", project, "debug", library);
                File.Delete(path);
                changed.Write(path);
            }
        }
    }

    private string? Noticed(Mutation mutation)
    {
        if (!Passes(Projects[0], "-class", $"MaskLlm.Tests.{RoomOf(mutation)}.*")) return "noticed";
        if (_quick) return null;
        return !Passes(Projects[0]) ? "noticed by others" : !Passes(Projects[1]) ? "noticed by verbs" : null;
    }

    private string RoomOf(Mutation mutation) => Path.GetRelativePath(_sourceFolder, mutation.File).Split(Path.DirectorySeparatorChar)[1];

    private bool Passes(string project, params string[] filter)
    {
        ProcessStartInfo start = new(Path.Combine(_copies, "artifacts", "bin", project, "debug", project))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true
        };
        foreach (string argument in (string[])["-stopOnFail", "-noColor", "-noLogo", .. filter]) start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (process.WaitForExit(filter.Length > 0 ? LongestOfRoom : LongestOfAll)) return process.ExitCode == 0;
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
        return false;
    }

    private AssemblyDefinition Read(string library) => AssemblyDefinition.ReadAssembly(
        Path.Combine(_originals, library), new ReaderParameters { ReadSymbols = true, AssemblyResolver = _references });

    private static IEnumerable<MethodDefinition> Methods(AssemblyDefinition library) => library.MainModule.GetTypes()
        .SelectMany(type => type.Methods)
            .Where(method => method.HasBody
            && !method.CustomAttributes.Any(attribute => attribute.AttributeType.Name == "CompilerGeneratedAttribute"));

    private static string Room(TypeDefinition type) => type.DeclaringType is { } outer ? Room(outer) : type.Namespace.Split('.')
        .ElementAtOrDefault(1) ?? "";

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
