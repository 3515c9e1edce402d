namespace MaskLlm.Chat.Values;

/// <summary>What goes wrong while a template is rendered, without the place: the renderer adds that.</summary>
internal sealed class TemplateFault(string message) : Exception(message);
