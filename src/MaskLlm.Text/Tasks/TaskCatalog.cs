using MaskLlm.Numerals;

namespace MaskLlm.Tasks;

/// <summary>The tasks that there are.</summary>
public static class TaskCatalog
{
    private static readonly TaskDefinition[] BuiltIn = [.. QuestionTasks.All, .. SentenceTasks.All, RaceTask.Definition];

    private static readonly string[] Groups = [.. BuiltIn.Select(task => task.Group).OfType<string>().Distinct()];

    /// <summary>Names for people: tasks by themselves, and groups.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. BuiltIn.Where(task => task.Group is null).Select(task => task.Name).Concat(Groups).Order(StringComparer.Ordinal)];

    /// <summary>The tasks of names.</summary>
    /// <param name="names">Names of tasks or groups, or files of the user's own tasks.</param>
    /// <exception cref="ArgumentException">A name is none.</exception>
    /// <exception cref="InvalidDataException">A file is no task.</exception>
    internal static IReadOnlyList<TaskDefinition> Find(IEnumerable<string> names)
    {
        TaskDefinition[] found = [.. names.SelectMany(Of).Distinct()];
        return found.CountBy(task => task.Name).FirstOrDefault(count => count.Value > 1) is { Key: { } twice }
            ? throw new ArgumentException($"`Tasks`: two tasks are called {twice}; give your own another name.") : found;
    }

    private static IEnumerable<TaskDefinition> Of(string name)
    {
        if (name.EndsWith(".json", StringComparison.OrdinalIgnoreCase)) return [TemplateTask.Read(name)];
        TaskDefinition[] found = [.. BuiltIn.Where(task => task.Name == name || task.Group == name)];
        return found.Length > 0 ? found : throw new ArgumentException(
            $"`Tasks` {name}: no such task{NearestName.Hint(name, BuiltIn.Select(task => task.Name).Concat(Groups))}; there are "
            + $"{string.Join(", ", Names)}, parts of the groups such as blimp_wh_island and mmlu_anatomy, and files of your own (.json).");
    }
}
