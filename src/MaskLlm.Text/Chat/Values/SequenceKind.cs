namespace MaskLlm.Chat.Values;

/// <summary>Which of Python's sequences one is.</summary>
internal enum SequenceKind
{
    /// <summary>A list.</summary>
    List,

    /// <summary>A tuple.</summary>
    Tuple,

    /// <summary>What <c>range()</c> gives.</summary>
    Range,

    /// <summary>Keys, values or items of a dict: they have a length and no index.</summary>
    View,

    /// <summary>What filters such as <c>map</c> and <c>select</c> give: always true, without a length, and empty after it has been
    /// read.</summary>
    Generator,
}
