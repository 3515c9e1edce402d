using MaskLlm.Data;
using MaskLlm.Pretraining;

namespace MaskLlm.Cli.Tests;

/// <summary>A checkpoint of two blocks with its tokenizer and a text that it knows: made once a test run, in under a second or
/// two.</summary>
internal static class TinyModel
{
    private const string Config = """
        {
          "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_act": "silu", "hidden_size": 32, "intermediate_size": 64,
          "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 300, "max_position_embeddings": 64,
          "rms_norm_eps": 1e-5, "rope_theta": 10000, "tie_word_embeddings": true, "bos_token_id": 0, "eos_token_id": 0, "torch_dtype": "bfloat16"
        }
        """;

    private static readonly Lazy<string> Root = new(Make);

    /// <summary>A Hugging Face folder; tests that change files work on a copy.</summary>
    internal static string Folder => Path.Combine(Root.Value, "model");

    /// <summary>About 60,000 characters.</summary>
    internal static string TextPath => Path.Combine(Root.Value, "text.txt");

    /// <summary>A copy of the checkpoint without what pretraining wrote beside it.</summary>
    internal static string CopyTo(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (string name in new[] { "config.json", "tokenizer.json", "model.safetensors" })
            File.Copy(Path.Combine(Folder, name), Path.Combine(folder, name));
        return folder;
    }

    private static string Make()
    {
        string root = Directory.CreateTempSubdirectory("maskllm-tiny-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(root, recursive: true);
        // Token caches of tests do not go to the user's own folder; programs that tests start inherit this.
        Environment.SetEnvironmentVariable("XDG_CACHE_HOME", Path.Combine(root, "cache"));
        string text = Path.Combine(root, "text.txt"), config = Path.Combine(root, "config.json");
        File.WriteAllText(text, Text());
        File.WriteAllText(config, Config);
        PretrainRun.Execute(new PretrainRequest
        {
            ConfigPath = config,
            Data = new CorpusOptions { Sources = [new DataSource(text)], Threads = 1 },
            Out = Path.Combine(root, "model"),
            Options = new PretrainOptions { Steps = 20, BatchSize = 4, SequenceLength = 32, WarmupSteps = 5 },
        });
        return root;
    }

    private static string Text()
    {
        string[] who = ["the fox", "a heron", "the miller", "my neighbour", "an old boat"],
            does = ["sees", "carries", "waits for", "remembers"];
        string[] what = ["the river", "a loaf of bread", "seven stones", "the winter", "nobody"],
            where = ["by the gate", "at noon", "in the rain"];
        Random random = new(1);
        return string.Concat(Enumerable.Range(0, 1400).Select(
            _ => $"{Any(random, who)} {Any(random, does)} {Any(random, what)} {Any(random, where)}.\n"));
    }

    private static string Any(Random random, string[] words) => words[random.Next(words.Length)];
}
