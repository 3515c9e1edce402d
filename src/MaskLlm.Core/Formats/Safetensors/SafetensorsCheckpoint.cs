namespace MaskLlm.Formats.Safetensors;

/// <summary>The weights in a Hugging Face folder: one <c>model.safetensors</c>, or shards named by an index.</summary>
public sealed class SafetensorsCheckpoint : IDisposable
{
    private readonly OrderedDictionary<string, TensorEntry> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SafetensorsFile> _fileOf = new(StringComparer.Ordinal);
    private readonly List<SafetensorsFile> _files = [];

    private const string HeadName = "lm_head.weight", NeoxHeadName = "embed_out.weight";

    // What checkpoints of a model without its head lack, by a tensor that tells whose they are.
    private static readonly (string Prefix, string PartName)[] Parts =
    [
        ("model.", "embed_tokens.weight"), ("model.", "decoder.embed_tokens.weight"), ("transformer.", "wte.weight"),
        ("transformer.", "word_embeddings.weight"), ("gpt_neox.", "embed_in.weight"),
    ];

    private string _prefix = "";

    private SafetensorsCheckpoint(string folder) => Folder = folder;

    /// <summary>The folder as it was given.</summary>
    public string Folder { get; }

    /// <summary>
    /// The tensors by name; enumerating gives them file after file, in the order of their bytes. A model that was saved without its
    /// head, as <c>LlamaModel.save_pretrained</c> does, has its names here with the prefix <c>model.</c> that its files lack.
    /// </summary>
    public IReadOnlyDictionary<string, TensorEntry> Tensors => _tensors;

    /// <summary>The files, in the order of their names.</summary>
    public IReadOnlyList<SafetensorsFile> Files => _files;

    /// <summary>Opens all safetensors files of a checkpoint and checks their headers; the caller disposes it.</summary>
    /// <param name="folder">A folder with <c>model.safetensors</c> or <c>model.safetensors.index.json</c> and its shards.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">The folder has no safetensors weights, or they are incomplete or damaged.</exception>
    public static SafetensorsCheckpoint Open(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        CheckpointFolder found = CheckpointFolder.Find(folder);
        SafetensorsCheckpoint checkpoint = new(folder);
        try
        {
            if (found.Index is null) checkpoint.AddWhole(found.Files[0]);
            else foreach (string file in found.Files) checkpoint.AddShard(file, found.Index);
            checkpoint.NameParts();
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <summary>The bytes of a whole tensor under 2 GB; valid until this checkpoint is disposed.</summary>
    /// <param name="name">A name in <see cref="Tensors"/>.</param>
    /// <exception cref="ArgumentException">There is no such tensor, or it has 2 GB or more.</exception>
    public ReadOnlySpan<byte> Bytes(string name) => FileOf(name).Bytes(_tensors[name]);

    /// <summary>A slice of a tensor's bytes; valid until this checkpoint is disposed.</summary>
    /// <param name="name">A name in <see cref="Tensors"/>.</param>
    /// <param name="offset">The first byte, counted from the start of the tensor.</param>
    /// <param name="length">The bytes wanted.</param>
    /// <exception cref="ArgumentException">There is no such tensor, or the slice leaves it.</exception>
    public ReadOnlySpan<byte> Bytes(string name, long offset, int length) => FileOf(name).Bytes(_tensors[name], offset, length);

    /// <summary>Copies a slice of a tensor's bytes.</summary>
    internal void Read(string name, long offset, Span<byte> target) => FileOf(name).Read(_tensors[name], offset, target);

    /// <summary>The file that holds a tensor.</summary>
    /// <param name="name">A name in <see cref="Tensors"/>.</param>
    /// <exception cref="ArgumentException">There is no such tensor.</exception>
    public SafetensorsFile FileOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _fileOf.TryGetValue(name, out SafetensorsFile? file)
            ? file
            : throw new ArgumentException($"{Folder}: the checkpoint has no tensor '{name}'.");
    }

    /// <summary>The name in <see cref="Tensors"/> of a tensor that is called otherwise in its file.</summary>
    internal string NameOf(string nameInFile) => nameInFile is HeadName or NeoxHeadName ? nameInFile : _prefix + nameInFile;

    /// <summary>Closes all files; spans over them must no longer be used.</summary>
    public void Dispose()
    {
        foreach (SafetensorsFile file in _files) file.Dispose();
    }

    private void AddWhole(string path)
    {
        SafetensorsFile file = OpenFile(path);
        foreach (TensorEntry entry in file.InFileOrder) Add(file, entry);
    }

    // As in transformers, the index decides: a tensor that a shard holds beside it is not part of the checkpoint.
    private void AddShard(string path, ShardIndex index)
    {
        SafetensorsFile file = OpenFile(path);
        string shard = Path.GetFileName(path);
        foreach (TensorEntry entry in file.InFileOrder)
        {
            if (index.Holds(shard, entry.Name)) Add(file, entry);
        }
        index.CheckComplete(shard, file);
    }

    private SafetensorsFile OpenFile(string path)
    {
        SafetensorsFile file = SafetensorsFile.Open(path);
        _files.Add(file);
        return file;
    }

    // A model that was saved without its head has the names without their prefix.
    private void NameParts()
    {
        (string? prefix, string? part) = Parts.FirstOrDefault(part => _tensors.ContainsKey(part.PartName));
        if (part is null || _tensors.Keys.Any(name => name.StartsWith(prefix!, StringComparison.Ordinal))) return;
        _prefix = prefix!;
        TensorEntry[] entries = [.. _tensors.Values];
        Dictionary<string, SafetensorsFile> files = new(_fileOf, StringComparer.Ordinal);
        _tensors.Clear();
        _fileOf.Clear();
        foreach (TensorEntry entry in entries)
        {
            string name = NameOf(entry.Name);
            _tensors.Add(name, entry with { Name = name });
            _fileOf.Add(name, files[entry.Name]);
        }
    }

    private void Add(SafetensorsFile file, TensorEntry entry)
    {
        _tensors.Add(entry.Name, entry);
        _fileOf.Add(entry.Name, file);
    }
}
