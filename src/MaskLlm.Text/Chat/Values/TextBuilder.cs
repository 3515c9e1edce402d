using System.Text;

namespace MaskLlm.Chat.Values;

/// <summary>Puts a text together within a budget.</summary>
internal sealed class TextBuilder(Budget budget)
{
    private readonly StringBuilder _text = new();

    /// <summary>Appends a text.</summary>
    /// <exception cref="TemplateFault">The budget is spent.</exception>
    public TextBuilder Append(string text)
    {
        budget.MakeText((long)_text.Length + text.Length, text.Length);
        _text.Append(text);
        return this;
    }

    /// <summary>Appends a character.</summary>
    /// <exception cref="TemplateFault">The budget is spent.</exception>
    public TextBuilder Append(char unit)
    {
        budget.MakeText(_text.Length + 1L, 1);
        _text.Append(unit);
        return this;
    }

    /// <summary>Appends a text, or a character where there is none.</summary>
    /// <exception cref="TemplateFault">The budget is spent.</exception>
    public TextBuilder Append(string? text, char otherwise) => text is null ? Append(otherwise) : Append(text);

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();
}
