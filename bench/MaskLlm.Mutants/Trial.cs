using System.Diagnostics;

namespace MaskLlm.Mutants;

/// <summary>Changes the source, one place at a time, and asks the test classes that run it: those of its room first.</summary>
internal sealed class Trial : IDisposable
{
    // What a quick trial asks.
    private const int FewClasses = 10;

    private static readonly string[] Folders = ["MaskLlm.Core", "MaskLlm.Text", "MaskLlm.Runtime", "MaskLlm.Learning", "MaskLlm.Cli"];

    // A change of what takes files away may take away what is not ours: who tries these looks at each first.
    private static readonly string[] Dangers = ["Delete(", ".Move(", "File.Replace(", "SetUnixFileMode(", "LibraryImport"];

    private readonly string _repository;
    private readonly TestCopies _copies;
    private readonly Library[] _libraries;
    private readonly Reach _reach;
    private readonly bool _quick, _dangerous;
    private readonly TextWriter _output;

    /// <param name="repository">Built.</param>
    /// <param name="quick">Whether only the first few classes that run the changed line are asked.</param>
    /// <param name="dangerous">Whether files that take files away are changed too.</param>
    /// <param name="output">Told of each change.</param>
    internal Trial(string repository, bool quick, bool dangerous, TextWriter output)
    {
        (_repository, _quick, _dangerous, _output) = (Path.GetFullPath(repository), quick, dangerous, output);
        _copies = new TestCopies(_repository);
        _libraries = [.. Folders.Zip(_copies.Libraries, (folder, file) => new Library(_repository, folder, file))];
        _reach = new Reach(_copies, Path.Combine(_repository, "artifacts", "reach.json"));
    }

    /// <summary>Tries changes.</summary>
    /// <returns>The exit code: 0 where all were noticed.</returns>
    internal int Run(IReadOnlyList<string> rooms, int count, int seed)
    {
        foreach (string project in Asked) _reach.Ask(project, _quick ? rooms : [], _output);
        foreach (string file in Files(rooms))
            foreach ((string name, int line) in _reach.Unreached(file)) Say($"unreached    {Path.GetFileName(file)}:{line} {name}");
        Mutation[][] files = [.. Files(rooms).Select(file => Mutation.Of(file).ToArray()).Where(file => file.Length > 0)];
        Say($"{files.Sum(file => file.Length)} changes in {files.Length} files, seed {seed}");
        Random random = new(seed);
        int noticed = 0;
        for (int tried = 0; tried < count;)
        {
            Mutation[] file = files[random.Next(files.Length)];
            if (Try(file[random.Next(file.Length)]) is not { } isNoticed) continue;
            tried++;
            if (isNoticed) noticed++;
        }
        Say($"{noticed} of {count} noticed");
        return noticed == count ? 0 : 1;
    }

    public void Dispose() => _copies.Dispose();

    private string[] Asked => _quick ? TestCopies.Projects[..1] : TestCopies.Projects;

    // Null where the change does not compile.
    private bool? Try(Mutation mutation)
    {
        long begin = Stopwatch.GetTimestamp();
        Library library = _libraries.Single(library => library.Sources.Contains(mutation.File));
        if (library.With(mutation) is not { } changed) return null;
        _copies.Replace(library.FileName, changed);
        string? by = Noticed(mutation);
        _copies.Restore();
        string text = File.ReadAllText(mutation.File);
        string old = text[mutation.Place.Start..mutation.Place.End].Trim(), name = Path.GetFileName(mutation.File);
        Say($"{by ?? "LIVES",-12} {name}:{mutation.Line + 1} {old} to {mutation.New} ({Stopwatch.GetElapsedTime(begin).TotalSeconds:0} s)");
        if (by is null) Say($"    {text.Split('\n')[mutation.Line].Trim()}");
        return by is not null;
    }

    private string? Noticed(Mutation mutation)
    {
        foreach (string project in Asked)
        {
            IReadOnlyList<string> classes = _reach.Classes(project, mutation, RoomOf(mutation.File));
            string[] few = [.. classes.Take(FewClasses)], others = _quick ? [] : [.. classes.Skip(FewClasses)];
            if (few.Length > 0 && !_copies.Passes(project, few, TestCopies.LongestOfSome)) return "noticed";
            if (others.Length > 0 && !_copies.Passes(project, others, TestCopies.LongestOfAll)) return "noticed late";
        }
        return null;
    }

    private IEnumerable<string> Files(IReadOnlyList<string> rooms) => _libraries.SelectMany(library => library.Sources)
        .Where(file => file.StartsWith(Path.Combine(_repository, "src"), StringComparison.Ordinal))
        .Where(file => rooms.Count == 0 || rooms.Contains(RoomOf(file)))
        .Where(file => _dangerous || !Dangers.Any(File.ReadAllText(file).Contains));

    private string RoomOf(string file) =>
        Path.GetRelativePath(Path.Combine(_repository, "src"), file).Split(Path.DirectorySeparatorChar)[1];

    private void Say(FormattableString text) => _output.WriteLine(FormattableString.Invariant(text));
}
