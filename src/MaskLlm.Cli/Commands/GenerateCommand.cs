using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using MaskLlm.Chat;
using MaskLlm.Cli.Output;
using MaskLlm.Cli.Talking;
using MaskLlm.Decoding;
using MaskLlm.Numerals;
using MaskLlm.Tokens;

namespace MaskLlm.Cli.Commands;

/// <summary><c>maskllm generate</c>.</summary>
internal static class GenerateCommand
{
    internal static Command Create(CancellationToken stop)
    {
        RuntimeModelOptions models = new();
        SamplingNumbers sampling = new();
        Option<string?> prompt = new("--prompt") { Description = "The text to go on with." };
        Option<int> tokens = NumberOption.Of(OptionRanges.MaxTokens, 128, "New tokens at most.");
        Option<bool> chat = new("--chat") { Description = "The prompt is what a user says, in the model's chat template." };
        Option<bool> interactive = new("--interactive")
        {
            Description = "A conversation on the terminal, line by line; /exit or the end "
            + "of input ends it."
        };
        Option<bool> json = SharedOptions.Json();
        Command command = new("generate", "Go on with a text on this machine's CPU, token by token, or talk.") { models.Model, prompt,
            tokens, chat, interactive };
        foreach (Option option in models.All.Concat(sampling.All).Append(json)) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            SamplingOptions options = sampling.Read(parsed);
            (string? text, bool isTalk, bool isJson) = (parsed.GetValue(prompt), parsed.GetValue(interactive), parsed.GetValue(json));
            Check(text, isTalk, isJson);
            using RuntimeModel model = models.Open(parsed, stop);
            Tokenizer tokenizer = model.LoadTokenizer();
            ChatFormat? format = isTalk || parsed.GetValue(chat) ? ChatOf(model, tokenizer) : null;
            using RuntimeDecoder decoder = new(model, models.DecoderOptions(parsed));
            (TextWriter output, TextWriter error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            using Speaker speaker = new(tokenizer, decoder, parsed.GetValue(tokens), options);
            if (isTalk) new Talk(speaker, format!, output, error).Run(Console.In, text, stop);
            else Say(speaker, Prompt(tokenizer, format, text!), isJson, output, error, stop);
            return stop.IsCancellationRequested ? ExitCode.Interrupted : ExitCode.Done;
        });
        return command;
    }

    private static void Check(string? prompt, bool isTalk, bool isJson)
    {
        if (prompt is null && !isTalk) throw new ArgumentException("--prompt is missing; give the text to go on with, or --interactive.");
        if (isTalk && isJson) throw new ArgumentException("--interactive talks and --json prints one object; leave one of them out.");
    }

    private static ChatFormat ChatOf(RuntimeModel model, Tokenizer tokenizer) => model.LoadChat(tokenizer)
        ?? throw new ArgumentException(
            $"{model.Path} has no chat template; leave out --chat and --interactive, or name a checkpoint that has one.");

    // A template writes the special tokens itself.
    private static int[] Prompt(Tokenizer tokenizer, ChatFormat? format, string text) => format is null
        ? tokenizer.Encode(text, addSpecialTokens: true)
        : tokenizer.Encode(format.Render([new ChatMessage("user", text)], addGenerationPrompt: true));

    private static void Say(Speaker speaker, int[] prompt, bool isJson, TextWriter output, TextWriter error, CancellationToken stop)
    {
        StringBuilder whole = new();
        GenerationResult result = speaker.Say(prompt, added =>
        {
            whole.Append(added);
            if (isJson) return;
            output.Write(added);
            output.Flush();
        }, stop);
        if (isJson)
        {
            JsonOutput.Print(output, ToJson(whole.ToString(), result, speaker.Decoder));
            return;
        }
        output.WriteLine();
        error.WriteLine(Summary(result, speaker.Decoder));
    }

    private static string Summary(GenerationResult result, RuntimeDecoder decoder) => string.Create(
        CultureInfo.InvariantCulture,
        $"{result.PromptTokens} tokens of prompt in {result.PromptSeconds:0.00} s, {result.Ids.Count} new ones, "
            + $"{result.TokensPerSecond:0.0} tokens/s ({decoder.Kernel}, {decoder.Threads} threads)");

    private static JsonObject ToJson(string text, GenerationResult result, RuntimeDecoder decoder) => new()
    {
        ["text"] = text,
        ["ids"] = new JsonArray([.. result.Ids.Select(id => (JsonNode)id)]),
        ["prompt_tokens"] = result.PromptTokens,
        ["prompt_seconds"] = result.PromptSeconds,
        ["tokens_per_second"] = result.TokensPerSecond,
        ["kernel"] = decoder.Kernel,
        ["threads"] = decoder.Threads,
    };
}
