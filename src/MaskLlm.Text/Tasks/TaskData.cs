using System.Formats.Tar;
using System.Text;
using System.Text.Json;
using ICSharpCode.SharpZipLib.GZip;
using MaskLlm.Data;
using MaskLlm.Formats.Parquet;
using MaskLlm.Json;
using Microsoft.Extensions.FileSystemGlobbing;
using JsonValue = MaskLlm.Json.JsonValue;

namespace MaskLlm.Tasks;

/// <summary>The records of a task in local files: <c>.jsonl</c> and <c>.json</c>, also <c>.gz</c> and <c>.zst</c>, and Parquet.</summary>
/// <param name="folder">Where to look.</param>
internal sealed class TaskData(string folder)
{
    // Between an archive and a file in it.
    private const char InArchive = '#';

    // Of each archive its files by their names: one holds many tasks.
    private readonly Dictionary<string, Dictionary<string, byte[]>> _archives = new(StringComparer.Ordinal);

    /// <summary>All records, those of several files one after the other by name.</summary>
    /// <param name="task">What for.</param>
    /// <exception cref="FileNotFoundException">The folder has none of the task's files.</exception>
    /// <exception cref="InvalidDataException">A file is damaged or is no list of objects.</exception>
    internal IEnumerable<JsonValue> Read(TaskDefinition task)
    {
        foreach (string glob in task.Files)
        {
            int hash = glob.IndexOf(InArchive, StringComparison.Ordinal);
            if (hash < 0)
            {
                string[] found = [.. Matching(glob).Where(IsRecords)];
                if (found.Length == 0) continue;
                RequireOnce(task, found);
                return found.SelectMany(Records);
            }
            else if (Archived(Path.Combine(folder, glob[..hash])).TryGetValue(glob[(hash + 1)..], out byte[]? bytes))
                return Lines(() => Opened($"{Path.Combine(folder, glob[..hash])}: {glob[(hash + 1)..]}", new MemoryStream(bytes)));
        }
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"`TaskData` {folder}: there is no such folder.");
        string globs = string.Join(", ", task.Files.Select(JsonValue.Shortened));
        throw new FileNotFoundException($"{folder}: no file of {task.Name} in it; looked for {globs}. Name the folder that has it with "
            + $"`TaskData`.", folder);
    }

    private IEnumerable<string> Matching(string glob)
    {
        if (!Directory.Exists(folder)) return [];
        Matcher matcher = new(StringComparison.Ordinal);
        matcher.AddInclude(glob);
        return matcher.GetResultsInFullPath(folder).Order(StringComparer.Ordinal);
    }

    private static bool IsRecords(string path)
    {
        SourceFile file = SourceFile.At(path);
        string name = file.Compression == Compression.None ? path : Path.GetFileNameWithoutExtension(path);
        return file.Kind is ContentKind.Parquet or ContentKind.JsonLines || Path.GetExtension(name) == ".json";
    }

    // The parts of a data set lie in one folder, each once.
    private static void RequireOnce(TaskDefinition task, string[] files)
    {
        string? other = files.FirstOrDefault(file => Path.GetDirectoryName(file) != Path.GetDirectoryName(files[0]))
            ?? files.Zip(files.Skip(1)).Where(pair => Part(pair.First) == Part(pair.Second)).Select(pair => pair.Second).FirstOrDefault();
        if (other is not null)
            throw new ArgumentException($"`TaskData`: {files[0]} and {other} both hold {task.Name}, whose documents would count twice; "
                + $"name a folder that has one of them.");

        static string Part(string path) => Path.GetFileName(path).Split('.')[0];
    }

    private static IEnumerable<JsonValue> Records(string path)
    {
        SourceFile file = SourceFile.At(path);
        if (file.Kind == ContentKind.Parquet)
            return ParquetTable.Rows(path).Select((row, index) =>
                JsonValue.Parse($"{path}: row {index + 1}", Encoding.UTF8.GetBytes(row.ToJsonString())));
        if (file.Kind == ContentKind.JsonLines) return Lines(file.Open);
        return List(path, Encoding.UTF8.GetBytes(WholeText.Read(path)));
    }

    private static IEnumerable<JsonValue> Lines(Func<SourceStream> open)
    {
        using SourceStream stream = open();
        foreach ((long number, ReadOnlyMemory<byte> line) in new JsonLines(stream).Read())
            yield return JsonValue.Parse($"{stream.Path}: line {number}", line.ToArray());
    }

    private static SourceStream Opened(string name, MemoryStream bytes) => new(name, bytes, bytes);

    // A list, or an object that has one as data.
    private static IEnumerable<JsonValue> List(string path, byte[] json)
    {
        if (JsonSource.Parse(json, out JsonElement root) is { } fault)
            throw new InvalidDataException($"{path}: {fault}; fetch or write the file again.");
        if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("data", out JsonElement data)) root = data;
        if (root.ValueKind != JsonValueKind.Array)
            throw new InvalidDataException($"{path}: no list; a list of objects is needed, or an object with one as data.");
        return root.EnumerateArray().Select((item, index) =>
            JsonValue.Parse($"{path}: [{index}]", Encoding.UTF8.GetBytes(item.GetRawText())));
    }

    private Dictionary<string, byte[]> Archived(string archive)
    {
        if (!_archives.TryGetValue(archive, out Dictionary<string, byte[]>? files))
            _archives.Add(archive, files = File.Exists(archive) ? Unpacked(archive) : []);
        return files;
    }

    private static Dictionary<string, byte[]> Unpacked(string archive)
    {
        Dictionary<string, byte[]> files = new(StringComparer.Ordinal);
        try
        {
            using TarReader tar = new(new GZipInputStream(File.OpenRead(archive)));
            while (tar.GetNextEntry() is { } entry)
            {
                if (entry.DataStream is null) continue;
                using MemoryStream content = new();
                entry.DataStream.CopyTo(content);
                files.TryAdd(Path.GetFileName(entry.Name), content.ToArray());
            }
            return files;
        }
        catch (Exception e) when (e is ICSharpCode.SharpZipLib.SharpZipBaseException or InvalidDataException or EndOfStreamException)
        {
            throw new InvalidDataException($"{archive}: the archive is damaged or cut short; fetch it again.", e);
        }
    }
}
