namespace MaskLlm.Tokens;

/// <summary>How long a text may become on its way through the steps of a tokenizer, of which each may make it longer.</summary>
/// <param name="length">UTF-16 units before the first step.</param>
/// <param name="where">The file and the component whose steps they are, for messages.</param>
internal sealed class TextBudget(long length, string where = "")
{
    // One character becomes 18 in the longest of Unicode's decompositions.
    private const long Growth = 32, SmallText = 1 << 16;
    private readonly long _most = SmallText + Growth * length;

    /// <summary>Holds a length against the budget before the text is made.</summary>
    /// <exception cref="InvalidDataException">It is beyond it.</exception>
    public void Hold(long wanted)
    {
        if (wanted > _most)
        {
            throw new InvalidDataException(
                $"{where}the steps of the tokenizer make at least {wanted} characters of a text of {length}, and at most {_most} are made; "
                + "fetch the tokenizer file again, or remove the steps that make text longer.");
        }
    }
}
