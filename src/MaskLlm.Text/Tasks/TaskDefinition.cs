using MaskLlm.Json;

namespace MaskLlm.Tasks;

/// <summary>A task: where its records lie, and what is asked of each.</summary>
/// <param name="Name">As the command line has it.</param>
/// <param name="Files">Globs below the folder of the data, the first that matches counts.</param>
/// <param name="Read">Documents of records.</param>
internal sealed record TaskDefinition(string Name, IReadOnlyList<string> Files,
    Func<IEnumerable<JsonValue>, IEnumerable<TaskDocument>> Read)
{
    /// <summary>A group whose figures are taken over several tasks, such as mmlu; null for a task by itself.</summary>
    internal string? Group { get; init; }

    /// <summary>A task of which each record is a document.</summary>
    internal static TaskDefinition OfRecords(string name, IReadOnlyList<string> files, Func<JsonValue, TaskDocument> read) =>
        new(name, files, records => records.Select(read));
}
