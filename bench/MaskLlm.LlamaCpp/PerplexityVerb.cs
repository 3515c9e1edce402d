using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using MaskLlm.Data;
using MaskLlm.Tokens;

namespace MaskLlm.LlamaCpp;

/// <summary>
/// Perplexity in llama.cpp with the protocol of <c>maskllm eval</c>: one encode without special tokens, windows of N tokens
/// side by side, N - 1 predicted tokens in each, exp of the mean negative log likelihood.
/// </summary>
internal static class PerplexityVerb
{
    internal static Command Create()
    {
        Argument<string> file = new("gguf") { Description = "The GGUF file." };
        Option<string> data = new("--data") { Description = "A text, or a .npy of token ids.", Required = true };
        Option<string?> tokenizer = new("--tokenizer") { Description = "A folder with our tokenizer, for a text." };
        Option<int> length = new("--seq-len") { DefaultValueFactory = _ => 1024 };
        Option<int?> windows = new("--max-windows");
        Option<int> threads = new("--threads") { DefaultValueFactory = _ => 1 };
        Command command = new("perplexity", "Perplexity of a GGUF file in llama.cpp.") { file, data, tokenizer, length, windows, threads };
        command.SetAction(parsed => Run(
            parsed.GetValue(file)!, parsed.GetValue(data)!, parsed.GetValue(tokenizer), parsed.GetValue(length), parsed.GetValue(windows),
                parsed.GetValue(threads)));
        return command;
    }

    private static void Run(string file, string data, string? tokenizer, int length, int? maxWindows, int threads)
    {
        using LlamaModel model = new(file, length, threads);
        string? text = null;
        int[] ids = WholeTokens.Read(data, model.VocabularySize, whole => Tokenizer.Load(RequireTokenizer(tokenizer)).Encode(text = whole));
        int windows = Math.Min(ids.Length / length, maxWindows ?? int.MaxValue);
        Stopwatch watch = Stopwatch.StartNew();
        double total = Enumerable.Range(0, windows).Sum(window => Loss(model, ids.AsSpan(window * length, length)));
        double seconds = watch.Elapsed.TotalSeconds;
        TokenDifference? tokens = text is null ? null : TokenDifference.Of(ids, model.Tokenize(text));
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            file,
            data,
            seq_len = length,
            perplexity = Math.Exp(total / ((long)windows * (length - 1))),
            windows,
            seconds,
            tokens = ids.Length,
            llama_cpp_tokens = tokens?.Found,
            differing_tokens = tokens?.Differing,
        }));
    }

    private static string RequireTokenizer(string? folder) =>
        folder ?? throw new ArgumentException("--tokenizer is missing; a text needs the folder with our tokenizer.");

    private static double Loss(LlamaModel model, ReadOnlySpan<int> window)
    {
        int[] ids = window.ToArray();
        double loss = 0;
        model.Run(ids, (position, logits) =>
        {
            if (position + 1 < ids.Length) loss += NegativeLogLikelihood(logits, ids[position + 1]);
        });
        return loss;
    }

    private static double NegativeLogLikelihood(ReadOnlySpan<float> logits, int id)
    {
        double largest = logits[0], sum = 0;
        foreach (float logit in logits) largest = Math.Max(largest, logit);
        foreach (float logit in logits) sum += Math.Exp(logit - largest);
        return largest + Math.Log(sum) - logits[id];
    }
}
