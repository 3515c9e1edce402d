using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace MaskLlm.Mutants;

/// <summary>One project of the repository, compiled here: a change costs a compilation of it alone.</summary>
internal sealed class Library
{
    private readonly Lazy<CSharpCompilation> _compilation;
    private readonly Dictionary<string, SyntaxTree> _trees;

    /// <param name="repository">Built.</param>
    /// <param name="project">Its folder's name below src.</param>
    /// <param name="file">The built library, among all that it refers to.</param>
    internal Library(string repository, string project, string file)
    {
        FileName = Path.GetFileName(file);
        CSharpParseOptions dialect = new(LanguageVersion.Latest, preprocessorSymbols: ["DEBUG", "TRACE", "NET", "NET10_0"]);
        string[] sources =
        [
            .. Directory.EnumerateFiles(Path.Combine(repository, "src", project), "*.cs", SearchOption.AllDirectories),
            // Global usings and who sees internals.
            .. Directory.EnumerateFiles(Path.Combine(repository, "artifacts", "obj", project, "debug"), "*.cs"),
        ];
        Sources = [.. sources.Order(StringComparer.Ordinal)];
        _trees = Sources.ToDictionary(
            source => source, source => CSharpSyntaxTree.ParseText(SourceText.From(File.ReadAllText(source)), dialect, source));
        bool isProgram = Path.ChangeExtension(file, ".runtimeconfig.json") is { } config && File.Exists(config);
        CSharpCompilationOptions options = new(
            isProgram ? OutputKind.ConsoleApplication : OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, deterministic: true,
            nullableContextOptions: NullableContextOptions.Enable);
        CSharpCompilation compilation =
            CSharpCompilation.Create(Path.GetFileNameWithoutExtension(file), _trees.Values, References(file), options);
        _compilation = new Lazy<CSharpCompilation>(() => Generated(compilation, dialect));
    }

    /// <summary>Of the library.</summary>
    internal string FileName { get; }

    internal IReadOnlyList<string> Sources { get; }

    /// <summary>Compiles it with a change.</summary>
    /// <returns>Null if the change does not compile.</returns>
    internal byte[]? With(Mutation mutation)
    {
        SyntaxTree tree = _trees[mutation.File];
        SourceText text = tree.GetText().WithChanges(new TextChange(mutation.Place, mutation.New));
        using MemoryStream image = new();
        return _compilation.Value.ReplaceSyntaxTree(tree, tree.WithChangedText(text)).Emit(image).Success ? image.ToArray() : null;
    }

    private static CSharpCompilation Generated(CSharpCompilation sources, CSharpParseOptions dialect)
    {
        CSharpGeneratorDriver.Create(Generators(), parseOptions: dialect)
            .RunGeneratorsAndUpdateCompilation(sources, out Compilation all, out ImmutableArray<Diagnostic> _);
        Diagnostic? error = all.GetDiagnostics().FirstOrDefault(each => each.Severity == DiagnosticSeverity.Error);
        return error is null ? (CSharpCompilation)all : throw new InvalidOperationException($"{error}");
    }

    private static IEnumerable<MetadataReference> References(string file) =>
        Directory.EnumerateFiles(Path.GetDirectoryName(file)!, "*.dll")
            .Where(other => other != file && !other.EndsWith(".Tests.dll", StringComparison.Ordinal) && IsManaged(other))
            .Concat(Packs("ref"))
            .GroupBy(Path.GetFileName).Select(same => MetadataReference.CreateFromFile(same.First()));

    private static bool IsManaged(string file)
    {
        try
        {
            AssemblyName.GetAssemblyName(file);
            return true;
        }
        catch (BadImageFormatException)
        {
            return false;
        }
    }

    private static IEnumerable<ISourceGenerator> Generators() =>
        Packs("analyzers").Where(path => !path.Contains(".resources.", StringComparison.Ordinal))
            .SelectMany(path => new AnalyzerFileReference(path, new Loader()).GetGenerators(LanguageNames.CSharp));

    // Of the SDK that runs this program.
    private static IEnumerable<string> Packs(string folder)
    {
        string packs = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "packs"));
        return Directory.EnumerateDirectories(packs, "Microsoft.*.App.Ref")
            .Select(pack => Directory.EnumerateDirectories(pack, "10.*").Order(StringComparer.Ordinal).Last())
            .SelectMany(version => Directory.EnumerateFiles(Path.Combine(version, folder), "*.dll", SearchOption.AllDirectories));
    }

    private sealed class Loader : IAnalyzerAssemblyLoader
    {
        public void AddDependencyLocation(string fullPath)
        {
        }

        public Assembly LoadFromPath(string fullPath) => Assembly.LoadFrom(fullPath);
    }
}
