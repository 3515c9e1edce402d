using System.Text.Json.Nodes;
using MaskLlm.Chat.Builtins;
using MaskLlm.Chat.Rendering;
using MaskLlm.Chat.Syntax;
using MaskLlm.Chat.Values;

namespace MaskLlm.Chat;

/// <summary>Turns a conversation into the text that a model was trained to continue. Safe for many threads.</summary>
/// <remarks>
/// Templates are Jinja as transformers' <c>apply_chat_template</c> has it: sandboxed, with trim_blocks, lstrip_blocks, <c>break</c> and
/// <c>continue</c>. They cannot reach anything but what they are given, and they are stopped at limits of depth, steps and length.
/// Whole numbers end at 2^63, and <c>map</c>, <c>select</c> and the like are worked out at once, where Jinja waits until they are read.
/// </remarks>
public sealed class ChatTemplate
{
    private readonly Block _template;

    private ChatTemplate(Block template, string? unsupported)
    {
        _template = template;
        Unsupported = unsupported;
    }

    /// <summary>What the template uses in some branch and this reader does not know, as a sentence: rendering fails where it comes there.
    /// Null for nothing.</summary>
    internal string? Unsupported { get; }

    /// <summary>Reads a template.</summary>
    /// <param name="source">Its text, as in <c>chat_template.jinja</c>.</param>
    /// <exception cref="InvalidDataException">It is no template; the message names the line and what was found there.</exception>
    /// <exception cref="NotSupportedException">It uses something that is not supported; the message names it.</exception>
    public static ChatTemplate Parse(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        Block template = TemplateParser.Read(source, out NameUses? uses);
        return new ChatTemplate(template, uses.Check(Filters.All.ContainsKey, Tests.All.ContainsKey));
    }

    /// <summary>Renders a conversation.</summary>
    /// <param name="messages">The turns so far, the oldest first.</param>
    /// <param name="addGenerationPrompt">True to end with what begins the assistant's next turn.</param>
    /// <param name="beginToken">The text of the token that begins a text; null where the model has none.</param>
    /// <param name="endToken">The text of the token that ends one; null where the model has none.</param>
    /// <exception cref="ArgumentException">
    /// The template refuses the messages, in its own words; or it fails with them or reaches a limit, and the message says where.
    /// </exception>
    /// <exception cref="NotSupportedException">The template uses something that is not supported; the message names it.</exception>
    public string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, string? beginToken, string? endToken) =>
        Render(messages, addGenerationPrompt, beginToken, endToken, new RenderLimits(), TimeProvider.System);

    /// <summary>Renders with variables of any kind: <c>messages</c>, <c>add_generation_prompt</c>, <c>tools</c>, tokens and whatever else
    /// the template reads.</summary>
    /// <param name="variables">The variables; of several with one name the last counts. <c>tools</c> and <c>documents</c> are none where
    /// they are not among them.</param>
    /// <exception cref="ArgumentException">
    /// The template refuses the messages, in its own words; or it fails with them or reaches a limit, and the message says where.
    /// </exception>
    /// <exception cref="NotSupportedException">The template uses something that is not supported; the message names it.</exception>
    public string Render(IEnumerable<KeyValuePair<string, JsonNode?>> variables)
    {
        ArgumentNullException.ThrowIfNull(variables);
        return Render(variables, new RenderLimits());
    }

    internal string Render(IEnumerable<KeyValuePair<string, JsonNode?>> variables, RenderLimits limits) =>
        Render(variables.Select(variable => (variable.Key, JsonValues.Of(variable.Value))), limits, TimeProvider.System);

    internal string Render(
        IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, string? beginToken, string? endToken, RenderLimits limits,
            TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return Render(Variables(messages, addGenerationPrompt, beginToken, endToken), limits, clock);
    }

    private string Render(IEnumerable<(string, object?)> variables, RenderLimits limits, TimeProvider clock)
    {
        // transformers always sets these two, and tokens only where there are any.
        Renderer renderer = new([("tools", null), ("documents", null)], limits, clock);
        try
        {
            return renderer.Render(_template, variables);
        }
        catch (TemplateFault fault)
        {
            throw new ArgumentException($"{SyntaxErrors.Template}, line {renderer.Line}: {fault.Message}", fault);
        }
    }

    private static Mapping Message(ChatMessage message) =>
        new([("role", message.Role), ("content", message.Content),
            .. message.Members.Select(member => ((object?)member.Name, JsonValues.Of(member.Value)))]);

    private static IEnumerable<(string, object?)> Variables(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt,
        string? beginToken, string? endToken)
    {
        yield return ("messages", new Sequence([.. messages.Select(message => Message(message))]));
        yield return ("add_generation_prompt", addGenerationPrompt);
        if (beginToken is not null)
            yield return ("bos_token", beginToken);
        if (endToken is not null)
            yield return ("eos_token", endToken);
    }
}
