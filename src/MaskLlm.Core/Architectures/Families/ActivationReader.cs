namespace MaskLlm.Architectures.Families;

/// <summary>Reads the function of an MLP by transformers' names of it.</summary>
internal static class ActivationReader
{
    private static readonly Dictionary<string, Activation> Known = new(StringComparer.Ordinal)
    {
        ["silu"] = Activation.Silu,
        ["swish"] = Activation.Silu,
        ["gelu"] = Activation.Gelu,
        ["gelu_python"] = Activation.Gelu,
        ["gelu_accurate"] = Activation.GeluTanh,
        ["gelu_new"] = Activation.GeluTanh,
        ["gelu_fast"] = Activation.GeluTanh,
        ["gelu_pytorch_tanh"] = Activation.GeluTanh,
        ["gelu_python_tanh"] = Activation.GeluTanh,
        ["quick_gelu"] = Activation.QuickGelu,
        ["relu"] = Activation.Relu,
        ["relu2"] = Activation.ReluSquared,
        ["tanh"] = Activation.Tanh,
    };

    /// <param name="config">The file.</param>
    /// <param name="key">That has the name.</param>
    /// <param name="absent">Taken without the key.</param>
    /// <exception cref="NotSupportedException">Another function.</exception>
    internal static Activation Read(ConfigFile config, string key, Activation absent)
    {
        if (!config.Names(key)) return absent;
        string name = config.Text(key) ?? "null";
        return Known.TryGetValue(name, out Activation activation) ? activation
            : throw config.Unsupported(key, Json.JsonValue.Shortened(name), string.Join(", ", Known.Keys));
    }
}
