using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using MaskLlm.Formats;

namespace MaskLlm.Data;

/// <summary>
/// The English text of the reference documentation that every .NET SDK carries (<c>packs/*/ref/**/*.xml</c>): text that is on
/// every machine that can build this program. A document is a type with its members.
/// </summary>
public static class ReferenceDocumentation
{
    /// <summary>What stands between two documents in <see cref="WriteText"/>'s file.</summary>
    public const string Separator = "\n\n\n";

    /// <summary>The documentation files of the newest SDK packs on this machine, in a fixed order; empty where there are none.</summary>
    public static IReadOnlyList<string> FindFiles()
    {
        // The runtime lies in ROOT/shared/Microsoft.NETCore.App/VERSION.
        string? root = Environment.GetEnvironmentVariable("DOTNET_ROOT");
        root = Directory.Exists(root) ? root : Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        string packs = Path.Combine(root, "packs");
        if (!Directory.Exists(packs)) return [];
        return
        [
            .. Directory.EnumerateDirectories(packs, "*.Ref").Order(StringComparer.Ordinal)
                .Select(pack => Directory.EnumerateDirectories(pack).OrderBy(VersionOf).LastOrDefault())
                .OfType<string>()
                .Where(pack => Directory.Exists(Path.Combine(pack, "ref")))
                .SelectMany(pack => Directory.EnumerateFiles(Path.Combine(pack, "ref"), "*.xml", SearchOption.AllDirectories)
                    .Order(StringComparer.Ordinal)),
        ];
    }

    /// <summary>Writes the text of files once, into the folder of caches.</summary>
    /// <param name="files">Files of documentation; they and their lengths name the text.</param>
    /// <returns>Its path.</returns>
    /// <exception cref="IOException">The disk takes no more.</exception>
    public static string WriteToCache(IReadOnlyList<string> files)
    {
        string listed = string.Join('\n', files.Select(file => $"{file} {new FileInfo(file).Length}"));
        string key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(listed)))[..16];
        string path = Path.Combine(CorpusOptions.DefaultCacheFolder, $"dotnet-docs-{key}.txt");
        PrivateFolder.Create(CorpusOptions.DefaultCacheFolder);
        if (!File.Exists(path))
            DiskFullException.Naming(path, () => WriteText(files, path),
                "make room there, or name another folder for such caches with XDG_CACHE_HOME, and start again");
        return path;
    }

    /// <summary>Writes the text of documentation files, documents separated by <see cref="Separator"/>.</summary>
    /// <param name="files">XML documentation files; those that are none are left out.</param>
    /// <param name="path">The text file.</param>
    /// <returns>Number of documents.</returns>
    public static int WriteText(IReadOnlyList<string> files, string path)
    {
        int documents = 0;
        HashSet<string> seen = new(StringComparer.Ordinal);
        AtomicFile.WritePrivate(path, stream =>
        {
            using StreamWriter writer = new(stream, new UTF8Encoding(false), leaveOpen: true);
            foreach (string document in files.SelectMany(Documents))
            {
                if (!seen.Add(document)) continue;   // packs repeat each other's types
                writer.Write(documents++ == 0 ? "" : Separator);
                writer.Write(document);
            }
            writer.Write('\n');
        });
        return documents;
    }

    internal static IEnumerable<string> Documents(string file)
    {
        XElement? members;
        try
        {
            members = XDocument.Load(file).Root?.Element("members");
        }
        catch (XmlException)
        {
            yield break;   // The user's SDK is read as it is; a file that is no XML is no documentation.
        }
        StringBuilder text = new();
        foreach (XElement member in members?.Elements("member") ?? [])
        {
            string name = member.Attribute("name")?.Value ?? "";
            if (name.StartsWith("T:", StringComparison.Ordinal) && text.Length > 0)
            {
                yield return text.ToString().TrimEnd();
                text.Clear();
            }
            AppendMember(text, name, member);
        }
        if (text.Length > 0) yield return text.ToString().TrimEnd();
    }

    private static void AppendMember(StringBuilder text, string name, XElement member)
    {
        string summary = Flatten(member.Element("summary"));
        if (summary.Length == 0 || name.Length < 3) return;
        text.Append(Title(name, member)).Append('\n').Append(summary).Append('\n');
        foreach (XElement part in member.Elements())
        {
            string content = Flatten(part);
            if (content.Length == 0) continue;
            string? label = part.Name.LocalName switch
            {
                "param" or "typeparam" => part.Attribute("name")?.Value,
                "returns" => "Returns",
                "value" => "Value",
                "exception" => ShortName(part.Attribute("cref")?.Value ?? ""),
                _ => null,
            };
            if (label is not null) text.Append(label).Append(": ").Append(content).Append('\n');
        }
        text.Append('\n');
    }

    // T:A.B.C is written whole; a member as Type.Member, with the names of its parameters where it has some.
    private static string Title(string name, XElement member)
    {
        if (name[0] == 'T') return TrimArity(name[2..]);
        string path = name[2..].Split('(')[0];
        string[] parts = path.Split('.');
        string type = TrimArity(parts.Length > 1 ? parts[^2] : ""), own = TrimArity(parts[^1]);
        if (name[0] != 'M') return $"{type}.{own}";
        string parameters = string.Join(", ", member.Elements("param").Select(parameter => parameter.Attribute("name")?.Value));
        return own == "#ctor" ? $"{type}({parameters})" : $"{type}.{own}({parameters})";
    }

    private static string Flatten(XElement? element)
    {
        if (element is null) return "";
        StringBuilder text = new();
        foreach (XNode node in element.Nodes()) AppendNode(text, node);
        return string.Join(' ', text.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    private static void AppendNode(StringBuilder text, XNode node)
    {
        if (node is XText plain) text.Append(plain.Value);
        if (node is not XElement element) return;
        string? reference = element.Attribute("cref")?.Value ?? element.Attribute("langword")?.Value ?? element.Attribute("name")?.Value
            ?? element.Attribute("href")?.Value;
        if (element.Nodes().Any())
            foreach (XNode inner in element.Nodes()) AppendNode(text, inner);
        else if (reference is not null)
            text.Append(ShortName(reference));
        if (element.Name.LocalName is "para" or "item" or "description" or "term") text.Append(' ');
    }

    // "M:System.String.Concat(System.Object)" is spoken of as "String.Concat", a type by its last name.
    private static string ShortName(string reference)
    {
        if (reference.Length < 3 || reference[1] != ':') return reference;
        string[] parts = reference[2..].Split('(')[0].Split('.');
        int kept = reference[0] is 'T' or '!' ? 1 : 2;
        return string.Join('.', parts.TakeLast(kept).Select(TrimArity)).Replace("#ctor", "constructor", StringComparison.Ordinal);
    }

    private static string TrimArity(string name)
    {
        int tick = name.IndexOf('`', StringComparison.Ordinal);
        return tick < 0 ? name : name[..tick];
    }

    private static Version VersionOf(string folder) =>
        Version.TryParse(Path.GetFileName(folder).Split('-')[0], out Version? version) ? version : new Version(0, 0);
}
