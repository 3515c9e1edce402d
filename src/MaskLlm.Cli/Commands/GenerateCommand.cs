using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using MaskLlm.Cli.Output;
using MaskLlm.Runtime;
using MaskLlm.Tokens;

namespace MaskLlm.Cli.Commands;

/// <summary><c>maskllm generate</c>.</summary>
internal static class GenerateCommand
{
    internal static Command Create(CancellationToken stop)
    {
        RuntimeModelOptions models = new();
        SamplingNumbers sampling = new();
        Option<string> prompt = new("--prompt") { Description = "The text to go on with.", Required = true };
        Option<int> tokens = new("--max-tokens") { Description = "New tokens at most.", DefaultValueFactory = _ => 128 };
        Option<bool> json = SharedOptions.Json();
        Command command = new("generate", "Go on with a text on this machine's CPU, token by token.") { models.Model, prompt, tokens };
        foreach (Option option in models.All.Concat(sampling.All).Append(json)) command.Options.Add(option);
        command.SetAction(parsed =>
        {
            SamplingOptions options = sampling.Read(parsed);
            if (parsed.GetValue(tokens) < 1) throw new ArgumentException($"--max-tokens {parsed.GetValue(tokens)}: at least 1 is needed.");
            using RuntimeModel model = models.Open(parsed, stop);
            Tokenizer tokenizer = model.LoadTokenizer();
            using RuntimeDecoder decoder = new(model, models.DecoderOptions(parsed));
            TextWriter output = parsed.InvocationConfiguration.Output;
            TextStream text = new(tokenizer, skipSpecialTokens: true);
            System.Text.StringBuilder whole = new();
            void Show(string added)
            {
                whole.Append(added);
                if (parsed.GetValue(json)) return;
                output.Write(added);
                output.Flush();
            }
            using KeyValueCache cache = decoder.StartSequence();
            GenerationResult result = Generation.Continue(
                decoder, cache, tokenizer.Encode(parsed.GetValue(prompt)!, addSpecialTokens: true), parsed.GetValue(tokens), options, model.EndOfTextIds, id => Show(text.Add(id)), stop);
            Show(text.Flush());
            if (parsed.GetValue(json)) JsonOutput.Print(output, ToJson(whole.ToString(), result, decoder));
            else
            {
                output.WriteLine();
                parsed.InvocationConfiguration.Error.WriteLine(Summary(result, decoder));
            }
            return stop.IsCancellationRequested ? ExitCode.Interrupted : ExitCode.Done;
        });
        return command;
    }

    private static string Summary(GenerationResult result, RuntimeDecoder decoder) => string.Create(
        CultureInfo.InvariantCulture,
        $"{result.PromptTokens} tokens of prompt in {result.PromptSeconds:0.00} s, {result.Ids.Count} new ones, {result.TokensPerSecond:0.0} tokens/s ({decoder.Kernel}, {decoder.Threads} threads)");

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
