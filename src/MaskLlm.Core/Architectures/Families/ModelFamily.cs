namespace MaskLlm.Architectures.Families;

/// <summary>Which families are known, and the reading of a checkpoint's configuration by its <c>model_type</c>.</summary>
internal static class ModelFamily
{
    private static readonly Dictionary<string, Func<ConfigFile, DecoderConfig>> Readers = new(StringComparer.Ordinal)
    {
        ["bloom"] = BloomFamily.Read,
        ["cohere"] = CohereFamily.ReadCohere,
        ["cohere2"] = CohereFamily.ReadCohere2,
        ["deepseek_v3"] = DeepseekV3Family.Read,
        ["exaone4"] = Exaone4Family.Read,
        ["falcon"] = FalconFamily.Read,
        ["gemma"] = GemmaFamily.ReadGemma,
        ["gemma2"] = GemmaFamily.ReadGemma2,
        ["gemma3_text"] = GemmaFamily.ReadGemma3,
        ["glm4"] = Glm4Family.Read,
        ["glm4_moe"] = Glm4MoeFamily.Read,
        ["gpt2"] = Gpt2Family.Read,
        ["gpt_neox"] = GptNeoxFamily.Read,
        ["gpt_oss"] = GptOssFamily.Read,
        ["gptj"] = GptJFamily.Read,
        ["granite"] = GraniteFamily.Read,
        ["granitemoe"] = GraniteFamily.ReadExperts,
        ["llama"] = LlamaFamily.Read,
        ["ministral"] = MinistralFamily.Read,
        ["mistral"] = MistralFamily.Read,
        ["mixtral"] = MixtralFamily.Read,
        ["nemotron"] = NemotronFamily.Read,
        ["olmo2"] = Olmo2Family.Read,
        ["olmoe"] = OlmoeFamily.Read,
        ["opt"] = OptFamily.Read,
        ["phi"] = PhiFamily.Read,
        ["phi3"] = Phi3Family.Read,
        ["qwen2"] = QwenFamily.ReadQwen2,
        ["qwen2_moe"] = QwenMoeFamily.ReadQwen2,
        ["qwen3"] = QwenFamily.ReadQwen3,
        ["qwen3_moe"] = QwenMoeFamily.ReadQwen3,
        ["seed_oss"] = SeedOssFamily.Read,
        ["smollm3"] = SmolLm3Family.Read,
        ["stablelm"] = StableLmFamily.Read,
        ["starcoder2"] = Starcoder2Family.Read,
    };

    /// <summary>Reads <c>config.json</c> of a Hugging Face folder.</summary>
    /// <exception cref="InvalidDataException">The file is missing, broken or inconsistent.</exception>
    /// <exception cref="NotSupportedException">A family, part or quantisation that is not known.</exception>
    internal static DecoderConfig Read(string folder) => Read(Open(folder));

    /// <summary>Parses <c>config.json</c> of a Hugging Face folder.</summary>
    /// <exception cref="InvalidDataException">The file is missing or broken.</exception>
    internal static ConfigFile Open(string folder)
    {
        string path = Path.Combine(folder, "config.json");
        if (!File.Exists(path))
            throw new InvalidDataException($"{folder}: no config.json; a Hugging Face checkpoint folder is needed.");
        return new ConfigFile(path);
    }

    /// <summary>Reads one configuration file, whatever its name.</summary>
    /// <exception cref="InvalidDataException">The file is broken or inconsistent.</exception>
    /// <exception cref="NotSupportedException">A family, part or quantisation that is not known.</exception>
    internal static DecoderConfig ReadFile(string path) => Read(new ConfigFile(path));

    /// <summary>Reads a configuration that is kept inside another file.</summary>
    /// <param name="name">How messages call it.</param>
    /// <param name="json">The text of config.json.</param>
    /// <exception cref="InvalidDataException">It is broken or inconsistent.</exception>
    /// <exception cref="NotSupportedException">A family, part or quantisation that is not known.</exception>
    internal static DecoderConfig Read(string name, ReadOnlyMemory<byte> json) => Read(new ConfigFile(name, json));

    /// <summary>Reads a configuration; what it says and is not followed goes to the file's notes.</summary>
    internal static DecoderConfig Read(ConfigFile config)
    {
        foreach (string key in new[] { "quantization_config", "compression_config" })
            if (config.Object(key) is { } quantised)
                throw config.Unsupported(
                    key, quantised.Text("quant_method") ?? "present", "only weights that are not quantised (float32, bfloat16, float16)");
        string family = config.Text("model_type") ?? "";
        if (config.Object("text_config") is { } text)
            throw config.Unsupported("text_config",
                $"present, and the model of text \"{Json.JsonValue.Shortened(text.Text("model_type") ?? "")}\" is a part of "
                + $"\"{Json.JsonValue.Shortened(family)}\"", "only models of text alone, saved without the other parts,");
        if (!Readers.TryGetValue(family, out Func<ConfigFile, DecoderConfig>? read))
            throw config.Unsupported("model_type", $"\"{Json.JsonValue.Shortened(family)}\"", string.Join(", ", Readers.Keys));
        DecoderConfig decoder = read(config);
        decoder.Validate(config.Where);
        return decoder;
    }
}
