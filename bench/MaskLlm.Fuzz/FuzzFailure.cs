namespace MaskLlm.Fuzz;

/// <summary>A wrong answer.</summary>
/// <param name="Reader">Who gave it.</param>
/// <param name="Index">Of the input: with the seed it gives the same bytes again.</param>
/// <param name="Name">Of the changed file.</param>
/// <param name="Bytes">Of it.</param>
/// <param name="Fault">What is wrong.</param>
internal sealed record FuzzFailure(string Reader, long Index, string Name, byte[] Bytes, string Fault)
{
    /// <summary>Where it arose: failures of one place are one fault.</summary>
    internal string Place =>
        string.Join('|', Fault.Split('\n').Where((line, i) => i == 0 || line.Contains("MaskLlm", StringComparison.Ordinal)).Take(3)
        .Select((line, i) => i == 0 ? line.Split(':')[0] : line.Trim()));
}
