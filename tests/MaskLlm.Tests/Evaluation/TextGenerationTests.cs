using MaskLlm.Architectures;
using MaskLlm.Decoding;
using MaskLlm.Evaluation;
using MaskLlm.Pretraining;
using MaskLlm.Tokens;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Evaluation;

/// <summary>Drawn texts against a second drawing from the model's logits.</summary>
[Collection(TorchTests.Name)]
public sealed class TextGenerationTests : IDisposable
{
    private const string Prompt = "some text";
    private readonly Pretrainer _made;
    private readonly Tokenizer _tokenizer;

    public TextGenerationTests()
    {
        DecoderConfig config = CheckpointConfig.Read(Fixture.PathOf("models/llama-gqa-tied")) with
        {
            VocabularySize = 300,
            MaxPositions = 24
        };
        _made = new Pretrainer(config, new PretrainOptions { Steps = 1 });
        // Random logits are nearly alike; these are not.
        using (no_grad()) _made.Model.Parameters["model.norm.weight"].mul_(20);
        _tokenizer = Tokenizer.FromBytes("made up", BpeTrainer.Train(["some text and more of some text"], 300, ["<|endoftext|>"]));
    }

    public void Dispose() => _made.Dispose();

    [Theory]
    [InlineData(8, 0.7f, 40)]
    [InlineData(8, 2, 300)]
    [InlineData(8, 2, 3)]
    [InlineData(8, 2, 1)]
    [InlineData(8, 2, 0)]
    [InlineData(8, 0, 40)]
    [InlineData(1, 1, 40)]
    [InlineData(0, 1, 40)]
    public void Continue_Settings_DrawByThem(int tokens, float temperature, int topK)
    {
        for (ulong seed = 0; seed < 4; seed++)
            Assert.Equal(Expected(tokens, seed, temperature, topK),
                TextGeneration.Continue(_made.Model, _tokenizer, Prompt, tokens, Options(seed, temperature, topK)));
    }

    [Fact]
    public void Continue_NothingSaid_DrawsAt07OfForty() =>
        Assert.Equal(TextGeneration.Continue(_made.Model, _tokenizer, Prompt, 10, Options(0, 0.7f, 40)),
            TextGeneration.Continue(_made.Model, _tokenizer, Prompt, 10));

    [Fact]
    public void Continue_PastThePositions_EndsThere()
    {
        int left = 24 - _tokenizer.Encode(Prompt).Length;
        Assert.Equal(Expected(left, 1, 0, 1), TextGeneration.Continue(_made.Model, _tokenizer, Prompt, 100, Options(1, 0, 1)));
        Assert.NotEqual(Expected(left - 1, 1, 0, 1), Expected(left, 1, 0, 1));
    }

    [Fact]
    public void Continue_StopId_EndsBeforeIt()
    {
        // The last token that comes for the first time.
        (ulong seed, List<int> drawn, int at) = Enumerable.Range(0, 20).Select(seed => ((ulong)seed, Draw(8, (ulong)seed, 2, 40)))
            .Select(each => (each.Item1, each.Item2, each.Item2.Select((id, i) => each.Item2.IndexOf(id) == i ? i : 0).Max())).First(each =>
                each.Item3 > 0);
        Assert.Equal(_tokenizer.Decode([.. drawn.Take(at)]), TextGeneration.Continue(
            _made.Model, _tokenizer, Prompt, 8, Options(seed, 2, 40), drawn[at]));
        Assert.NotEqual("", _tokenizer.Decode([.. drawn.Take(at)]));
    }

    private string Expected(int tokens, ulong seed, float temperature, int topK) =>
        _tokenizer.Decode([.. Draw(tokens, seed, temperature, topK)]);

    private static SamplingOptions Options(ulong seed, float temperature, int topK) =>
        new() { Seed = seed, Temperature = temperature, TopK = topK };

    // By the one sampler, of which SamplerTests say what it draws, from the logits of the whole text so far.
    private List<int> Draw(int tokens, ulong seed, float temperature, int topK)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        List<long> ids = [.. _tokenizer.Encode(Prompt).Select(id => (long)id)];
        int start = ids.Count;
        Sampler sampler = new(Options(seed, temperature, topK), 300);
        while (ids.Count < start + tokens)
        {
            float[] logits = _made.Model.Forward(tensor(ids.ToArray(), [1, ids.Count]))[0, -1].data<float>().ToArray();
            ids.Add(sampler.Draw(logits, ids.Count));
        }
        return [.. ids.Skip(start).Select(id => (int)id)];
    }
}
