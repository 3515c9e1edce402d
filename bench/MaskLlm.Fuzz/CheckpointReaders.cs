using System.Text;
using MaskLlm.Architectures;
using MaskLlm.Architectures.Families;
using MaskLlm.Chat;
using MaskLlm.Tokens;

namespace MaskLlm.Fuzz;

/// <summary>Configurations, tokenizers and chat templates of checkpoints.</summary>
internal static class CheckpointReaders
{
    private const string Sizes = """
        "hidden_act":"silu","hidden_size":32,"intermediate_size":64,"num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2,"vocab_size":288,
        "max_position_embeddings":64,"rms_norm_eps":1e-6,"bos_token_id":0,"eos_token_id":1,"torch_dtype":"float32","initializer_range":0.02,
        """;

    private const string Sample = "The fox's  river — 12 stones\n<|endoftext|>\u00e9 \ud83d\ude42 end";

    private static readonly string[] Configurations =
    [
        Config("llama", """
            "attention_bias":false,"mlp_bias":false,"head_dim":8,"tie_word_embeddings":false,"rope_theta":500000.0,
            "rope_scaling":{"rope_type":"llama3","factor":8.0,"high_freq_factor":4.0,"low_freq_factor":1.0,"original_max_position_embeddings":16}
            """),
        Config("llama", """ "tie_word_embeddings":true,"rope_theta":10000.0,"rope_scaling":{"type":"linear","factor":2.0} """),
        Config("mistral", """ "sliding_window":16,"head_dim":8,"tie_word_embeddings":false,"rope_theta":10000.0 """),
        Config("qwen2", """
            "layer_types":["full_attention","sliding_attention"],"max_window_layers":1,"sliding_window":16,"use_sliding_window":true,
            "rope_parameters":{"rope_theta":1000000.0,"rope_type":"default"},"tie_word_embeddings":true
            """),
        Config("qwen3", """
            "head_dim":16,"attention_bias":false,"tie_word_embeddings":false,"max_window_layers":28,"sliding_window":null,"use_sliding_window":false,
            "rope_parameters":{"rope_theta":1000000.0,"rope_type":"default"}
            """),
    ];

    private static readonly string[] Templates =
    [
        "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' }}\n{{ message['content'] | trim }}{{ eos_token "
            + "}}\n{% endfor %}"
            + "{% if add_generation_prompt %}<|assistant|>\n{% endif %}",
        "{%- set ns = namespace(found=false, n=0) -%}{%- for m in messages if m.role != 'system' -%}{%- set ns.n = ns.n + 1 -%}{{- "
        + "loop.index0 ~ ':' ~ m.content[:8] -}}{%- else -%}none{%- endfor -%}{{ ns.n }}",
        "{% macro turn(m, last=false) %}{{ m.role|upper }}: {{ m['content'].split(' ')[-1] | replace('a', 'b') }}{% if last %}.{% endif "
            + "%}{% endmacro %}"
            + "{% for m in messages %}{{ turn(m, last=loop.last) }}{% endfor %}",
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}{{ messages | map(attribute='role') | join(', "
        + "') }}{{ range(3) | list | tojson(indent=2) }}{{ strftime_now('%d %b %Y') }}",
        "{% filter indent(2) %}{{ {'a': [1, 2.5, none, true], 'b': 'x' * 3} | tojson }}{% endfilter %}{{ [3,1,2] | sort(reverse=true) | "
        + "first }}{{ 7 // 2 ** 2 % 5 - -1 }}{# end #}{% raw %}{{ }}{% endraw %}",
    ];

    private static readonly ChatMessage[] Turns = [new("user", "a b aa"), new("assistant", " c\n"), new("user", "last")];

    internal static IReadOnlyList<FuzzReader> All { get; } =
    [
        FuzzReaders.Make("config", () => Configurations.Select(config => FuzzSeed.Of("config.json", config)), input =>
        {
            DecoderConfig config = ModelFamily.Read(input.Path(), input.Bytes);
            _ = config.SlidingWindow(1);
        }),
        FuzzReaders.Make("checkpoint", Folders, input =>
        {
            string folder = input.Folder();
            CheckpointConfig.Read(folder);
            foreach ((string name, _) in CheckpointConfig.LinearShapes(folder)) GC.KeepAlive(name);
        }) with { Refusals = [.. FuzzReader.OfFiles, typeof(FileNotFoundException)], NamesFile = false },
        FuzzReaders.Make("tokenizer-json", Tokenizers, input => Use(Tokenizer.FromFile(input.Path()))),
        FuzzReaders.Make(
            "tokenizer-model", () =>
            new[] { false, true }.Select(bytes => FuzzSeed.Of("tokenizer.model", SeedTokenizers.SentencePiece(bytes))), input =>
            Use(Tokenizer.FromFile(input.Path()))),
        FuzzReaders.Make("tokenizer-settings", Settings, input =>
        {
            string folder = input.Folder();
            Tokenizer tokenizer = Tokenizer.Load(folder, 288);
            Use(tokenizer);
            _ = (tokenizer.SeparatorId, tokenizer.EndOfTextIds.Count);
            ChatFormat.Read(name => Path.Combine(folder, name) is var file && File.Exists(file) ? File.ReadAllBytes(file) : null,
                tokenizer.SpecialTokens)?.Render(Turns, addGenerationPrompt: true);
        }) with { Refusals = [.. FuzzReader.OfFiles, typeof(ArgumentException)], NamesFile = false },
        FuzzReaders.Make("chat-template", () => Templates.Select(template => FuzzSeed.Of("chat_template.jinja", template)), input =>
            ChatTemplate.Parse(input.Text)
                .Render(Turns, true, "<s>", "</s>", new Chat.Values.RenderLimits(100_000, 150, 1 << 18), TimeProvider.System)) with
            {
                Refusals = [.. FuzzReader.OfFiles, typeof(ArgumentException)],
                NamesFile = false,
            },
    ];

    private static string Config(string family, string rest) => $"{{\"model_type\":\"{family}\",{Sizes}{rest}}}";

    // What the configuration promises is held against the weights.
    private static IEnumerable<FuzzSeed> Folders()
    {
        Dictionary<string, byte[]> files = new(StringComparer.Ordinal)
        {
            ["config.json"] = Encoding.UTF8.GetBytes(SeedModel.Config),
            ["model.safetensors"] = SeedModel.Weights(0x3D)
        };
        yield return new FuzzSeed(files, "config.json");
        yield return new FuzzSeed(files, "model.safetensors", Containers.Safetensors);
    }

    private static IEnumerable<FuzzSeed> Tokenizers() =>
        new[] { SeedTokenizers.ByteLevel.Value, SeedTokenizers.Pattern(), SeedTokenizers.Escaped(),
            SeedTokenizers.Metaspace() }.Select(bytes => FuzzSeed.Of("tokenizer.json", bytes));

    private static IEnumerable<FuzzSeed> Settings() => FuzzSeed.Folder(
        ("config.json", SeedModel.Config),
        ("generation_config.json", """{"bos_token_id":0,"eos_token_id":[0,1],"temperature":0.7}"""),
        ("tokenizer.json", Encoding.UTF8.GetString(SeedTokenizers.Pattern())),
        ("tokenizer_config.json", """
            {"add_bos_token":true,"add_eos_token":false,"bos_token":{"content":"<|endoftext|>","lstrip":false,"special":true},"eos_token":"<|user|>","pad_token":null,
            "additional_special_tokens":["<|user|>"],"added_tokens_decoder":{"0":{"content":"<|endoftext|>","lstrip":false,"normalized":false,"rstrip":false,"single_word":false,"special":true}},
            "chat_template":[{"name":"default","template":"{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}"}],"model_max_length":64,"tokenizer_class":"PreTrainedTokenizerFast"}
            """),
        ("special_tokens_map.json", """{"bos_token":"<|endoftext|>","eos_token":{"content":"<|user|>","lstrip":false},"additional_special_tokens":["<|user|>"]}"""),
        ("added_tokens.json", """{"<|user|>":1,"<|extra|>":287}"""));

    private static void Use(Tokenizer tokenizer)
    {
        int[] ids = tokenizer.Encode(Sample, addSpecialTokens: true);
        tokenizer.Decode(ids);
        tokenizer.Decode(ids, skipSpecialTokens: true);
    }
}
