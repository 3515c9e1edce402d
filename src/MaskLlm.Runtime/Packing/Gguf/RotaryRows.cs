namespace MaskLlm.Packing.Gguf;

/// <summary>The order of the rows of queries and keys where rotary embedding turns neighbours.</summary>
internal static class RotaryRows
{
    /// <summary>The row of a checkpoint that becomes a row of the file.</summary>
    /// <param name="row">Row of the file, from 0.</param>
    /// <param name="headSize">D, rows of a head; even.</param>
    /// <returns>Within each head, rows 2i and 2i + 1 are i and i + D/2 of the checkpoint.</returns>
    internal static int Source(int row, int headSize)
    {
        (int head, int inHead) = Math.DivRem(row, headSize);
        (int pair, int half) = Math.DivRem(inHead, 2);
        return head * headSize + half * (headSize / 2) + pair;
    }
}
