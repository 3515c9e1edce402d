namespace MaskLlm.Data;

/// <summary>What a corpus needs to know of a tokenizer.</summary>
/// <param name="Encode">Turns text into token ids without adding special tokens; called from several threads at once.</param>
/// <param name="Hash">Names the tokenizer: token caches made with another hash are not used.</param>
/// <param name="VocabularySize">Ids run from 0 to this, exclusive.</param>
/// <param name="SeparatorId">Id put before each document, usually the end-of-text token; null: nothing is put there.</param>
public sealed record TokenEncoding(Func<string, int[]> Encode, string Hash, int VocabularySize, int? SeparatorId)
{
    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Encode);
        ArgumentException.ThrowIfNullOrEmpty(Hash);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(VocabularySize);
        if (SeparatorId is int id && (uint)id >= (uint)VocabularySize)
            throw new ArgumentException($"Separator id {id}; wanted 0 to {VocabularySize - 1}, the tokenizer's vocabulary.",
                nameof(SeparatorId));
    }
}
