using System.Globalization;
using System.Text;

namespace MaskLlm.Serving.Http;

/// <summary>The figures of <c>/metrics</c> in Prometheus' text format.</summary>
internal static class MetricsText
{
    internal const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    internal static string Of(ServedModel model)
    {
        TextBatch batch = model.Batch;
        StringBuilder text = new();
        Head(text, "requests_total", "counter", "Requests by what became of them.");
        foreach (RequestOutcome outcome in Enum.GetValues<RequestOutcome>())
            text.Append(CultureInfo.InvariantCulture,
                $"maskllm_requests_total{{outcome=\"{outcome.ToString().ToLowerInvariant()}\"}} {batch.Counts.Of(outcome)}\n");
        Add(text, "requests_queued", "gauge", "Requests that wait.", batch.Waiting);
        Add(text, "requests_running", "gauge", "Requests that run.", batch.Running);
        Add(text, "prompt_tokens_total", "counter", "Prompt tokens that went through the model.", batch.Counts.PromptTokens);
        Add(text, "new_tokens_total", "counter", "New tokens.", batch.Counts.NewTokens);
        Add(text, "new_tokens_per_second", "gauge", "New tokens a second, over the last ten seconds.",
            batch.Counts.Rate.PerSecond(Environment.TickCount64));
        Add(text, "cache_positions_free", "gauge", "Positions of the cache that no text holds.", model.FreePositions());
        Add(text, "cache_positions_unpromised", "gauge", "Positions of the cache that are promised to no text.", batch.UnpromisedPositions);
        Add(text, "resident_bytes", "gauge", "Memory of the process, the model included.", Environment.WorkingSet);
        return text.ToString();
    }

    private static void Add(StringBuilder text, string name, string type, string help, double value)
    {
        Head(text, name, type, help);
        text.Append(CultureInfo.InvariantCulture, $"maskllm_{name} {value}\n");
    }

    private static void Head(StringBuilder text, string name, string type, string help) =>
        text.Append(CultureInfo.InvariantCulture, $"# HELP maskllm_{name} {help}\n# TYPE maskllm_{name} {type}\n");
}
