using System.Buffers.Text;
using MaskLlm.Json;

namespace MaskLlm.Tokens;

/// <summary>Tells files that are called <c>tokenizer.model</c> and are no SentencePiece model.</summary>
internal static class OtherFormats
{
    /// <summary>Says of a file what it is, where it is of another format.</summary>
    /// <exception cref="InvalidDataException">A pointer of Git LFS.</exception>
    /// <exception cref="NotSupportedException">A vocabulary of tiktoken's, or JSON.</exception>
    public static void Refuse(ReadOnlySpan<byte> bytes, string file)
    {
        if (JsonSource.IsPointer(bytes))
            throw new InvalidDataException($"{file}: a pointer of Git LFS and not the file itself (fetch it with `git lfs pull`).");
        if (IsTiktoken(bytes))
        {
            throw new NotSupportedException(
                $"{file}: a vocabulary of tiktoken (lines of a token in base64 and its rank), which says neither how text is split nor the "
                + "special tokens; put the tokenizer.json of the checkpoint beside it, as Hugging Face transformers writes it.");
        }

        if (bytes.TrimStart(" \t\r\n"u8).StartsWith("{"u8))
            throw new NotSupportedException($"{file}: JSON and not a SentencePiece model; a tokenizer.json has that name.");
    }

    /// <summary>Whether the first line is a token in base64, a space and a number.</summary>
    private static bool IsTiktoken(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)'\n');
        ReadOnlySpan<byte> line = (end < 0 ? bytes : bytes[..end]).TrimEnd((byte)'\r');
        int space = line.IndexOf((byte)' ');
        if (space <= 0 || space + 1 == line.Length || !Base64.IsValid(line[..space]))
            return false;
        return line[(space + 1)..].IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0;
    }
}
