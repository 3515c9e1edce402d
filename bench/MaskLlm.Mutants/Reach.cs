using System.Diagnostics;
using System.Text.Json;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace MaskLlm.Mutants;

/// <summary>Which test classes run which lines: each class was run once, alone, on libraries that note their methods.</summary>
internal sealed class Reach
{
    private readonly TestCopies _copies;
    private readonly string _file;
    private readonly List<Span> _methods = [];
    private readonly Dictionary<string, Runs> _classes;

    /// <param name="copies">Whose libraries are replaced while classes run.</param>
    /// <param name="file">Keeps what is known: only classes that are new, or whose source is another, are run.</param>
    internal Reach(TestCopies copies, string file)
    {
        (_copies, _file) = (copies, file);
        _classes = File.Exists(file) ? JsonSerializer.Deserialize<Dictionary<string, Runs>>(File.ReadAllText(file))! : [];
        Instrument();
    }

    /// <summary>Runs the classes that are not known yet.</summary>
    /// <param name="project">Theirs.</param>
    /// <param name="rooms">Only the classes of these; all where one has no classes of its own.</param>
    /// <param name="output">Told of classes that fail.</param>
    internal void Ask(string project, IReadOnlyList<string> rooms, TextWriter output)
    {
        (string Name, string Stamp)[] all = [.. _copies.Classes(project)];
        bool asksAll = rooms.Count == 0 || !rooms.All(room => all.Any(one => IsOf(one.Name, room)));
        foreach ((string name, string stamp) in all)
        {
            if (!asksAll && !rooms.Any(room => IsOf(name, room))) continue;
            if (_classes.TryGetValue(name, out Runs? known) && known.Stamp == stamp) continue;
            string notes = Directory.CreateTempSubdirectory("maskllm-reached-").FullName;
            long begin = Stopwatch.GetTimestamp();
            bool passes = _copies.Passes(project, [name], TestCopies.LongestOfAll, notes);
            if (!passes) output.WriteLine($"{name} fails without any change, and notices nothing");
            _classes[name] = new Runs(
                project, stamp, passes, Stopwatch.GetElapsedTime(begin).TotalSeconds, [.. Reached(notes).Select(i => _methods[i].Name)]);
            Directory.Delete(notes, recursive: true);
            File.WriteAllText(_file, JsonSerializer.Serialize(_classes));
        }
        _copies.Restore();
    }

    /// <summary>The classes that run a line, those of its own room first, then those that take least time.</summary>
    /// <param name="project">Of the tests.</param>
    /// <param name="mutation">Where.</param>
    /// <param name="room">Of the line.</param>
    internal IReadOnlyList<string> Classes(string project, Mutation mutation, string room)
    {
        Span[] file = [.. _methods.Where(method => method.File == mutation.File)];
        Span[] around = [.. file.Where(method => method.First <= mutation.Line + 1 && mutation.Line + 1 <= method.Last)];
        // A constant or a default stands in no method.
        HashSet<string> names = [.. (around.Length == 0 ? file : around.Where(method => method.Length == around.Min(other => other.Length)))
            .Select(method => method.Name)];
        return
        [
            .. _classes.Where(one => one.Value.Passes && one.Value.Project == project)
                .Where(one => names.Count == 0 ? IsOf(one.Key, room) : one.Value.Methods.Any(names.Contains))
                .OrderBy(one => !IsOf(one.Key, room)).ThenBy(one => one.Value.Seconds).Select(one => one.Key),
        ];
    }

    /// <summary>The methods of a file that none of the classes runs: no change of theirs is noticed.</summary>
    internal IEnumerable<(string Name, int Line)> Unreached(string file) => _methods
        .Where(method => method.File == file && !_classes.Values.Any(one => one.Methods.Contains(method.Name)))
        .Select(method => (method.Name[(method.Name.IndexOf("::", StringComparison.Ordinal) + 2)..].Split('(')[0], method.First))
        .Where(method => !method.Item1.StartsWith("set_", StringComparison.Ordinal));

    private static bool IsOf(string name, string room) => name.Contains($".{room}.", StringComparison.Ordinal);

    private IEnumerable<int> Reached(string folder)
    {
        byte[][] notes = [.. Directory.EnumerateFiles(folder).Select(File.ReadAllBytes)];
        return Enumerable.Range(0, _methods.Count).Where(i => notes.Any(note => note[i] != 0));
    }

    // At the start of each method: notes[i] = 1.
    private void Instrument()
    {
        using DefaultAssemblyResolver references = new();
        references.AddSearchDirectory(Path.GetDirectoryName(_copies.Libraries.First()));
        foreach (string library in _copies.Libraries)
        {
            using AssemblyDefinition assembly = AssemblyDefinition.ReadAssembly(
                library, new ReaderParameters { ReadSymbols = true, AssemblyResolver = references });
            TypeReference bytes = new ArrayType(assembly.MainModule.TypeSystem.Byte);
            FieldDefinition notes = new("Notes", FieldAttributes.Assembly | FieldAttributes.Static, bytes);
            foreach (MethodDefinition method in assembly.MainModule.GetTypes().SelectMany(type => type.Methods))
            {
                if (!method.HasBody) continue;
                SequencePoint[] points = [.. method.DebugInformation.SequencePoints.Where(point => !point.IsHidden)];
                if (points.Length == 0) continue;
                Instruction first = method.Body.Instructions[0];
                ILProcessor processor = method.Body.GetILProcessor();
                processor.InsertBefore(first, processor.Create(OpCodes.Ldsfld, notes));
                processor.InsertBefore(first, processor.Create(OpCodes.Ldc_I4, _methods.Count));
                processor.InsertBefore(first, processor.Create(OpCodes.Ldc_I4_1));
                processor.InsertBefore(first, processor.Create(OpCodes.Stelem_I1));
                _methods.Add(new Span(
                    $"{Path.GetFileName(library)} {method.FullName}", points[0].Document.Url, points.Min(point => point.StartLine),
                    points.Max(point => point.EndLine)));
            }
            assembly.MainModule.Types.Add(Holder(assembly.MainModule, notes));
            using MemoryStream image = new();
            assembly.Write(image);
            _copies.Replace(Path.GetFileName(library), image.ToArray());
        }
    }

    private static TypeDefinition Holder(ModuleDefinition module, FieldDefinition notes)
    {
        const TypeAttributes IsStatic = TypeAttributes.Class | TypeAttributes.Sealed | TypeAttributes.Abstract;
        TypeDefinition holder = new("MaskLlm.Mutants", "Holder", IsStatic, module.TypeSystem.Object);
        holder.Fields.Add(notes);
        MethodDefinition begin = new(
            ".cctor", MethodAttributes.Private | MethodAttributes.Static | MethodAttributes.SpecialName | MethodAttributes.RTSpecialName,
            module.TypeSystem.Void);
        ILProcessor processor = begin.Body.GetILProcessor();
        processor.Emit(OpCodes.Ldstr, StartupHook.Notes);
        processor.Emit(OpCodes.Call, module.ImportReference(typeof(AppContext).GetMethod(nameof(AppContext.GetData))));
        processor.Emit(OpCodes.Castclass, notes.FieldType);
        processor.Emit(OpCodes.Stsfld, notes);
        processor.Emit(OpCodes.Ret);
        holder.Methods.Add(begin);
        return holder;
    }

    private sealed record Span(string Name, string File, int First, int Last)
    {
        internal int Length => Last - First;
    }

    private sealed record Runs(string Project, string Stamp, bool Passes, double Seconds, HashSet<string> Methods);
}
