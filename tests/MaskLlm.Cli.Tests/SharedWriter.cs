using System.Text;

namespace MaskLlm.Cli.Tests;

/// <summary>A text that one thread writes while another reads it.</summary>
internal sealed class SharedWriter : TextWriter
{
    private readonly Lock _gate = new();
    private readonly StringBuilder _text = new();
    private readonly TaskCompletionSource<string> _firstLine = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The first line, once it is whole.</summary>
    internal Task<string> FirstLine => _firstLine.Task;

    public override Encoding Encoding => Encoding.Unicode;

    public override void Write(char value)
    {
        lock (_gate)
        {
            if (value == '\n') _firstLine.TrySetResult(_text.ToString());
            _text.Append(value);
        }
    }

    public override string ToString()
    {
        lock (_gate) return _text.ToString();
    }
}
