namespace MaskLlm.Models.Families;

/// <summary>Mistral: Llama whose attention may see only a window of tokens.</summary>
internal static class MistralFamily
{
    internal static DecoderConfig Read(ConfigFile config)
    {
        DecoderConfig decoder = LlamaFamily.Read(config);
        int? window = config.Has("sliding_window") ? config.Int("sliding_window") : null;
        return decoder with { SlidingWindows = [.. Enumerable.Repeat(window, decoder.BlockCount)] };
    }
}
