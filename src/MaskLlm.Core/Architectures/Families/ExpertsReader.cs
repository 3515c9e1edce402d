using System.Globalization;

namespace MaskLlm.Architectures.Families;

/// <summary>Reads what families of mixtures share.</summary>
internal static class ExpertsReader
{
    /// <summary>How many experts a block has: both keys are read, as transformers takes one for the other.</summary>
    /// <param name="config">The file.</param>
    /// <param name="absent">Without either.</param>
    internal static int Count(ConfigFile config, int absent) =>
        config.Names("num_experts") ? config.Int("num_experts") : config.Int("num_local_experts", absent);

    /// <summary>Blocks without experts by Qwen's keys: those that are named, and of the others those whose number from 1 the step does not
    /// divide.</summary>
    internal static IReadOnlyList<int> DenseBlocks(ConfigFile config, int blocks)
    {
        HashSet<double> named = [.. config.Doubles("mlp_only_layers") ?? []];
        if (named.FirstOrDefault(block => block >= blocks || block % 1 != 0, -1) is >= 0 and double unknown)
            throw config.Contradiction($"mlp_only_layers names block {unknown.ToString(CultureInfo.InvariantCulture)}, and "
                + $"num_hidden_layers is {blocks}.");
        int step = config.Int("decoder_sparse_step", 1);
        return [.. Enumerable.Range(0, blocks).Where(block => named.Contains(block) || (block + 1) % step != 0)];
    }
}
