using System.IO.Hashing;
using System.Text;
using MaskLlm.Masks;

namespace MaskLlm.Formats.MaskNpz;

/// <summary>
/// The comment that this program's own mask files end with: a checksum of names and bits. The archive's own sums do not cover the
/// names, and say nothing of who wrote it; numpy reads over it.
/// </summary>
internal static class NpzComment
{
    private const string Mark = "maskllm ";

    /// <summary>The comment of masks.</summary>
    internal static string Of(IEnumerable<KeyValuePair<string, Mask>> masks)
    {
        XxHash3 hash = new();
        foreach ((string parameter, Mask mask) in masks) Add(hash, parameter, mask.Packed);
        return Mark + ChecksumStream.Digits(hash);
    }

    /// <summary>Whether a comment is one of these.</summary>
    internal static bool IsOwn(string comment) => comment.StartsWith(Mark, StringComparison.Ordinal);

    /// <summary>Whether a comment is none of these, or that of the masks that were read.</summary>
    internal static bool Fits(string comment, IEnumerable<KeyValuePair<string, byte[]>> packed)
    {
        if (!IsOwn(comment)) return true;
        XxHash3 hash = new();
        foreach ((string parameter, byte[] bits) in packed) Add(hash, parameter, bits);
        return comment == Mark + ChecksumStream.Digits(hash);
    }

    private static void Add(XxHash3 hash, string parameter, ReadOnlySpan<byte> bits)
    {
        hash.Append(Encoding.UTF8.GetBytes(parameter));
        hash.Append([0]);
        hash.Append(bits);
    }
}
