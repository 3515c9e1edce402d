using System.Text;
using MaskLlm.Chat;

namespace MaskLlm.Cli.Talking;

/// <summary>A conversation on the terminal, line by line.</summary>
/// <param name="speaker">The model.</param>
/// <param name="format">How it wants conversations.</param>
/// <param name="output">Where its answers go.</param>
/// <param name="error">Where the sign goes that it listens.</param>
internal sealed class Talk(Speaker speaker, ChatFormat format, TextWriter output, TextWriter error)
{
    private const string Exit = "/exit", Sign = "> ";

    private readonly List<ChatMessage> _messages = [];

    /// <summary>Talks until the user leaves.</summary>
    /// <param name="input">What the user says, a turn a line.</param>
    /// <param name="first">What the user said already, or null.</param>
    /// <param name="stop">Ends it at once.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    internal void Run(TextReader input, string? first, CancellationToken stop)
    {
        for (string? line = first ?? Listen(input, stop); line is not null && line.Trim() != Exit; line = Listen(input, stop))
            if (line.Trim().Length > 0) Answer(line, stop);
    }

    private void Answer(string line, CancellationToken stop)
    {
        _messages.Add(new ChatMessage("user", line));
        StringBuilder answer = new();
        speaker.Say(speaker.Tokenizer.Encode(format.Render(_messages, addGenerationPrompt: true)), added =>
        {
            answer.Append(added);
            output.Write(added);
            output.Flush();
        }, stop);
        output.WriteLine();
        _messages.Add(new ChatMessage("assistant", answer.ToString()));
    }

    // A terminal's line cannot be taken back: the thread that waits for it is left to the end of the program.
    private string? Listen(TextReader input, CancellationToken stop)
    {
        error.Write(Sign);
        error.Flush();
        return Task.Run(input.ReadLine, stop).WaitAsync(stop).GetAwaiter().GetResult();
    }
}
