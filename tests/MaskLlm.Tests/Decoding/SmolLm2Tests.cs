using System.Text.Json.Nodes;
using MaskLlm.Decoding;
using MaskLlm.Packing;
using MaskLlm.Products;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Decoding;

/// <summary>The CPU runtime on a real model against what transformers said; where ../shared and numpy are.</summary>
[Collection(TorchTests.Name)]
public class SmolLm2Tests
{
    private const string Greedy = "generation.json", Logits = "logits.safetensors";

    [Fact]
    public void Continue_Greedy_WritesTransformersTexts()
    {
        string? shared = Fixture.Shared("fixtures/smollm2");
        if (shared is null || !Directory.Exists(shared)) Assert.Skip("no ../shared/fixtures/smollm2 here");
        SystemPython.RequireNumpy();
        using TemporaryFolder folder = new();
        using RuntimeModel model = Export(shared, folder);
        using RuntimeDecoder decoder = new(model, new RuntimeDecoderOptions { CacheBytes = 256 << 20 });
        JsonArray cases = JsonNode.Parse(File.ReadAllText(Path.Combine(shared, Greedy)))!.AsArray();
        Assert.Equal(8, cases.Count);
        foreach (JsonNode? recorded in cases)
        {
            int[] prompt = Ints(recorded!["prompt_ids"]!), expected = Ints(recorded["new_ids"]!);
            Assert.Equal(prompt, model.LoadTokenizer().Encode((string)recorded["prompt"]!));
            using KeyValueCache cache = decoder.StartSequence();
            GenerationResult result = Generation.Continue(
                decoder, cache, prompt, 48, new SamplingOptions { Temperature = 0 }, model.LoadTokenizer().EndOfTextIds,
                    stop: TestContext.Current.CancellationToken);
            Assert.Equal(expected, result.Ids);
        }

        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> last = TensorFile.Read(Path.Combine(shared, Logits));
        float[] logits = RuntimeFiles.Logits(model, [last["input_ids"].data<long>().ToArray()], 64);
        Assert.True(RuntimeFiles.RelativeDifference(logits.AsSpan()[^model.Config.VocabularySize..], last["last_logits"].data<float>()
            .ToArray()) < 1e-4);
    }

    private static RuntimeModel Export(string shared, TemporaryFolder folder)
    {
        string checkpoint = folder.File("smollm2"), file = folder.File("smollm2.maskllm");
        Assert.Equal(0, SystemPython.Run(Path.Combine(shared, "to_hf.py"), checkpoint).ExitCode);
        RuntimeExport.Write(checkpoint, null, WeightType.Float32, file);
        return RuntimeModel.Open(file);
    }

    private static int[] Ints(JsonNode array) => [.. array.AsArray().Select(id => (int)id!)];
}
