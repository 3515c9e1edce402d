using System.Text;

namespace MaskLlm.Cli.Output;

/// <summary>Standard error, whoever still reads it: a terminal that is gone, or a full disk behind it, stops no work.</summary>
/// <param name="target">Standard error itself.</param>
internal sealed class ErrorOutput(TextWriter target) : TextWriter
{
    public override Encoding Encoding => target.Encoding;

    public override void Write(char value) => Try(() => target.Write(value));

    public override void Write(string? value) => Try(() => target.Write(value));

    public override void WriteLine(string? value) => Try(() => target.WriteLine(value));

    public override void Flush() => Try(target.Flush);

    private static void Try(Action write)
    {
        try
        {
            write();
        }
        catch (IOException)
        {
        }
    }
}
