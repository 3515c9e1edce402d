namespace MaskLlm.Tokens;

/// <summary>A change of the text before it is split; each kind is one of Hugging Face's normalizers.</summary>
internal abstract class Normalizer
{
    /// <summary>The changed text; the same string where nothing changes.</summary>
    public abstract string Normalize(string text);

    /// <summary>Canonical composition.</summary>
    public sealed class Nfc : Normalizer
    {
        /// <inheritdoc/>
        public override string Normalize(string text) => UnicodeNormalization.ToNfc(text);
    }

    /// <summary>Canonical decomposition.</summary>
    public sealed class Nfd : Normalizer
    {
        /// <inheritdoc/>
        public override string Normalize(string text) => UnicodeNormalization.ToNfd(text);
    }

    /// <summary>Text put before every stretch that is not empty.</summary>
    public sealed class Prepend(string prefix) : Normalizer
    {
        /// <inheritdoc/>
        public override string Normalize(string text) => text.Length == 0 ? text : prefix + text;
    }

    /// <summary>Every match of a pattern replaced by a literal text.</summary>
    public sealed class Replace(SplitPattern pattern, string content) : Normalizer
    {
        /// <inheritdoc/>
        public override string Normalize(string text) => pattern.Replace(text, content);
    }

    /// <summary>Every occurrence of a text replaced by another.</summary>
    public sealed class ReplaceText(string wanted, string content) : Normalizer
    {
        /// <inheritdoc/>
        public override string Normalize(string text) => text.Replace(wanted, content, StringComparison.Ordinal);
    }

    /// <summary>Lower case, character by character.</summary>
    public sealed class Lowercase : Normalizer
    {
        // U+0130 is the one character whose lower case is two characters.
        /// <inheritdoc/>
        public override string Normalize(string text) =>
            text.Replace("\u0130", "i\u0307", StringComparison.Ordinal).ToLowerInvariant();
    }

    /// <summary>White space removed from the ends.</summary>
    public sealed class Strip(bool left, bool right) : Normalizer
    {
        /// <inheritdoc/>
        public override string Normalize(string text) => (left, right) switch
        {
            (true, true) => text.Trim(),
            (true, false) => text.TrimStart(),
            (false, true) => text.TrimEnd(),
            _ => text,
        };
    }

    /// <summary>Several in turn.</summary>
    public sealed class Sequence(IReadOnlyList<Normalizer> steps) : Normalizer
    {
        /// <inheritdoc/>
        public override string Normalize(string text) => steps.Aggregate(text, (current, step) => step.Normalize(current));
    }
}
