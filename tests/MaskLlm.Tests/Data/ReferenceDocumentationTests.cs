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

    [Fact]
    public void FindFiles_ThisMachine_NamesDocumentationFiles()
    {
        IReadOnlyList<string> files = ReferenceDocumentation.FindFiles();
        if (files.Count == 0) Assert.Skip("no SDK packs beside this runtime");
        Assert.Contains(files, file => Path.GetFileName(file) == "System.Runtime.xml");
    }
}
