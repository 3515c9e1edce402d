namespace MaskLlm.Tokens;

/// <summary>A change of the text before it is split; each kind is one of Hugging Face's normalizers.</summary>
internal abstract class Normalizer
{
    /// <summary>The changed text; the same string where nothing changes.</summary>
    /// <exception cref="InvalidDataException">It would be many times as long as the text.</exception>
    public string Normalize(string text) => Apply(text, new TextBudget(text.Length, Where));

    /// <summary>Where it stands, for messages.</summary>
    public string Where { get; init; } = "";

    /// <summary>The changed text; its length is held against the budget where it may be longer.</summary>
    protected abstract string Apply(string text, TextBudget budget);

    /// <summary>Canonical composition.</summary>
    public sealed class Nfc : Normalizer
    {
        /// <inheritdoc/>
        protected override string Apply(string text, TextBudget budget) => UnicodeNormalization.ToNfc(text);
    }

    /// <summary>Canonical decomposition.</summary>
    public sealed class Nfd : Normalizer
    {
        /// <inheritdoc/>
        protected override string Apply(string text, TextBudget budget) => UnicodeNormalization.ToNfd(text);
    }

    /// <summary>Compatibility decomposition, then canonical composition.</summary>
    public sealed class Nfkc : Normalizer
    {
        /// <inheritdoc/>
        protected override string Apply(string text, TextBudget budget) => UnicodeNormalization.ToNfkc(text);
    }

    /// <summary>Compatibility decomposition.</summary>
    public sealed class Nfkd : Normalizer
    {
        /// <inheritdoc/>
        protected override string Apply(string text, TextBudget budget) => UnicodeNormalization.ToNfkd(text);
    }

    /// <summary>Marks removed; a letter that is one character with its accent keeps it, so that this follows a decomposition.</summary>
    public sealed class StripAccents : Normalizer
    {
        /// <inheritdoc/>
        protected override string Apply(string text, TextBudget budget) => UnicodeNormalization.WithoutMarks(text);
    }

    /// <summary>Text put before every stretch that is not empty.</summary>
    public sealed class Prepend(string prefix) : Normalizer
    {
        /// <inheritdoc/>
        protected override string Apply(string text, TextBudget budget)
        {
            if (text.Length == 0)
                return text;
            budget.Hold((long)text.Length + prefix.Length);
            return prefix + text;
        }
    }

    /// <summary>Every match of a pattern replaced by a literal text.</summary>
    public sealed class Replace(SplitPattern pattern, string content) : Normalizer
    {
        /// <inheritdoc/>
        protected override string Apply(string text, TextBudget budget) => pattern.Replace(text, content, budget);
    }

    /// <summary>Every occurrence of a text replaced by another.</summary>
    public sealed class ReplaceText(string wanted, string content) : Normalizer
    {
        /// <inheritdoc/>
        protected override string Apply(string text, TextBudget budget)
        {
            if (content.Length > wanted.Length)
                budget.Hold(text.Length + (long)text.AsSpan().Count(wanted) * (content.Length - wanted.Length));
            return text.Replace(wanted, content, StringComparison.Ordinal);
        }
    }

    /// <summary>Lower case, character by character.</summary>
    public sealed class Lowercase : Normalizer
    {
        // U+0130 is the one character whose lower case is two characters.
        /// <inheritdoc/>
        protected override string Apply(string text, TextBudget budget) =>
            text.Replace("\u0130", "i\u0307", StringComparison.Ordinal).ToLowerInvariant();
    }

    /// <summary>White space removed from the ends.</summary>
    public sealed class Strip(bool left, bool right) : Normalizer
    {
        /// <inheritdoc/>
        protected override string Apply(string text, TextBudget budget) => (left, right) switch
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
        protected override string Apply(string text, TextBudget budget) =>
            steps.Aggregate(text, (current, step) => step.Apply(current, budget));
    }
}
