using System.Text;
using MaskLlm.Formats;

namespace MaskLlm.Tasks;

/// <summary>Answers to tasks as a file of JSON lines, which is there when all are.</summary>
/// <param name="path">The file; null for none.</param>
internal sealed class TaskLog(string? path)
{
    private readonly StringBuilder _lines = new();

    /// <summary>Takes an answer.</summary>
    internal void Add(string? mask, string task, TaskAnswer answer)
    {
        if (path is not null) _lines.Append(answer.ToJson(mask, task).ToJsonString()).Append('\n');
    }

    /// <summary>Writes the file.</summary>
    internal void Write()
    {
        if (path is not null) AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(_lines.ToString())));
    }
}
