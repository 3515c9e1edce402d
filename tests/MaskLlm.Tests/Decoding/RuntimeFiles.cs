using MaskLlm.Architectures;
using MaskLlm.Decoding;
using MaskLlm.Masks;
using MaskLlm.Packing;
using MaskLlm.Products;

namespace MaskLlm.Tests.Decoding;

/// <summary>Runtime files of the fixtures, for tests.</summary>
internal static class RuntimeFiles
{
    /// <summary>Exports a fixture's model, dense or under a random 2:4 mask.</summary>
    internal static RuntimeModel Export(TemporaryFolder folder, string name, WeightType type,
        IReadOnlyDictionary<string, Mask>? masks = null)
    {
        string path = folder.File($"{name}-{type}.maskllm");
        RuntimeExport.Write(Fixture.PathOf($"models/{name}"), masks, type, path);
        return RuntimeModel.Open(path);
    }

    /// <summary>A random 2:4 mask of every linear layer.</summary>
    internal static Dictionary<string, Mask> RandomMasks(string name, int seed)
    {
        Random random = new(seed);
        return CheckpointConfig.LinearShapes(Fixture.PathOf($"models/{name}")).ToDictionary(layer => layer.Key, layer =>
        {
            byte[] kept = new byte[layer.Value.Rows * layer.Value.Columns];
            for (int group = 0; group < kept.Length / 4; group++)
            {
                int first = random.Next(4), second = (first + 1 + random.Next(3)) % 4;
                kept[4 * group + first] = kept[4 * group + second] = 1;
            }
            return Mask.FromBytes(layer.Value.Rows, layer.Value.Columns, kept);
        });
    }

    /// <summary>Every matrix of a runtime model by the checkpoint's name.</summary>
    internal static IEnumerable<(string Name, PackedMatrix Matrix)> Matrices(RuntimeModel model) =>
    [
        (model.Config.EmbeddingName, model.Embedding),
        .. model.Blocks.SelectMany(block => block.Linears.Select(linear => (linear.Name, linear.Weight))),
        .. model.Config.TieWordEmbeddings ? [] : new[] { (model.Config.HeadName, model.Head) },
    ];

    /// <summary>Logits of every token of some sequences, run in pieces of at most <paramref name="atOnce"/> tokens: (sequences, tokens,
    /// V).</summary>
    internal static float[] Logits(RuntimeModel model, long[][] sequences, int atOnce, int threads = 2)
    {
        using RuntimeDecoder decoder = new(model,
            new RuntimeDecoderOptions { Threads = threads, TokensAtOnce = atOnce, CacheBytes = 64 << 20 });
        List<float> logits = [];
        foreach (long[] ids in sequences)
        {
            using KeyValueCache cache = decoder.StartSequence();
            cache.Expect(ids.Length);
            foreach (long[] piece in ids.Chunk(atOnce))
            {
                decoder.Forward([.. piece.Select(id => new BatchToken(cache, (int)id, WantsLogits: true))]);
                for (int i = 0; i < piece.Length; i++) logits.AddRange(decoder.Logits(i));
            }
        }
        return [.. logits];
    }

    /// <summary>max |a - b| / max |b|.</summary>
    internal static double RelativeDifference(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        Assert.Equal(b.Length, a.Length);
        double difference = 0, largest = 0;
        for (int i = 0; i < a.Length; i++)
        {
            Assert.True(float.IsFinite(a[i]));
            difference = Math.Max(difference, Math.Abs((double)a[i] - b[i]));
            largest = Math.Max(largest, Math.Abs(b[i]));
        }
        return difference / largest;
    }

    /// <summary>The same of the positions of a text, half of which are below it: where activations are rounded, a token may go to another
    /// expert than before.</summary>
    internal static double MedianDifference(ReadOnlySpan<float> a, ReadOnlySpan<float> b, int vocabulary)
    {
        List<double> differences = [];
        for (int at = 0; at < b.Length; at += vocabulary)
            differences.Add(RelativeDifference(a.Slice(at, vocabulary), b.Slice(at, vocabulary)));
        return differences.Order().ElementAt(differences.Count / 2);
    }
}
