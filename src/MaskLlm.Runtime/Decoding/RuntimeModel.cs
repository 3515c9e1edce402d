using System.Runtime.InteropServices;
using MaskLlm.Architectures;
using MaskLlm.Architectures.Families;
using MaskLlm.Chat;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Machine;
using MaskLlm.Packing;
using MaskLlm.Products;
using MaskLlm.Tokens;

namespace MaskLlm.Decoding;

/// <summary>A runtime file in memory: weights are multiplied where they lie. What happens to the file meanwhile changes nothing, unless it
/// is mapped.</summary>
public sealed class RuntimeModel : IDisposable
{
    private readonly SafetensorsFile _file;
    private readonly bool _isFolder;

    private RuntimeModel(SafetensorsFile file, bool isFolder)
    {
        (_file, _isFolder) = (file, isFolder);
        Type = TypeOf(file);
        Config = ModelFamily.Read(NameOf(RuntimeFormat.ConfigName), File(RuntimeFormat.ConfigName)
            ?? throw Broken("it holds no config.json"));
        // The file has a head exactly where it is another than the embedding, whatever the configuration says.
        Config = Config with { TieWordEmbeddings = Config.TieWordEmbeddings && !file.Tensors.ContainsKey(Config.HeadName) };
        Blocks = [.. Enumerable.Range(0, Config.BlockCount).Select(ReadBlock)];
        FinalNorm = Norm(Config.FinalNorm)!;
        Embedding = Vocabulary(Config.EmbeddingName);
        Positions = Config.PositionsName is { } positions ? Values(positions, Config.PositionRows, Config.HiddenSize) : null;
        EmbeddingNorm = Norm(Config.EmbeddingNorm);
        HeadBias = Config.HeadBiasName is { } bias ? Values(bias, Config.VocabularySize) : null;
        Head = Config.TieWordEmbeddings ? Embedding : Vocabulary(Config.HeadName);
    }

    /// <summary>The parts of the model.</summary>
    public DecoderConfig Config { get; }

    /// <summary>How its matrices are stored.</summary>
    public WeightType Type { get; }

    /// <summary>Bytes of the file.</summary>
    public long FileBytes => _file.Length;

    /// <summary>The file, or the folder, as it was named.</summary>
    public string Path => _file.Path;

    /// <summary>How many of the linear layers of the blocks are 2:4.</summary>
    public int SparseLayers => Blocks.Sum(block => block.Linears.Count(linear => linear.Weight.IsSparse));

    /// <summary>How many linear layers the blocks have.</summary>
    public int LinearLayers => Blocks.Sum(block => block.Linears.Count);

    /// <summary>Bytes of the linear layers of the blocks.</summary>
    public long LinearBytes => Blocks.Sum(block => block.Linears.Sum(linear => linear.Weight.Bytes));

    /// <summary>Bytes that those layers would take dense in the same type.</summary>
    public long DenseLinearBytes =>
        Blocks.Sum(block => block.Linears.Sum(linear => new PackedMatrix(linear.Weight.Rows, linear.Weight.Columns, Type, false).Bytes));

    internal IReadOnlyList<RuntimeBlock> Blocks { get; }

    internal RuntimeNorm FinalNorm { get; }

    /// <summary>Learned positions, (positions, D), or null.</summary>
    internal float[]? Positions { get; }

    internal RuntimeNorm? EmbeddingNorm { get; }

    /// <summary>(V), or null.</summary>
    internal float[]? HeadBias { get; }

    internal PackedMatrix Embedding { get; }

    internal PackedMatrix Head { get; }

    /// <summary>Opens a runtime file; the caller disposes it.</summary>
    /// <param name="path">What <see cref="RuntimeExport"/> wrote.</param>
    /// <param name="map">Leaves the weights in the file and reads what a step looks at, in pages that the system keeps while it can: for
    /// files larger than memory. Whoever cuts the file short meanwhile ends this process.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is damaged or no runtime file.</exception>
    /// <exception cref="NotSupportedException">It is of a later version.</exception>
    /// <exception cref="InsufficientMemoryException">It does not fit, and is not mapped.</exception>
    public static RuntimeModel Open(string path, bool map = false)
    {
        SafetensorsFile file = SafetensorsFile.Open(path);
        try
        {
            TypeOf(file);   // before a file that is none of ours is read to its end
            if (!map)
            {
                AvailableMemory.Require(file.Length, path,
                    "export it again in a smaller `type`, or leave it in the file where there is `map` or `Stream`");
                file.Load();
            }
            file.RequireChecksum("export it again");
            // Only now: reading all of a mapped file would have all of it in memory.
            if (map) file.Map();
            return new RuntimeModel(file, isFolder: false);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>A model over a file in memory, which it disposes.</summary>
    internal static RuntimeModel Of(SafetensorsFile file, bool isFolder)
    {
        try
        {
            return new RuntimeModel(file, isFolder);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Opens a runtime file, or packs a Hugging Face folder in memory.</summary>
    /// <param name="path">A runtime file, or a Hugging Face folder.</param>
    /// <param name="type">For a folder: how its matrices are stored.</param>
    /// <param name="mask">For a folder: a mask.npz of its linear layers, or null.</param>
    /// <param name="progress">For a folder: told the bytes packed and the bytes in all.</param>
    /// <param name="map">For a runtime file: as for <see cref="Open"/>.</param>
    /// <param name="stop">Stops the packing.</param>
    /// <exception cref="ArgumentException">A mask for a runtime file, which has its own, or one that does not fit; a folder to be
    /// mapped.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file or the checkpoint is damaged.</exception>
    public static RuntimeModel OpenOrPack(string path, WeightType type, string? mask, IProgress<Progress>? progress = null,
        bool map = false, CancellationToken stop = default)
    {
        if (!Directory.Exists(path))
        {
            if (mask is not null)
                throw new ArgumentException($"{path} is a runtime file, whose mask is its own; `mask` is for a Hugging Face folder.");
            return Open(path, map);
        }
        if (map) throw new ArgumentException($"{path} is a folder, which is packed in memory; `map` is for a runtime file of `export`.");
        return Of(RuntimeExport.Collect(path, mask is null ? null : CheckpointMasks.Read(mask, path), type, progress,
            stop), isFolder: true);
    }

    /// <summary>The tokenizer that the checkpoint had, with the tokens that end a text.</summary>
    /// <exception cref="InvalidDataException">The file holds none, or a damaged one.</exception>
    public Tokenizer LoadTokenizer() => Tokenizer.Load(new TokenizerFiles(File, NameOf), Config.VocabularySize) ?? throw NoTokenizer();

    /// <summary>Whether there is one: without it token ids alone can be asked about.</summary>
    public bool HasTokenizer => TokenizerFiles.Vocabularies.Any(name => _file.Tensors.ContainsKey(RuntimeFormat.FilePrefix + name));

    /// <summary>How the model wants conversations; null where it has no chat template.</summary>
    /// <param name="tokenizer">Of this model.</param>
    /// <exception cref="InvalidDataException">The template is broken.</exception>
    public ChatFormat? LoadChat(Tokenizer tokenizer) => ChatFormat.Read(File, tokenizer.SpecialTokens);

    /// <summary>Frees the memory; decoders of this model must no longer be used.</summary>
    public void Dispose() => _file.Dispose();

    /// <summary>A file of the checkpoint as messages name it: where the user finds it.</summary>
    internal string NameOf(string name) => _isFolder ? System.IO.Path.Combine(Path, name) : $"{Path}: {name}";

    /// <summary>A file of the checkpoint, or null.</summary>
    internal byte[]? File(string name) => _file.Tensors.TryGetValue(RuntimeFormat.FilePrefix + name, out TensorEntry? entry)
        ? _file.Bytes(entry).ToArray() : null;

    private static WeightType TypeOf(SafetensorsFile file)
    {
        if (file.Metadata.GetValueOrDefault(RuntimeFormat.FormatKey) != RuntimeFormat.FormatName)
            throw new InvalidDataException(
                $"{file.Path} is a safetensors file but no runtime file; make one with `maskllm export MODEL --format runtime`.");
        string version = file.Metadata.GetValueOrDefault(RuntimeFormat.VersionKey) ?? "";
        if (version != RuntimeFormat.Version)
            throw new NotSupportedException(
                $"{file.Path} is a runtime file of version '{version}'; this program reads version {RuntimeFormat.Version}, whose "
                + $"int4 is another. Export it again.");
        try
        {
            return WeightTypes.Parse(file.Metadata.GetValueOrDefault(RuntimeFormat.TypeKey) ?? "");
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"{file.Path} is no whole runtime file: {RuntimeFormat.TypeKey}: {e.Message}", e);
        }
    }

    private RuntimeBlock ReadBlock(int index)
    {
        BlockPlan plan = BlockPlan.Of(Config, index);
        return new RuntimeBlock
        {
            Latent = plan.Latent is { } latent ? Latent(latent) : null,
            Query = Linear(plan.Query),
            Key = Linear(plan.Key),
            Value = Linear(plan.Value),
            Output = Linear(plan.AttentionOutput),
            Mlp = plan.Mlp is { } mlp ? Mlp(mlp) : null,
            Experts = plan.Experts is { } experts ? Experts(experts) : null,
            InputNorm = Norm(plan.InputNorm),
            AttentionNorm = Norm(plan.AttentionNorm),
            MlpNorm = Norm(plan.MlpNorm),
            OutputNorm = Norm(plan.OutputNorm),
            QueryNorm = Norm(plan.QueryNorm),
            KeyNorm = Norm(plan.KeyNorm),
            Sinks = plan.Sinks is { } sinks ? Values(sinks, Config.HeadCount) : null,
            Scale = (float)Config.AttentionScaleOf(index),
            Window = Config.SlidingWindow(index),
            IsRotated = Config.RotaryOf(index) is not null,
        };
    }

    private RuntimeLatent Latent(LatentPlan plan) => new(plan.Query is { } query ? Linear(query) : null, Norm(plan.QueryNorm),
        Linear(plan.KeyValue), Norm(plan.KeyValueNorm)!, Linear(plan.TurnedKey));

    private RuntimeMlp Mlp(MlpPlan plan) =>
        new(plan.Gate is { } gate ? Linear(gate) : null, Linear(plan.Up), Linear(plan.Down));

    private RuntimeExperts Experts(ExpertsPlan plan) => new()
    {
        Config = plan.Config,
        Router = Values(plan.Router, plan.Config.Count, Config.HiddenSize),
        RouterBias = plan.RouterBias is { } bias ? Values(bias, plan.Config.Count) : null,
        Correction = plan.Correction is { } correction ? Values(correction, plan.Config.Count) : null,
        SharedGate = plan.SharedGate is { } gate ? Values(gate, 1, Config.HiddenSize) : null,
        Mlps = [.. plan.Mlps.Select(Mlp)],
    };

    private RuntimeLinear Linear(LinearSlice slice)
    {
        float[]? whole = slice.Tensor.Bias is { } bias ? Values(bias, [.. slice.Tensor.BiasShape.Select(size => (long)size)]) : null;
        return new RuntimeLinear(
            slice.Name, Matrix(slice.Name, slice.Rows, slice.Tensor.Columns, Type),
            whole is null ? null : [.. Enumerable.Range(0, slice.Rows).Select(row => whole[slice.TensorRow(row)])]);
    }

    private RuntimeNorm? Norm(NormTensors? norm)
    {
        if (norm is null) return null;
        float[] weight = Values(norm.Weight, norm.Size);
        if (Config.NormAddsOne) weight = [.. weight.Select(value => value + 1)];
        return new RuntimeNorm(
            weight, norm.Bias is { } bias ? Values(bias, norm.Size) : null, norm.Epsilon ?? Config.NormEpsilon);
    }

    private float[] Values(string name, params long[] shape)
    {
        TensorEntry entry = Require(name);
        if (entry.Type != TensorType.Float32 || !entry.Shape.SequenceEqual(shape))
            throw Broken($"{name} is {entry.Type.Spelling()} of shape ({string.Join(", ", entry.Shape)}) and F32 "
                + $"({string.Join(", ", shape)}) is expected");
        return MemoryMarshal.Cast<byte, float>(_file.Bytes(entry)).ToArray();
    }

    private PackedMatrix Vocabulary(string name) =>
        Matrix(name, Config.VocabularySize, Config.HiddenSize, WeightTypes.OfVocabulary(Type));

    private unsafe PackedMatrix Matrix(string name, int rows, int columns, WeightType type)
    {
        TensorEntry entry = Require(name);
        foreach (bool isSparse in new[] { false, true })
        {
            PackedMatrix matrix = new(rows, columns, type, isSparse);
            if (entry.Type == TensorType.UInt8 && entry.Shape.SequenceEqual([matrix.Blocks, matrix.Panels, matrix.PanelBytes]))
                return matrix with { Data = _file.Pointer(entry) };
        }
        throw Broken($"{name} is {entry.Type.Spelling()} of shape ({string.Join(", ", entry.Shape)}), which is no packing of ({rows}, "
            + $"{columns}) in {WeightTypes.NameOf(type)}");
    }

    private TensorEntry Require(string name) => _file.Tensors.GetValueOrDefault(name) ?? throw Broken($"it holds no {name}");

    private InvalidDataException NoTokenizer() => _isFolder
        ? new($"{Path} has neither tokenizer.json nor tokenizer.model; copy one of them there from where the checkpoint came from.")
        : new($"{Path} holds no tokenizer; export it again from a folder that has tokenizer.json or tokenizer.model.");

    private InvalidDataException Broken(string what) => new($"{Path} is no whole runtime file: {what}.");
}
