using System.Text;

namespace MaskLlm.Formats.Safetensors;

/// <summary>
/// The checksum that this program's own safetensors files carry in their <c>__metadata__</c>: of all bytes of the file, the digits of
/// the checksum itself taken as zeros.
/// </summary>
internal static class SafetensorsChecksum
{
    /// <summary>The name in the metadata.</summary>
    internal const string Key = "checksum";

    /// <summary>What stands there while the file is written.</summary>
    internal const string Unknown = "0000000000000000";

    /// <summary>Where the digits stand in a header.</summary>
    /// <returns>-1 where there are none.</returns>
    internal static int Find(ReadOnlySpan<byte> header, string digits)
    {
        // A quote inside a text is written as an escape: this stands nowhere else.
        byte[] member = Encoding.UTF8.GetBytes($"\"{Key}\":\"{digits}\"");
        int found = header.IndexOf(member);
        return found < 0 ? -1 : found + member.Length - digits.Length - 1;
    }

    /// <summary>Reads a whole file and holds it against its checksum.</summary>
    /// <param name="path">For the message.</param>
    /// <param name="file">All of it.</param>
    /// <param name="headerBytes">Of the file's head.</param>
    /// <param name="metadata">What the head says.</param>
    /// <param name="remedy">What to do with a damaged file.</param>
    /// <exception cref="InvalidDataException">There is none, or it is another one.</exception>
    internal static void Require(string path, FileBytes file, int headerBytes, IReadOnlyDictionary<string, string> metadata, string remedy)
    {
        byte[] header = file.Slice(0, headerBytes).ToArray();
        int at = metadata.TryGetValue(Key, out string? digits) && digits.Length == Unknown.Length ? Find(header, digits) : -1;
        if (at < 0)
            throw new InvalidDataException(
            $"{path} holds no checksum: it is damaged, or an earlier version of this program wrote it; {remedy}.");
        Encoding.ASCII.GetBytes(Unknown).CopyTo(header, at);
        Checksum sum = new();
        sum.Add(header);
        sum.Add(file, headerBytes);
        if (sum.Digits != digits)
            throw new InvalidDataException(
            $"{path} is damaged: its bytes are not those that were written (they do not match their checksum); {remedy}.");
    }
}
