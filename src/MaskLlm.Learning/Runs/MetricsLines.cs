using MaskLlm.Formats;
using MaskLlm.Json;

namespace MaskLlm.Runs;

/// <summary>The lines that an interrupted run left in <c>metrics.jsonl</c>.</summary>
internal static class MetricsLines
{
    /// <summary>Leaves only the lines of earlier steps.</summary>
    /// <param name="path">The file; made where it is missing.</param>
    /// <param name="firstStep">Where the run goes on.</param>
    /// <exception cref="InvalidDataException">A line but the last, which a kill may cut short, has no step.</exception>
    internal static void Keep(string path, long firstStep)
    {
        byte[] bytes = File.Exists(path) ? File.ReadAllBytes(path) : [];
        using MemoryStream kept = new();
        for (int start = 0, line = 1; start < bytes.Length; line++)
        {
            int length = bytes.AsSpan(start).IndexOf((byte)'\n');
            bool isLast = length < 0 || start + length + 1 == bytes.Length;
            ReadOnlyMemory<byte> text = bytes.AsMemory(start, length < 0 ? bytes.Length - start : length);
            start += text.Length + 1;
            if (!text.Span.Trim(" \t\r"u8).IsEmpty && StepOf($"{path}: line {line}", text, isLast) < firstStep)
            {
                kept.Write(text.Span);
                kept.WriteByte((byte)'\n');
            }
        }
        AtomicFile.Write(path, stream => kept.WriteTo(stream));
    }

    private static long StepOf(string where, ReadOnlyMemory<byte> line, bool isLast)
    {
        try
        {
            return JsonValue.Parse(where, line).Required("step").Long();
        }
        catch (InvalidDataException) when (isLast)
        {
            return long.MaxValue;
        }
    }
}
