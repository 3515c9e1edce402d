namespace MaskLlm.Architectures;

/// <summary>The tensors that a decoder is made of, by the checkpoint's names, without making one.</summary>
internal static class ParameterShapes
{
    /// <summary>
    /// All of them, in the order in which a decoder makes them: matrices as the checkpoint stores them, vectors (length).
    /// </summary>
    internal static IEnumerable<(string Name, int[] Shape)> All(DecoderConfig config)
    {
        yield return (config.EmbeddingName, [config.VocabularySize, config.HiddenSize]);
        if (config.PositionsName is { } positions) yield return (positions, [config.PositionRows, config.HiddenSize]);
        if (config.EmbeddingNorm is { } embeddingNorm)
            foreach ((string, int[]) vector in Vectors(embeddingNorm)) yield return vector;
        for (int block = 0; block < config.BlockCount; block++)
        {
            BlockPlan plan = BlockPlan.Of(config, block);
            foreach (LinearTensor linear in plan.Tensors())
            {
                yield return (linear.Name, linear.StoredShape);
                if (linear.Bias is { } bias) yield return (bias, linear.BiasShape);
            }
            foreach ((string name, int[] shape) in plan.Experts?.Routing(config.HiddenSize) ?? []) yield return (name, shape);
            if (plan.Sinks is { } sinks) yield return (sinks, [config.HeadCount]);
            foreach ((string, int[]) vector in plan.Norms().SelectMany(Vectors)) yield return vector;
        }
        foreach ((string, int[]) vector in Vectors(config.FinalNorm)) yield return vector;
        if (!config.TieWordEmbeddings) yield return (config.HeadName, [config.VocabularySize, config.HiddenSize]);
        if (config.HeadBiasName is { } headBias) yield return (headBias, [config.VocabularySize]);
    }

    /// <summary>Every linear weight of the blocks, in the order of the forward pass: what a mask may prune.</summary>
    internal static IEnumerable<LinearTensor> Linears(DecoderConfig config) =>
        Enumerable.Range(0, config.BlockCount).SelectMany(block => BlockPlan.Of(config, block).Tensors());

    /// <summary>Those of them that the checkpoint stores otherwise than (outputs, inputs), by name.</summary>
    internal static IReadOnlyDictionary<string, StoredLayout> Layouts(DecoderConfig config) =>
        Linears(config).Where(linear => linear.IsTransposed || linear.Parts > 1)
            .ToDictionary(linear => linear.Name, linear => linear.Layout, StringComparer.Ordinal);

    /// <summary>What is computed with as it is and never packed: norms, biases, learned positions and routers.</summary>
    internal static IEnumerable<(string Name, int[] Shape)> Values(DecoderConfig config)
    {
        HashSet<string> packed = [.. Linears(config).Select(linear => linear.Name), config.EmbeddingName, config.HeadName];
        return All(config).Where(parameter => !packed.Contains(parameter.Name));
    }

    private static IEnumerable<(string Name, int[] Shape)> Vectors(NormTensors norm) =>
        new[] { norm.Weight, norm.Bias }.OfType<string>().Select(name => (name, new[] { norm.Size }));
}
