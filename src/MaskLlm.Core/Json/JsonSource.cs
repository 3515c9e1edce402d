using System.Text.Json;
using System.Text.Unicode;

namespace MaskLlm.Json;

/// <summary>The one place where the bytes of a JSON file become elements; what is wrong with them is said in our words.</summary>
internal static class JsonSource
{
    /// <summary>The longest file that is read: ten times the largest tokenizer.json known; it is held in memory.</summary>
    internal const int LargestBytes = 1 << 29;

    /// <summary>How many bytes tell a pointer of Git LFS.</summary>
    internal const int PointerBytes = 23;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>The bytes of a file of a checkpoint, of whatever format; of a pipe or a device, which are no such files, none.</summary>
    /// <exception cref="InvalidDataException">It is far too long.</exception>
    internal static byte[] ReadFile(string path)
    {
        // Not opened: to open a pipe waits for somebody who writes to it. The length of a link is that of its text.
        if (new FileInfo(path) is { Length: 0, LinkTarget: null }) return [];
        using FileStream stream = File.OpenRead(path);
        if (stream.Length > LargestBytes)
            throw new InvalidDataException(
                $"{path}: it has {stream.Length} bytes, and at most {LargestBytes} are read; is it another file?");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>Parses a text, after a byte order mark where there is one.</summary>
    /// <param name="json">The bytes.</param>
    /// <param name="root">The element, which needs no disposing.</param>
    /// <returns>What is wrong, for "FILE: FAULT"; null where nothing is.</returns>
    internal static string? Parse(ReadOnlyMemory<byte> json, out JsonElement root)
    {
        root = default;
        if (json.Span.StartsWith("\uFEFF"u8)) json = json[3..];
        if (IsPointer(json.Span)) return "a pointer of Git LFS and not the file itself (fetch it with `git lfs pull`)";
        // The parser looks into texts only when they are asked for.
        if (!Utf8.IsValid(json.Span)) return $"not valid JSON (byte {FirstInvalid(json.Span)} is no UTF-8)";
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, Strict);
            root = document.RootElement.Clone();
            return null;
        }
        catch (Exception strict) when (strict is JsonException or InvalidOperationException)
        {
            return FaultOf(json);
        }
    }

    /// <summary>Whether a file begins as the pointer that Git LFS leaves in place of the file itself.</summary>
    internal static bool IsPointer(ReadOnlySpan<byte> start) => start.StartsWith("version https://git-lfs"u8);

    // Which of the two it is, is asked only of files that are not taken.
    private static string FaultOf(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return Twice(document.RootElement) is { } name
                ? $"not valid JSON (the key \"{JsonValue.Shortened(name)}\" is there twice in one object)"
                : "not valid JSON (a key holds half a surrogate pair)";
        }
        catch (JsonException e)
        {
            return json.Span.Trim(" \t\r\n"u8).IsEmpty ? "not valid JSON (it is empty)"
                : $"not valid JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine}: "
                    + "broken, cut short, or nested deeper than 64 levels)";
        }
        catch (InvalidOperationException)
        {
            return "not valid JSON (a key holds half a surrogate pair)";
        }
    }

    private static string? Twice(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Array)
            return element.EnumerateArray().Select(Twice).FirstOrDefault(name => name is not null);
        if (element.ValueKind != JsonValueKind.Object) return null;
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (JsonProperty property in element.EnumerateObject())
            if (!names.Add(property.Name)) return property.Name;
        return element.EnumerateObject().Select(property => Twice(property.Value)).FirstOrDefault(name => name is not null);
    }

    private static int FirstInvalid(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        while (System.Text.Rune.DecodeFromUtf8(bytes[at..], out _, out int length) == System.Buffers.OperationStatus.Done) at += length;
        return at;
    }
}
