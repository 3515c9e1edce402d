namespace MaskLlm.Chat.Builtins;

/// <summary>What becomes of the mark of a text that is marked safe.</summary>
internal enum MarkRule
{
    /// <summary>The text loses it.</summary>
    Drops,

    /// <summary>The text that comes out has it.</summary>
    Keeps,

    /// <summary>The builtin is given it as it is.</summary>
    Sees,
}
