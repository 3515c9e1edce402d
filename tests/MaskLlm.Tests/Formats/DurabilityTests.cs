using MaskLlm.Data;
using MaskLlm.Formats;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace MaskLlm.Tests.Formats;

/// <summary>No test can pull the plug: that content reaches the disk before a name, and the name before a return, is read from the
/// code.</summary>
public sealed class DurabilityTests
{
    private const string FlushFile = "System.Void System.IO.FileStream::Flush(System.Boolean)";
    private const string TakeName = "System.Void MaskLlm.Formats.DurableName::Take(System.String,System.String)";
    private const string FlushFolder = "System.Boolean MaskLlm.Formats.DurableName::FlushFolder(System.String)";

    // Who makes files without AtomicFile, and why.
    private static readonly Dictionary<string, string> OwnFiles = new(StringComparer.Ordinal)
    {
        [nameof(AtomicFile)] = "the rule itself",
        ["TokenFile"] = "only reads",
        ["TokenFileWriter"] = "appends, and takes its name by DurableName",
        ["TemporaryPath"] = "opens what others left, to see whether they still write",
        ["MetricsLog"] = "a log, line by line",
        ["PassedStates"] = "loses its name at once",
        ["FolderLock"] = "the lock",
        ["RunFolder"] = "a probe for permissions",
        ["PipeStream"] = "only reads what another program writes",
        ["SourceFile"] = "only reads, with a buffer of its own",
    };

    [Fact]
    public void FlushFolder_FolderThereOrNot_SaysWhetherItDid()
    {
        using TemporaryFolder folder = new();
        Assert.Equal(!OperatingSystem.IsWindows(), DurableName.FlushFolder(folder.Path));
        Assert.False(DurableName.FlushFolder(folder.File("missing")));
    }

    [Fact]
    public void Take_FileUnderATemporaryName_ReplacesTheOldOne()
    {
        using TemporaryFolder folder = new();
        string temporary = folder.Write("a.tmp", [1]), path = folder.Write("a", [2]);
        DurableName.Take(temporary, path);
        Assert.Equal([1], File.ReadAllBytes(path));
        Assert.False(File.Exists(temporary));
    }

    /// <summary>The content before the name.</summary>
    [Theory]
    [InlineData(typeof(AtomicFile), "WriteDurably")]
    [InlineData(typeof(TokenFileWriter), nameof(TokenFileWriter.Complete))]
    public void Content_IsFlushedToTheDisk(Type type, string method)
    {
        List<Instruction> code = Code(type, method);
        int flush = IndexOf(code, FlushFile);
        Assert.True(flush > 0, $"{type.Name}.{method} flushes no file");
        Assert.Equal(OpCodes.Ldc_I4_1, code[flush - 1].OpCode);
    }

    /// <summary>The name after the content, and by the one way that flushes the folder too.</summary>
    [Theory]
    [InlineData(typeof(AtomicFile), "Replace", "WriteDurably", TakeName)]
    [InlineData(typeof(TokenFileWriter), nameof(TokenFileWriter.Complete), FlushFile, TakeName)]
    [InlineData(typeof(DurableName), nameof(DurableName.Take), "System.IO.File::Move", FlushFolder)]
    [InlineData(typeof(StagedFolder), nameof(StagedFolder.Commit), "System.IO.Directory::Move", FlushFolder)]
    public void Names_AreTakenInThisOrder(Type type, string method, string first, string then)
    {
        List<Instruction> code = Code(type, method);
        int before = IndexOf(code, first), after = IndexOf(code, then);
        Assert.True(before >= 0 && after > before, $"{type.Name}.{method}: {first} at {before}, {then} at {after}");
    }

    [Fact]
    public void StagedFolder_FilesIntoAFolderThatExists_FlushesItLast()
    {
        List<Instruction> code = Code(typeof(StagedFolder), nameof(StagedFolder.Commit));
        Assert.True(code.FindLastIndex(one => Calls(one, FlushFolder)) > code.FindLastIndex(one => Calls(one, "System.IO.File::Move")));
        Assert.Equal(2, code.Count(one => Calls(one, FlushFolder)));
    }

    [Fact]
    public void Library_FilesAreRenamed_OnlyDurably()
    {
        string[] renaming = ["System.IO.File::Move", "System.IO.File::Replace", "System.IO.File::Copy", "System.IO.Directory::Move",
            "FileInfo::MoveTo", "FileInfo::CopyTo"];
        Assert.Equal([nameof(DurableName), nameof(StagedFolder)], Callers(renaming));
    }

    [Fact]
    public void Library_FilesAreMade_OnlyByThoseOfTheList()
    {
        string[] making =
        [
            "System.IO.File::WriteAll", "System.IO.File::Append", "System.IO.File::Create(", "System.IO.File::CreateText",
            "System.IO.File::OpenWrite", "System.IO.File::Open(",
            "System.IO.StreamWriter::.ctor(System.String",
            "System.IO.FileStream::.ctor(System.String,System.IO.FileMode,System.IO.FileAccess,System.IO.FileShare,",
            "System.IO.FileStream::.ctor(System.String,System.IO.FileStreamOptions",
        ];
        Assert.Equal(OwnFiles.Keys.Order(StringComparer.Ordinal), Callers(making));
    }

    private static List<Instruction> Code(Type type, string method)
    {
        using AssemblyDefinition library = AssemblyDefinition.ReadAssembly(type.Assembly.Location);
        return [.. library.MainModule.GetType(type.FullName).Methods.Single(one => one.Name == method).Body.Instructions];
    }

    private static int IndexOf(List<Instruction> code, string call) => code.FindIndex(one => Calls(one, call));

    private static bool Calls(Instruction instruction, string call) =>
        instruction.Operand is MethodReference method && method.FullName.Contains(call, StringComparison.Ordinal);

    // Nested types are the compiler's: closures and iterators of the type around them.
    private static string[] Callers(string[] calls) =>
        [.. Libraries.All.SelectMany(library => Callers(library.Location, calls)).Distinct().Order(StringComparer.Ordinal)];

    private static string[] Callers(string path, string[] calls)
    {
        using AssemblyDefinition library = AssemblyDefinition.ReadAssembly(path);
        return
        [
            .. library.MainModule.GetTypes().SelectMany(type => type.Methods).Where(method => method.HasBody)
                .Where(method => method.Body.Instructions.Any(instruction => calls.Any(call => Calls(instruction, call))))
                .Select(method => Outermost(method.DeclaringType).Name),
        ];
    }

    private static TypeDefinition Outermost(TypeDefinition type) => type.DeclaringType is { } outer ? Outermost(outer) : type;
}
