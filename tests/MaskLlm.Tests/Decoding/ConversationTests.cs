using MaskLlm.Decoding;
using MaskLlm.Products;

namespace MaskLlm.Tests.Decoding;

/// <summary>Turns of a conversation give what the whole text would, and run only what is new.</summary>
public class ConversationTests
{
    [Fact]
    public void Continue_TextThatGrows_RunsOnlyWhatIsNew()
    {
        using TemporaryFolder folder = new();
        using RuntimeModel model = RuntimeFiles.Export(folder, "llama-gqa-tied", WeightType.Float32);
        using RuntimeDecoder decoder = new(model, new RuntimeDecoderOptions { Threads = 1 });
        using Conversation conversation = new(decoder, []);
        SamplingOptions sampling = new() { Temperature = 1, Seed = 4 };
        List<int> text = [3, 4, 5, 6];
        foreach ((int[] added, int run) in new[] { (Array.Empty<int>(), 4), ([7, 8], 3), ([9], 2) })
        {
            text.AddRange(added);
            GenerationResult result = conversation.Continue(text, 4, sampling, _ => { }, CancellationToken.None);
            // The last token of the turn before was drawn and not run.
            Assert.Equal(run, result.PromptTokens);
            Assert.Equal(Alone(decoder, text, sampling), result.Ids);
            text.AddRange(result.Ids);
        }
        // A turn that was written otherwise: from the first difference on.
        text[2] = 60;
        GenerationResult changed = conversation.Continue(text, 4, sampling, _ => { }, CancellationToken.None);
        Assert.Equal(text.Count - 2, changed.PromptTokens);
        Assert.Equal(Alone(decoder, text, sampling), changed.Ids);
        // Nothing new: the last token is run again for its logits.
        Assert.Equal(1, conversation.Continue(text, 4, sampling, _ => { }, CancellationToken.None).PromptTokens);
    }

    private static IReadOnlyList<int> Alone(RuntimeDecoder decoder, IReadOnlyList<int> text, SamplingOptions sampling)
    {
        using KeyValueCache cache = decoder.StartSequence();
        return Generation.Continue(decoder, cache, text, 4, sampling, []).Ids;
    }
}
