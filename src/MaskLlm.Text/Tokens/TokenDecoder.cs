using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace MaskLlm.Tokens;

/// <summary>A step from token texts back to text; each kind is one of Hugging Face's decoders.</summary>
internal abstract class TokenDecoder
{
    /// <summary>The changed texts; joined, they are the result after the last step.</summary>
    /// <exception cref="InvalidDataException">They would be many times as long as the tokens.</exception>
    public IReadOnlyList<string> Decode(IReadOnlyList<string> tokens) => Apply(tokens, new TextBudget(Length(tokens), Where));

    /// <summary>Where it stands, for messages.</summary>
    public string Where { get; init; } = "";

    /// <summary>The changed texts; their length is held against the budget where it may be more.</summary>
    protected abstract IReadOnlyList<string> Apply(IReadOnlyList<string> tokens, TextBudget budget);

    private static long Length(IReadOnlyList<string> tokens) => tokens.Sum(token => (long)token.Length);

    /// <summary>Stand-in characters back to bytes, all bytes read as UTF-8.</summary>
    public sealed class ByteLevel : TokenDecoder
    {
        /// <inheritdoc/>
        protected override IReadOnlyList<string> Apply(IReadOnlyList<string> tokens, TextBudget budget)
        {
            List<byte> bytes = new(tokens.Count * 4);
            foreach (string token in tokens)
                AppendBytes(token, bytes);
            return [Encoding.UTF8.GetString([.. bytes])];
        }

        // A token with any other character (an added one) stands for its own UTF-8.
        private static void AppendBytes(string token, List<byte> bytes)
        {
            int start = bytes.Count;
            foreach (char symbol in token)
            {
                if (ByteSymbols.TryGetByte(symbol, out byte value))
                {
                    bytes.Add(value);
                    continue;
                }

                bytes.RemoveRange(start, bytes.Count - start);
                bytes.AddRange(Encoding.UTF8.GetBytes(token));
                return;
            }
        }
    }

    /// <summary>Runs of tokens such as <c>&lt;0x0A&gt;</c> back to characters; U+FFFD for each byte of a run that is not UTF-8.</summary>
    public sealed class ByteFallback : TokenDecoder
    {
        /// <inheritdoc/>
        protected override IReadOnlyList<string> Apply(IReadOnlyList<string> tokens, TextBudget budget)
        {
            List<string> texts = new(tokens.Count);
            List<byte> run = [];
            foreach (string token in tokens)
            {
                if (TryReadByte(token, out byte value))
                {
                    run.Add(value);
                    continue;
                }

                Flush(run, texts);
                texts.Add(token);
            }

            Flush(run, texts);
            return texts;
        }

        /// <summary>The byte that a token of fallback stands for.</summary>
        internal static bool TryReadByte(string token, out byte value)
        {
            value = 0;
            return token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
                && byte.TryParse(token.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
        }

        private static void Flush(List<byte> run, List<string> texts)
        {
            if (run.Count == 0)
                return;
            byte[] bytes = [.. run];
            texts.Add(Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : new string('\uFFFD', bytes.Length));
            run.Clear();
        }
    }

    /// <summary>Every match of a pattern replaced by a literal text, token by token.</summary>
    public sealed class Replace(SplitPattern pattern, string content) : TokenDecoder
    {
        /// <inheritdoc/>
        protected override IReadOnlyList<string> Apply(IReadOnlyList<string> tokens, TextBudget budget)
        {
            string[] replaced = new string[tokens.Count];
            long length = 0;
            for (int at = 0; at < replaced.Length; at++)
            {
                replaced[at] = pattern.Replace(tokens[at], content, budget);
                budget.Hold(length += replaced[at].Length);
            }

            return replaced;
        }
    }

    /// <summary>All tokens joined into one.</summary>
    public sealed class Fuse : TokenDecoder
    {
        /// <inheritdoc/>
        protected override IReadOnlyList<string> Apply(IReadOnlyList<string> tokens, TextBudget budget) => [string.Concat(tokens)];
    }

    /// <summary>Up to so many of a character removed from the ends of each token.</summary>
    public sealed class Strip(char content, int start, int stop) : TokenDecoder
    {
        /// <inheritdoc/>
        protected override IReadOnlyList<string> Apply(IReadOnlyList<string> tokens, TextBudget budget) => [.. tokens.Select(StripOne)];

        private string StripOne(string token)
        {
            int from = 0;
            while (from < start && from < token.Length && token[from] == content)
                from++;
            int to = token.Length;
            while (token.Length - to < stop && to > from && token[to - 1] == content)
                to--;
            return token[from..to];
        }
    }

    /// <summary>The visible character of a <see cref="MetaspacePreTokenizer"/> back to a space.</summary>
    public sealed class Metaspace(char replacement, MetaspacePrefix prefix) : TokenDecoder
    {
        /// <inheritdoc/>
        protected override IReadOnlyList<string> Apply(IReadOnlyList<string> tokens, TextBudget budget) => [.. tokens.Select(DecodeOne)];

        private string DecodeOne(string token, int index) => index == 0 && prefix != MetaspacePrefix.Never
            ? token.Replace(replacement.ToString(), "", StringComparison.Ordinal)
            : token.Replace(replacement, ' ');
    }

    /// <summary>Several in turn.</summary>
    public sealed class Sequence(IReadOnlyList<TokenDecoder> steps) : TokenDecoder
    {
        /// <inheritdoc/>
        protected override IReadOnlyList<string> Apply(IReadOnlyList<string> tokens, TextBudget budget) =>
            steps.Aggregate(tokens, (current, step) => step.Apply(current, budget));
    }

    /// <summary>No decoder: the tokens with a space between them.</summary>
    public sealed class JoinBySpaces : TokenDecoder
    {
        /// <inheritdoc/>
        protected override IReadOnlyList<string> Apply(IReadOnlyList<string> tokens, TextBudget budget) => [string.Join(' ', tokens)];
    }
}
