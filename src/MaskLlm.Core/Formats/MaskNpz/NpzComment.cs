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
        Checksum sum = new();
        foreach ((string parameter, Mask mask) in masks) Add(sum, parameter, mask.Packed);
        return Mark + sum.Digits;
    }

    /// <summary>Whether a comment is one of these.</summary>
    internal static bool IsOwn(string comment) => comment.StartsWith(Mark, StringComparison.Ordinal);

    /// <summary>Whether a comment is none of these, or that of the masks that were read.</summary>
    internal static bool Fits(string comment, IEnumerable<KeyValuePair<string, byte[]>> packed)
    {
        if (!IsOwn(comment)) return true;
        Checksum sum = new();
        foreach ((string parameter, byte[] bits) in packed) Add(sum, parameter, bits);
        return comment == Mark + sum.Digits;
    }

    private static void Add(Checksum sum, string parameter, ReadOnlySpan<byte> bits)
    {
        sum.Add(Encoding.UTF8.GetBytes(parameter));
        sum.Add([0]);
        sum.Add(bits);
    }
}
