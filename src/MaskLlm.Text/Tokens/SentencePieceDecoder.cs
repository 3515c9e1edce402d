using System.Buffers;
using System.Text;

namespace MaskLlm.Tokens;

/// <summary>Token texts back to text as the SentencePiece library does it.</summary>
/// <param name="stripsPrefix">True where encoding puts a space in front of the text.</param>
/// <param name="controls">Texts of control tokens: they leave nothing.</param>
/// <param name="unknown">Text of the unknown token: it leaves a visible mark.</param>
internal sealed class SentencePieceDecoder(bool stripsPrefix, IReadOnlySet<string> controls, string unknown) : TokenDecoder
{
    private const char Space = '\u2581';
    private const string UnknownMark = " \u2047 ";

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Apply(IReadOnlyList<string> tokens, TextBudget budget)
    {
        StringBuilder result = new();
        List<byte> run = [];
        bool atStart = stripsPrefix;
        foreach (string token in tokens.Where(token => !controls.Contains(token)))
        {
            if (ByteFallback.TryReadByte(token, out byte value))
            {
                run.Add(value);
                atStart = false;
                continue;
            }

            Flush(run, result);
            string text = atStart && token.StartsWith(Space) ? token[1..] : token;
            atStart = false;
            result.Append(token == unknown ? UnknownMark : text.Replace(Space, ' '));
        }

        Flush(run, result);
        return [result.ToString()];
    }

    /// <summary>U+FFFD for every byte by itself that does not belong to a character.</summary>
    private static void Flush(List<byte> run, StringBuilder result)
    {
        ReadOnlySpan<byte> bytes = run.ToArray();
        while (!bytes.IsEmpty)
        {
            OperationStatus status = Rune.DecodeFromUtf8(bytes, out Rune rune, out int length);
            result.Append(rune.ToString());
            bytes = bytes[(status == OperationStatus.Done ? length : 1)..];
        }

        run.Clear();
    }
}
