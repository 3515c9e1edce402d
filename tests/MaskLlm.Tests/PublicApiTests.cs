using System.Reflection;

namespace MaskLlm.Tests;

/// <summary>What users of the library can see, against the list that is checked in: a change of it is a decision.</summary>
public class PublicApiTests
{
    [Fact]
    public void Library_PublicMembers_AreThoseOfTheList()
    {
        string[] found = [.. Libraries.All.SelectMany(library => library.GetExportedTypes()).SelectMany(Lines).Order(StringComparer.Ordinal)
            .Distinct()];
        string path = Path.Combine(HouseTests.RepositoryRoot(), "tests", "MaskLlm.Tests", "PublicApi.txt");
        string[] listed = File.Exists(path) ? File.ReadAllLines(path) : [];

        Assert.True(found.SequenceEqual(listed),
            $"{path}\nadd:\n{string.Join('\n', found.Except(listed))}\nremove:\n{string.Join('\n', listed.Except(found))}");
    }

    private static IEnumerable<string> Lines(Type type)
    {
        const BindingFlags Own = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        yield return type.FullName!;
        foreach (MemberInfo member in type.GetMembers(Own))
            if (Describe(member) is { } line) yield return $"{type.FullName}.{line}";
    }

    // What the compiler writes for records and properties is no decision of ours.
    private static string? Describe(MemberInfo member) => member switch
    {
        ConstructorInfo constructor => $"new({Parameters(constructor)})",
        PropertyInfo property => $"{property.Name} : {property.PropertyType.Name}",
        FieldInfo { IsSpecialName: false } field => field.Name,
        MethodInfo { IsSpecialName: false } method when method.Name is not ("Equals" or "GetHashCode" or "ToString" or "Deconstruct")
            && !method.Name.Contains('<', StringComparison.Ordinal) =>
            $"{method.Name}({Parameters(method)}) : {method.ReturnType.Name}",
        _ => null,
    };

    private static string Parameters(MethodBase method) =>
        string.Join(", ", method.GetParameters().Select(parameter => $"{parameter.ParameterType.Name} {parameter.Name}"));
}
