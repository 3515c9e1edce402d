using MaskLlm.Data;

namespace MaskLlm.Tests.Data;

public class ReferenceDocumentationTests
{
    private const string Xml = """
        <?xml version="1.0"?>
        <doc><members>
          <member name="T:A.Box`1"><summary>Holds a <see cref="T:A.Thing" />, or <see langword="null" />.</summary></member>
          <member name="M:A.Box`1.#ctor(System.Int32)"><summary>Makes a box.</summary><param name="size">The size.</param></member>
          <member name="M:A.Box`1.Open(System.Boolean,System.Int32)">
            <summary>Opens
              it.</summary>
            <param name="wide">How <paramref name="wide" />.</param><param name="times" />
            <returns>What is in it.</returns>
            <exception cref="T:System.InvalidOperationException">It is empty.</exception>
            <remarks>Not copied.</remarks>
          </member>
          <member name="P:A.Box`1.Secret" />
          <member name="T:A.Empty"><summary>Nothing.</summary></member>
        </members></doc>
        """;

    [Fact]
    public void WriteText_DocumentationFile_GivesADocumentATypeWithoutTags()
    {
        using TemporaryFolder folder = new();
        string xml = folder.Write("a.xml", System.Text.Encoding.UTF8.GetBytes(Xml)), none = folder.Write("b.xml", "no xml"u8.ToArray());

        int documents = ReferenceDocumentation.WriteText([xml, xml, none], folder.File("a.txt"));

        Assert.Equal(2, documents);
        Assert.Equal(
            """
            A.Box
            Holds a Thing, or null.

            Box(size)
            Makes a box.
            size: The size.

            Box.Open(wide, times)
            Opens it.
            wide: How wide.
            Returns: What is in it.
            InvalidOperationException: It is empty.


            A.Empty
            Nothing.

            """,
            File.ReadAllText(folder.File("a.txt")));
    }

    /// <summary>A type by its last name, a member with its type's, a name of no kind as it is; parts stay apart.</summary>
    [Theory]
    [InlineData("""<see cref="T:A.B.Thing`2" />""", "Thing")]
    [InlineData("""<see cref="M:System.String.Concat(System.Object,System.Object)" />""", "String.Concat")]
    [InlineData("""<see cref="M:A.Box`1.#ctor(System.Int32)" />""", "Box.constructor")]
    [InlineData("""<see cref="P:A.B.Box`1.Size" />""", "Box.Size")]
    [InlineData("""<see cref="F:A.Max" />""", "A.Max")]
    [InlineData("""<see cref="!:A.Gone" />""", "Gone")]
    [InlineData("""<see cref="E:" />""", "E:")]
    [InlineData("""<see cref="Bare.Name" />""", "Bare.Name")]
    [InlineData("""<see cref="T:A" />""", "A")]
    [InlineData("""<see langword="null" />""", "null")]
    [InlineData("""<paramref name="size" />""", "size")]
    [InlineData("""<see href="https://a.b/c" />""", "https://a.b/c")]
    [InlineData("""<see cref="T:A.Thing">that thing</see>""", "that thing")]
    [InlineData("<para>One.</para><para>Two.</para>", "One. Two.")]
    [InlineData("<list><item><term>a</term><description>b</description></item><item>c</item></list>", "a b c")]
    [InlineData("<c>a</c>b", "ab")]
    public void Documents_References_AreSpokenOfShortly(string summary, string expected)
    {
        using TemporaryFolder folder = new();
        string file = folder.Write("a.xml", System.Text.Encoding.UTF8.GetBytes(
            $"""<doc><members><member name="T:N"><summary>{summary}</summary></member></members></doc>"""));
        Assert.Equal($"N\n{expected}", Assert.Single(ReferenceDocumentation.Documents(file)));
    }

    /// <summary>Members of every kind by their titles, and the labels of what they say.</summary>
    [Theory]
    [InlineData("P:A.Box`1.Size", "<value>It.</value>", "Box.Size\nX.\nValue: It.")]
    [InlineData("M:A.Box.Clear", "<typeparam name=\"T\">Kind.</typeparam>", "Box.Clear()\nX.\nT: Kind.")]
    [InlineData("M:A.Box.Add``1(``0)", "<param name=\"a\">One.</param><param name=\"b\" />", "Box.Add(a, b)\nX.\na: One.")]
    [InlineData("F:Alone", "<seealso>no</seealso>", ".Alone\nX.")]
    [InlineData("T:A.B`1", "<exception cref=\"T:S.Bad\">When.</exception>", "A.B\nX.\nBad: When.")]
    public void Documents_Member_HasItsTitleAndLabels(string name, string parts, string expected)
    {
        using TemporaryFolder folder = new();
        string file = folder.Write("a.xml", System.Text.Encoding.UTF8.GetBytes(
            $"""<doc><members><member name="{name}"><summary>X.</summary>{parts}</member></members></doc>"""));
        Assert.Equal(expected, Assert.Single(ReferenceDocumentation.Documents(file)));
    }

    [Fact]
    public void Documents_NothingDocumented_IsNone()
    {
        using TemporaryFolder folder = new();
        foreach (string text in new[] { "<doc />", "<doc><members /></doc>", """<doc><members><member name="T:" /></members></doc>""",
            """<doc><members><member><summary>X.</summary></member></members></doc>""" })
            Assert.Empty(ReferenceDocumentation.Documents(folder.Write("a.xml", System.Text.Encoding.UTF8.GetBytes(text))));
    }

    [Fact]
    public void FindFiles_ThisMachine_NamesDocumentationFiles()
    {
        IReadOnlyList<string> files = ReferenceDocumentation.FindFiles();
        if (files.Count == 0) Assert.Skip("no SDK packs beside this runtime");
        Assert.Contains(files, file => Path.GetFileName(file) == "System.Runtime.xml");
    }
}
