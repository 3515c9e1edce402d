using System.Text;
using MaskLlm.Formats;

namespace MaskLlm.Tasks;

/// <summary>Answers to tasks as a file of JSON lines, which is there when all are.</summary>
internal sealed class TaskLog
{
    private readonly StringBuilder _lines = new();
    private readonly string? _path;

    /// <param name="path">The file, which must be new: what is there may be what the command reads. Null for none.</param>
    /// <exception cref="ArgumentException">Something is there.</exception>
    internal TaskLog(string? path)
    {
        _path = path;
        if (path is not null && (Path.Exists(path) || FileIdentity.Of(path) is not null))
            throw new ArgumentException($"`LogSamples` {path}: there is something of that name already; name a new file.");
    }

    /// <summary>Takes an answer.</summary>
    internal void Add(string? mask, string task, TaskAnswer answer)
    {
        if (_path is not null) _lines.Append(answer.ToJson(mask, task).ToJsonString()).Append('\n');
    }

    /// <summary>Writes the file.</summary>
    internal void Write()
    {
        if (_path is not null) AtomicFile.Write(_path, stream => stream.Write(Encoding.UTF8.GetBytes(_lines.ToString())));
    }
}
