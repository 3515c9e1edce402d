using System.Globalization;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Numerals;

namespace MaskLlm.Architectures;

/// <summary>Holds a configuration against the tensors that lie beside it.</summary>
internal static class CheckpointContents
{
    private const int NamesInNote = 3;

    private const int ValuesAtOnce = 1 << 16;

    /// <summary>
    /// The configuration that the tensors give. A head that the file has beside a tied embedding counts where its values are others,
    /// as in transformers 5.
    /// </summary>
    /// <exception cref="InvalidDataException">The tensors have fewer blocks than the configuration.</exception>
    internal static DecoderConfig Fit(DecoderConfig config, SafetensorsCheckpoint file)
    {
        HashSet<int> blocks = [.. file.Tensors.Keys.Select(name => BlockOf(name, config)).OfType<int>()];
        int first = Enumerable.Range(0, config.BlockCount).FirstOrDefault(block => !blocks.Contains(block), config.BlockCount);
        if (first < config.BlockCount)
            throw new InvalidDataException(
                $"{file.Folder}: {config.Names.Blocks}{first}.* is missing: config.json gives num_hidden_layers {config.BlockCount} "
                + $"and the tensors are of {blocks.Count} blocks; is the checkpoint complete?");
        // Before a text is encoded: its ids would seem to be beyond the model's embeddings.
        if (file.Tensors.ContainsKey(config.EmbeddingName))
            RequireShape(file.Folder, file, config.EmbeddingName, [config.VocabularySize, config.HiddenSize]);
        return HasOtherHead(config, file) ? config with { TieWordEmbeddings = false } : config;
    }

    /// <summary>A sentence for each thing that the file holds and config.json does not describe.</summary>
    /// <param name="config">As config.json has it.</param>
    /// <param name="file">The tensors.</param>
    internal static IEnumerable<string> Notes(DecoderConfig config, SafetensorsCheckpoint file)
    {
        DecoderConfig fitted = Fit(config, file);
        if (fitted.TieWordEmbeddings != config.TieWordEmbeddings)
            yield return $"{file.Folder}: config.json ties the head to the embedding, and {config.HeadName} has other values: "
                + "the head is taken, as in transformers; set tie_word_embeddings to false.";
        HashSet<string> read = [.. ParameterShapes.All(fitted).Select(parameter => parameter.Name)];
        string[] unread = [.. file.Tensors.Keys.Where(name => !read.Contains(name) && !IsReadOtherwise(name, fitted))];
        if (unread.Length == 0) yield break;
        string names = string.Join(", ", unread.Take(NamesInNote)), more = unread.Length > NamesInNote ? ", ..." : "";
        yield return string.Create(CultureInfo.InvariantCulture,
            $"{file.Folder}: nothing reads {unread.Length} of the file's tensors, which config.json does not describe: {names}{more}.");
    }

    /// <summary>The entry of a parameter, held against what the configuration asks for.</summary>
    internal static TensorEntry RequireParameter(string folder, SafetensorsCheckpoint file, string name, long[] shape)
    {
        TensorEntry entry = RequireShape(folder, file, name, shape);
        if (entry.Type is not (TensorType.Float32 or TensorType.BFloat16 or TensorType.Float16))
            throw new NotSupportedException(
                $"{folder}: {name} is of type {entry.Type.Spelling()}; weights in F32, BF16 and F16 can be read. "
                + "Take the unquantised checkpoint, or save it in one of these.");
        return entry;
    }

    /// <summary>The same, of whatever type.</summary>
    internal static TensorEntry RequireShape(string folder, SafetensorsCheckpoint file, string name, long[] shape)
    {
        if (!file.Tensors.TryGetValue(name, out TensorEntry? entry))
            throw new InvalidDataException($"{folder}: {name} is missing, which config.json asks for; is the checkpoint complete?");
        if (!entry.Shape.SequenceEqual(shape))
            throw new InvalidDataException(
                $"{folder}: {name} has shape ({string.Join(", ", entry.Shape)}); config.json gives ({string.Join(", ", shape)}).");
        return entry;
    }

    private static bool IsReadOtherwise(string name, DecoderConfig config) =>
        config.Names.Unread.Any(ending => name.EndsWith(ending, StringComparison.Ordinal))
            || (config.TieWordEmbeddings && name == config.HeadName);

    private static int? BlockOf(string name, DecoderConfig config)
    {
        if (!name.StartsWith(config.Names.Blocks, StringComparison.Ordinal)) return null;
        string number = name[config.Names.Blocks.Length..].Split('.')[0];
        return NumberText.TryDigits(number, out int block) ? block : null;
    }

    private static bool HasOtherHead(DecoderConfig config, SafetensorsCheckpoint file)
    {
        if (!config.TieWordEmbeddings || !file.Tensors.TryGetValue(config.HeadName, out TensorEntry? head)) return false;
        long[] shape = [config.VocabularySize, config.HiddenSize];
        TensorEntry embedding = RequireParameter(file.Folder, file, config.EmbeddingName, shape);
        head = RequireParameter(file.Folder, file, config.HeadName, shape);
        float[] left = new float[ValuesAtOnce], right = new float[ValuesAtOnce];
        long values = shape[0] * shape[1];
        for (long at = 0; at < values; at += ValuesAtOnce)
        {
            int count = (int)Math.Min(ValuesAtOnce, values - at);
            CheckpointRows.Read(file, embedding, at, left.AsSpan(0, count));
            CheckpointRows.Read(file, head, at, right.AsSpan(0, count));
            if (!left.AsSpan(0, count).SequenceEqual(right.AsSpan(0, count))) return true;
        }
        return false;
    }
}
