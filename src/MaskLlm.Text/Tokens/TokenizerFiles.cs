using MaskLlm.Json;

namespace MaskLlm.Tokens;

/// <summary>The files of a checkpoint that say something of its tokenizer, in a folder or kept inside another file.</summary>
/// <param name="open">Gives the bytes of a file, or null where there is none.</param>
/// <param name="pathOf">How messages call a file.</param>
internal sealed class TokenizerFiles(Func<string, byte[]?> open, Func<string, string> pathOf)
{
    internal const string Json = "tokenizer.json", Model = "tokenizer.model", Configuration = "tokenizer_config.json";
    internal const string SpecialTokensMap = "special_tokens_map.json", AddedTokens = "added_tokens.json";
    internal const string GenerationConfiguration = "generation_config.json", ModelConfiguration = "config.json";

    /// <summary>All of them: who carries a checkpoint about carries these.</summary>
    internal static IReadOnlyList<string> Names { get; } =
        [Json, Model, Configuration, SpecialTokensMap, AddedTokens, GenerationConfiguration, ModelConfiguration];

    /// <summary>Those that a tokenizer is made of; the first that is there counts.</summary>
    internal static IReadOnlyList<string> Vocabularies { get; } = [Json, Model];

    /// <summary>Those of a folder.</summary>
    internal static TokenizerFiles In(string folder) => new(
        name => Path.Combine(folder, name) is var file && File.Exists(file) ? JsonSource.ReadFile(file) : null, name =>
            Path.Combine(folder, name));

    /// <summary>How messages call a file.</summary>
    internal string PathOf(string name) => pathOf(name);

    /// <summary>The bytes of a file; null where there is none.</summary>
    internal byte[]? Open(string name) => open(name);

    /// <summary>The object in a JSON file; null where there is no such file.</summary>
    /// <exception cref="InvalidDataException">It is no JSON, or no object.</exception>
    internal JsonValue? Read(string name) => open(name) is { } bytes ? JsonValue.Parse(pathOf(name), bytes) : null;
}
