using MaskLlm.Numerals;

namespace MaskLlm.Architectures.Families;

/// <summary>
/// The range of every number of config.json: a row a key. The upper ends are far beyond any model, and low enough that no product of
/// two sizes leaves 63 bits, whatever a file claims.
/// </summary>
internal static class ConfigRange
{
    private static readonly Dictionary<string, (double Least, double Most)> Ranges = new(StringComparer.Ordinal)
    {
        ["hidden_size"] = (1, 1 << 20),
        ["intermediate_size"] = (1, 1 << 22),
        ["num_hidden_layers"] = (1, 1 << 16),
        ["num_attention_heads"] = (1, 1 << 16),
        ["num_key_value_heads"] = (1, 1 << 16),
        ["head_dim"] = (2, 1 << 14),
        ["vocab_size"] = (1, 1 << 26),
        ["max_position_embeddings"] = (1, int.MaxValue),
        ["original_max_position_embeddings"] = (1, int.MaxValue),
        ["sliding_window"] = (1, int.MaxValue),
        ["max_window_layers"] = (0, int.MaxValue),
        // Below float32's range it would be 0 where it is added.
        ["rms_norm_eps"] = (1e-30, 1),
        ["rope_theta"] = (1, 1e30),
        ["factor"] = (1e-6, 1e6),
        ["low_freq_factor"] = (1e-6, 1e6),
        ["high_freq_factor"] = (1e-6, 1e6),
    };

    /// <summary>Refuses a number out of its range.</summary>
    /// <param name="where">What messages begin with: the file, and the way to the key but for its last part.</param>
    /// <param name="key">The key, as in the table.</param>
    /// <param name="value">What the file has.</param>
    /// <exception cref="InvalidDataException">It is out of range.</exception>
    internal static void Require(string where, string key, double value)
    {
        (double least, double most) = Ranges[key];
        if (value >= least && value <= most) return;
        throw new InvalidDataException($"{where}{key} is {NumberText.Shown(value)}; {NumberText.Shown(least)} to {NumberText.Shown(most)} can be.");
    }
}
