namespace MaskLlm.Numerals;

/// <summary>What an exception says, for people.</summary>
public static class ArgumentSentence
{
    /// <summary>Its message. .NET adds the parameter's name in a second sentence; a user knows options, not parameters.</summary>
    public static string Of(Exception e) => e is ArgumentException { ParamName: not null } ? e.Message.Split(" (Parameter '")[0]
        : e.Message;
}
