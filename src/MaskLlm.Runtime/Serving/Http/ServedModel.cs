using MaskLlm.Chat;
using MaskLlm.Tokens;
using Microsoft.AspNetCore.Http;

namespace MaskLlm.Serving.Http;

/// <summary>What the endpoints share.</summary>
/// <param name="Name">As requests name it.</param>
/// <param name="Tokenizer">Of the model.</param>
/// <param name="Chat">How it wants conversations, or null.</param>
/// <param name="Batch">Where requests run.</param>
/// <param name="FreePositions">Positions of the cache that no text holds.</param>
internal sealed record ServedModel(string Name, Tokenizer Tokenizer, ChatFormat? Chat, TextBatch Batch, Func<long> FreePositions)
{
    private const int LongestShown = 100;

    /// <summary>When it was opened, in seconds since 1970.</summary>
    internal long Created { get; } = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    /// <summary>Holds a name against the model's.</summary>
    /// <exception cref="ApiException">It is another.</exception>
    internal void RequireName(string name)
    {
        if (name == Name) return;
        string found = name.Length == 0 ? "a model with an empty name"
            : name.Length > LongestShown ? $"the model {name[..LongestShown]}..."
            : $"the model {name}";
        throw new ApiException(StatusCodes.Status404NotFound, $"{found} is not served; {Name} is.", "model", "model_not_found");
    }

    /// <summary>The tokens of a prompt.</summary>
    /// <param name="text">It.</param>
    /// <param name="addSpecialTokens">Whether the tokenizer puts its special tokens round it.</param>
    /// <param name="field">What it is called in the request.</param>
    /// <exception cref="RequestFieldException">It has more tokens than the server takes, or none can be made of it.</exception>
    internal int[] Encode(string text, bool addSpecialTokens, string field)
    {
        int most = Batch.MostPromptTokens;
        try
        {
            return Tokenizer.EncodeUpTo(text, most, addSpecialTokens)
                ?? throw TextBatch.TooLong(field,
                    $"the prompt has more than {most} tokens, which are all that the server takes; shorten it.");
        }
        // The text is the request's: what the steps of the tokenizer cannot take of it is no failure of the server.
        catch (InvalidDataException e)
        {
            throw new RequestFieldException(field, e.Message);
        }
        catch (ArgumentException e) when (e is not RequestFieldException)
        {
            throw new RequestFieldException(field, e.Message);
        }
    }
}
