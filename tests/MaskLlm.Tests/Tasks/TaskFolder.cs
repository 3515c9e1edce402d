using MaskLlm.Tasks;

namespace MaskLlm.Tests.Tasks;

/// <summary>Data of tasks that a test writes, and what is asked of them.</summary>
internal sealed class TaskFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    internal string Path => _folder.Path;

    internal string Write(string name, params string[] lines)
    {
        string path = _folder.File(name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllLines(path, lines);
        return path;
    }

    internal TaskDocument[] Documents(string task)
    {
        TaskDefinition definition = Assert.Single(TaskCatalog.Find([task]));
        return [.. definition.Read(new TaskData(Path).Read(definition))];
    }

    /// <summary>The only document of a task whose only record is given.</summary>
    internal TaskDocument Document(string task, string file, string record)
    {
        Write(file, record);
        return Assert.Single(Documents(task));
    }

    public void Dispose() => _folder.Dispose();

    internal static TaskRequest[] Of(string context, params string[] continuations) =>
        [.. continuations.Select(continuation => new TaskRequest(context, continuation))];
}
