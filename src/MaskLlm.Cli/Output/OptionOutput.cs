using System.Text;

namespace MaskLlm.Cli.Output;

/// <summary>Standard error, where all sentences for people go: what they say of properties is said of options.</summary>
/// <param name="target">Standard error itself.</param>
/// <param name="names">Of the verb that runs.</param>
internal sealed class OptionOutput(TextWriter target, OptionNames names) : TextWriter
{
    public override Encoding Encoding => target.Encoding;

    /// <summary>Whether a line can be written over.</summary>
    internal bool IsTerminal => target is ErrorOutput && !Console.IsErrorRedirected;

    public override void Write(char value) => target.Write(value);

    public override void Write(string? value) => target.Write(value is null ? null : names.In(value));

    public override void WriteLine(string? value) => target.WriteLine(value is null ? null : names.In(value));

    public override void WriteLine() => target.WriteLine();

    public override void Flush() => target.Flush();
}
