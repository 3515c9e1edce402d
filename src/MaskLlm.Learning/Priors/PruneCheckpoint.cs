using System.Globalization;
using System.Text.Json.Nodes;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Numerals;
using MaskLlm.Packing;
using MaskLlm.Runs;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>
/// What an interrupted run goes on with, in files that are whole or not there: the options that decide the result, a file a finished
/// block, and then the hidden states before the next one.
/// </summary>
internal sealed class PruneCheckpoint
{
    private const string MaskEnding = ".mask", DenseKey = "dense", StarvedKey = "starved-experts";
    private readonly RunFolder _folder;

    private PruneCheckpoint(RunFolder folder, int finishedBlocks, IReadOnlySet<string> dense) =>
        (_folder, FinishedBlocks, Dense) = (folder, finishedBlocks, dense);

    /// <summary>Names of the layers that were chosen to stay dense.</summary>
    internal IReadOnlySet<string> Dense { get; }

    /// <summary>Blocks that need not be done again.</summary>
    internal int FinishedBlocks { get; }

    /// <summary>The folder of all files.</summary>
    internal string Folder => FolderOf(_folder);

    /// <summary>Starts a run, or goes on with the one of the folder where that is asked for and there is one.</summary>
    /// <param name="folder">The run's.</param>
    /// <param name="resume">Whether to go on.</param>
    /// <param name="options">What two runs must share to give the same masks.</param>
    /// <param name="blocks">Blocks of the model.</param>
    /// <param name="choose">Names the layers that stay dense; asked where a run starts, which keeps the answer.</param>
    /// <exception cref="ArgumentException">The run was started with other options.</exception>
    /// <exception cref="InvalidDataException">The checkpoint is damaged or of another kind of run.</exception>
    internal static PruneCheckpoint Open(RunFolder folder, bool resume, JsonObject options, int blocks,
        Func<IEnumerable<string>> choose)
    {
        if (resume && folder.HasCheckpoint)
        {
            HashSet<string> kept = RequireSame(folder.CheckpointPath, options);
            // Hidden states before a block are written after the files of the blocks before it.
            int finished = Enumerable.Range(0, blocks).LastOrDefault(block => File.Exists(HiddenStates.PathOf(FolderOf(folder), block)));
            return new PruneCheckpoint(folder, finished, kept);
        }
        HashSet<string> dense = [.. choose()];
        folder.Create();
        SafetensorsWriter.WriteChecked(folder.CheckpointPath, [], new Dictionary<string, string>
        {
            [DecisiveOptions.Key] = options.ToJsonString(),
            [DenseKey] = string.Join('\n', dense),
        });
        return new PruneCheckpoint(folder, 0, dense);
    }

    /// <summary>Writes a finished block: its masks, and its weights in the types of the model's files where these change.</summary>
    /// <param name="block">Its number.</param>
    /// <param name="layers">Those that were pruned.</param>
    /// <param name="weightType">By name; null where weights stay.</param>
    /// <param name="starvedExperts">Of its experts those that too few tokens reached.</param>
    internal void Save(int block, IReadOnlyList<PrunedLayer> layers, Func<string, ScalarType>? weightType, int starvedExperts = 0)
    {
        using DisposeScope scope = NewDisposeScope();
        List<(string, Tensor)> tensors =
            [.. layers.Select(pruned => (pruned.Layer.Name + MaskEnding, MaskTensors.ToTensor(pruned.Mask, CPU, ScalarType.Byte)))];
        if (weightType is not null)
            tensors.AddRange(layers.Select(pruned =>
                (pruned.Layer.Name, FiniteTensors.RequireWritable(pruned.Layer.Name, pruned.Weight.to(weightType(pruned.Layer.Name))))));
        TensorState.SaveChecked(BlockPath(block), tensors, new Dictionary<string, string>
        {
            [StarvedKey] = starvedExperts.ToString(CultureInfo.InvariantCulture),
        });
    }

    /// <summary>Experts of a finished block that too few tokens reached.</summary>
    internal int StarvedExperts(int block)
    {
        // Its masks are read too, and there it is held against its checksum.
        using SafetensorsFile file = SafetensorsFile.Open(BlockPath(block));
        return NumberText.TryDigits(file.Metadata.GetValueOrDefault(StarvedKey, ""), out int experts) ? experts : 0;
    }

    /// <summary>The masks of a finished block.</summary>
    /// <param name="block">Its number.</param>
    /// <param name="layers">The layers of the run.</param>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    internal IEnumerable<KeyValuePair<string, Mask>> Masks(int block, IEnumerable<LinearLayer> layers)
    {
        using SafetensorsFile file = OpenChecked(BlockPath(block));
        foreach (LinearLayer layer in layers)
            if (file.Tensors.TryGetValue(layer.Name + MaskEnding, out TensorEntry? entry))
                yield return KeyValuePair.Create(layer.Name, Mask.FromBytes(layer.Rows, layer.Columns, file.Bytes(entry)));
    }

    /// <summary>Writes the model with the weights of all blocks in place of its own.</summary>
    internal void WriteModel(string model, IReadOnlyDictionary<string, Mask> masks, string outFolder, CancellationToken cancellation)
    {
        List<SafetensorsFile> files = [];
        try
        {
            foreach (string path in Directory.EnumerateFiles(Folder, "block-*.safetensors")) files.Add(OpenChecked(path));
            Dictionary<string, SafetensorsFile> updated = files
                .SelectMany(file => file.Tensors.Keys.Where(masks.ContainsKey).Select(name => KeyValuePair.Create(name, file)))
                    .ToDictionary(StringComparer.Ordinal);
            MaskedCheckpoint.Write(model, masks, updated, outFolder, force: true, null, cancellation);
        }
        finally
        {
            files.ForEach(file => file.Dispose());
        }
    }

    private static SafetensorsFile OpenChecked(string path) =>
        SafetensorsFile.OpenChecked(path, TensorState.Remedy(Path.GetDirectoryName(path)!));

    private string BlockPath(int block) => Path.Combine(Folder, $"block-{block}.safetensors");

    private static string FolderOf(RunFolder folder) => Path.GetDirectoryName(folder.CheckpointPath)!;

    private static HashSet<string> RequireSame(string path, JsonObject asked)
    {
        using SafetensorsFile file = OpenChecked(path);
        DecisiveOptions.RequireSame(file, asked);
        if (file.Tensors.Count > 0)
            throw new InvalidDataException(
                $"{path}: no checkpoint of a run block by block; name the folder of the run, or start anew with `Force`.");
        return [.. file.Metadata.GetValueOrDefault(DenseKey, "").Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }
}
