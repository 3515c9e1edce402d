using System.Text.Json;
using MaskLlm.Chat;
using MaskLlm.Decoding;
using MaskLlm.Products;
using MaskLlm.Serving;
using MaskLlm.Serving.Http;
using MaskLlm.Tokens;
using Microsoft.AspNetCore.Http;

namespace MaskLlm.Fuzz;

/// <summary>Bodies of requests.</summary>
internal static class RequestReaders
{
    private static readonly Lazy<ServedModel> Served = new(Serve);

    private static readonly BodyIntake Intake = new(new BodyBudget(1 << 24), 1 << 20, TimeProvider.System);

    internal static IReadOnlyList<FuzzReader> All { get; } =
    [
        Of("completions", new CompletionShape(),
            """{"model":"m","prompt":"The fox","max_tokens":4,"temperature":0.5,"top_p":0.9,"stop":["\n","x"],"stream":true,"stream_options":{"include_usage":true},"seed":7,"n":1,"user":"u"}""",
            """{"prompt":[1,2,3],"frequency_penalty":0,"presence_penalty":0.0,"logit_bias":{},"echo":false,"suffix":null,"best_of":1,"top_k":3,"repetition_penalty":1.1}"""),
        Of("chat", new ChatShape(),
            """
            {"model":"m","messages":[{"role":"system","content":"be brief"},{"role":"user","content":[{"type":"text","text":"hi"}]},{"role":"assistant","content":null,
            "tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]}],"max_completion_tokens":4,"response_format":{"type":"text"},"tools":[],"stop":"."}
            """,
            """{"messages":[{"role":"user","content":"hello","name":"x"}],"logprobs":false,"stream":false,"temperature":0,"metadata":{"a":"b"}}"""),
    ];

    private static FuzzReader Of(string name, ITextShape shape, params string[] bodies) =>
        FuzzReaders.Make(name, () => bodies.Select(body => FuzzSeed.Of("body.json", body)), input =>
    {
        DefaultHttpContext http = new();
        (http.Request.Body, http.Request.ContentLength, http.Request.ContentType) = (new MemoryStream(input.Bytes), input.Bytes.Length,
            "application/json");
        using RequestBody body = RequestBody.Read(http.Request, Intake).GetAwaiter().GetResult();
        TextCall.Read(body.Root, Served.Value, shape);
    }) with
        {
            // A body that is no JSON is answered before the fields are read; what an option's range refuses is a 400 too.
            Refusals = [typeof(ApiException), typeof(ArgumentException), typeof(RefusedException), typeof(JsonException),
            typeof(BadHttpRequestException)],
            NamesFile = false,
        };

    // One for the process: it ends with it.
    private static ServedModel Serve()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("maskllm-fuzz-").FullName, "model");
        File.WriteAllBytes(path, SeedModel.Runtime(WeightType.Float32, false));
        RuntimeModel model = RuntimeModel.Open(path);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        Tokenizer tokenizer = model.LoadTokenizer();
        RuntimeDecoder decoder = new(model, new RuntimeDecoderOptions { Threads = 1, TokensAtOnce = 8, CacheBytes = 8 << 20 });
        byte[] template = "{% for m in messages %}{{ m.role }}: {{ m.content }}{% for call in m.tool_calls or [] %}{{ call | tojson }}{% endfor %}\n{% endfor %}"u8.ToArray();
        ChatFormat? chat = ChatFormat.Read(name => name.EndsWith(".jinja", StringComparison.Ordinal) ? template : null,
            tokenizer.SpecialTokens);
        return new ServedModel("m", tokenizer, chat, new TextBatch(decoder, tokenizer, [0], new ServingOptions { Parallel = 4 }), () =>
            decoder.FreePositions);
    }
}
