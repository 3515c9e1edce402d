using System.Text.Json.Nodes;
using MaskLlm.Tokens;
using JsonValue = MaskLlm.Json.JsonValue;

namespace MaskLlm.Tasks;

/// <summary>Requests as token ids.</summary>
/// <remarks>lm-evaluation-harness 0.4: spaces at the end of a context belong to its continuation; the continuation is what the whole has
/// beyond the tokens of the context; an empty context is the token that begins a text, or else that which ends one.</remarks>
internal sealed class TaskEncoding
{
    private readonly Tokenizer _tokenizer;
    private readonly int[] _before;
    private readonly int? _beginning;

    internal TaskEncoding(Tokenizer tokenizer)
    {
        _tokenizer = tokenizer;
        _before = [.. tokenizer.BeginIds];
        _beginning = Named("bos_token") ?? Named("eos_token") ?? (tokenizer.EndOfTextIds is [int end, ..] ? end : null);
    }

    /// <exception cref="InvalidDataException">The continuation has no token of its own, or nothing begins an empty context.</exception>
    internal (int[] Context, int[] Continuation) Of(TaskRequest request)
    {
        string context = request.Context.TrimEnd(), continuation = request.Context[context.Length..] + request.Continuation;
        if (context.Length == 0) return OfAlone(continuation);
        int[] before = Encode(context), whole = Encode(context + continuation);
        return whole.Length > before.Length ? (before, whole[before.Length..]) : throw Empty(continuation);
    }

    private (int[] Context, int[] Continuation) OfAlone(string continuation)
    {
        int[] ids = _tokenizer.Encode(continuation);
        int beginning = _beginning ?? throw new InvalidDataException("a task has a text without a context, and the tokenizer names no "
            + "token that begins or ends a text; add bos_token to its tokenizer_config.json.");
        if (ids.Length > 1 && ids[0] == beginning) return ([beginning], ids[1..]);
        return ids.Length > 0 ? ([beginning], ids) : throw Empty(continuation);
    }

    // A text that brings its own begin token gets no other.
    private int[] Encode(string text)
    {
        int[] ids = _tokenizer.Encode(text);
        return _before.Length > 0 && ids.AsSpan().StartsWith(_before) ? ids : [.. _before, .. ids];
    }

    private int? Named(string name) => _tokenizer.SpecialTokens.TryGetValue(name, out JsonNode? token)
        && token is not null && _tokenizer.TryGetId($"{token}", out int id) ? id : null;

    private static InvalidDataException Empty(string continuation) =>
        new($"a choice, '{JsonValue.Shortened(continuation)}', has no token of its own: it is empty, or the tokenizer joins it to "
            + $"its context.");
}
