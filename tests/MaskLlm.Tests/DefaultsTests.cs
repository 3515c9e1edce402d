using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using MaskLlm.Learning;

namespace MaskLlm.Tests;

/// <summary>What options are without being set, against the list that is checked in: a change of one is a decision, as a change of the
/// public API is.</summary>
public sealed class DefaultsTests
{
    [Fact]
    public void Options_WithoutBeingSet_AreThoseOfTheList()
    {
        string[] found =
        [
            .. Libraries.All.SelectMany(library => library.GetTypes())
                .Where(type => type.IsClass && !type.IsAbstract
                    && (type.Name.EndsWith("Options", StringComparison.Ordinal) || type.Name.EndsWith("Request", StringComparison.Ordinal)))
                .Where(type => type.GetConstructor(Type.EmptyTypes) is not null)
                .SelectMany(type => Lines(type.Name, Activator.CreateInstance(type)!))
                .Concat(Lines("LearnOptions of the recipe distilled", LearnOptions.Of(Recipe.Distilled)))
                .Concat(Lines("LearnOptions of the recipe tuned", LearnOptions.Of(Recipe.Tuned)))
                .Order(StringComparer.Ordinal),
        ];
        string path = Path.Combine(HouseTests.RepositoryRoot(), "tests", "MaskLlm.Tests", "Defaults.txt");
        string[] listed = File.Exists(path) ? File.ReadAllLines(path) : [];

        Assert.True(found.SequenceEqual(listed),
            $"{path}\nadd:\n{string.Join('\n', found.Except(listed))}\nremove:\n{string.Join('\n', listed.Except(found))}");
    }

    /// <summary>The paper's recipe is what options are without being set.</summary>
    [Fact]
    public void Of_PaperRecipe_IsTheDefault() => Assert.Equal(new LearnOptions(), LearnOptions.Of(Recipe.MaskLlm));

    private static IEnumerable<string> Lines(string name, object options) => options.GetType()
        .GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
        .Where(property => property.CanWrite && property.GetCustomAttribute<RequiredMemberAttribute>() is null)
        .SelectMany(property => property.PropertyType.Name.EndsWith("Options", StringComparison.Ordinal)
            ? Nested($"{name}.{property.Name}", property.GetValue(options))
                : [$"{name}.{property.Name} = {Text(property.GetValue(options))}"]);

    // Of options within options only what they change.
    private static IEnumerable<string> Nested(string name, object? options) => options is null ? [$"{name} = null"]
        : Lines(name, options).Except(Lines(name, Activator.CreateInstance(options.GetType())!));

    private static string Text(object? value) => value switch
    {
        null => "null",
        // The user's own folder is another one on every machine.
        string path when Path.IsPathRooted(path) => $".../{Path.GetFileName(path)}",
        string text => $"\"{text}\"",
        IEnumerable list => $"[{string.Join(", ", list.Cast<object>().Select(Text))}]",
        _ => FormattableString.Invariant($"{value}"),
    };
}
