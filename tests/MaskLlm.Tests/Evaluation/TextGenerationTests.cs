using MaskLlm.Architectures;
using MaskLlm.Evaluation;
using MaskLlm.Pretraining;
using MaskLlm.Randomness;
using MaskLlm.Tokens;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Evaluation;

/// <summary>Drawn texts against a plain second drawing from the model's logits.</summary>
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
    [InlineData(8, 0.7, 40)]
    [InlineData(8, 2, 300)]
    [InlineData(8, 2, 3)]
    [InlineData(8, 2, 1)]
    [InlineData(8, 2, 0)]
    [InlineData(8, 0, 40)]
    [InlineData(1, 1, 40)]
    [InlineData(0, 1, 40)]
    public void Continue_Settings_DrawByThem(int tokens, double temperature, int topK)
    {
        for (ulong seed = 0; seed < 4; seed++)
            Assert.Equal(Expected(tokens, seed, temperature, topK),
                TextGeneration.Continue(_made.Model, _tokenizer, Prompt, tokens, seed, temperature, topK));
    }

    [Fact]
    public void Continue_NothingSaid_DrawsAt07OfForty() =>
        Assert.Equal(TextGeneration.Continue(_made.Model, _tokenizer, Prompt, 10, 5, 0.7, 40),
            TextGeneration.Continue(_made.Model, _tokenizer, Prompt, 10, 5));

    [Fact]
    public void Continue_PastThePositions_EndsThere()
    {
        int left = 24 - _tokenizer.Encode(Prompt).Length;
        Assert.Equal(Expected(left, 1, 0, 1), TextGeneration.Continue(_made.Model, _tokenizer, Prompt, 100, 1, 0));
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
            _made.Model, _tokenizer, Prompt, 8, seed, 2, 40, drawn[at]));
        Assert.NotEqual("", _tokenizer.Decode([.. drawn.Take(at)]));
    }

    private string Expected(int tokens, ulong seed, double temperature, int topK) =>
        _tokenizer.Decode([.. Draw(tokens, seed, temperature, topK)]);

    // Each token's share of 0 to 1 lies behind those of more probable ones; a number of the position says in which it is.
    private List<int> Draw(int tokens, ulong seed, double temperature, int topK)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        List<long> ids = [.. _tokenizer.Encode(Prompt).Select(id => (long)id)];
        int start = ids.Count;
        while (ids.Count < start + tokens)
        {
            float[] logits = _made.Model.Forward(tensor(ids.ToArray(), [1, ids.Count]))[0, -1].data<float>().ToArray();
            int[] order = [.. Enumerable.Range(0, logits.Length).OrderByDescending(id => logits[id])];
            int taken = temperature == 0 || topK <= 1 ? 1 : Math.Min(topK, logits.Length);
            double[] weights = [.. order.Take(taken).Select(id =>
                temperature == 0 ? 1 : Math.Exp(logits[id] / temperature - logits[order[0]] / temperature))];
            uint[] words = new uint[4];
            Philox.Block(seed, 0, (ulong)ids.Count, words);
            double at = words[0] / Math.Pow(2, 32), behind = 0;
            int next = 0;
            while (next < taken - 1 && (behind += weights[next] / weights.Sum()) <= at) next++;
            ids.Add(order[next]);
        }
        return [.. ids.Skip(start).Select(id => (int)id)];
    }
}
