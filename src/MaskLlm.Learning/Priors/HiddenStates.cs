using MaskLlm.Distributed;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Priors;

/// <summary>
/// What goes into a block, a few sequences a batch: in memory up to a limit, above it in a file. With a folder every state is
/// written to a file there, so that a run can go on; the numbers are the same in all cases. Of ranks each has some of the sequences of
/// every batch, in memory.
/// </summary>
internal sealed class HiddenStates : IDisposable
{
    /// <summary>Of states behind pruned blocks.</summary>
    internal const string PrunedName = "hidden";

    /// <summary>Of states behind dense blocks; their files stay for one block more, until those of the pruned ones are whole.</summary>
    internal const string DenseName = "dense";

    // Sequences that run together.
    private const int Together = 4;
    private readonly long[][] _shapes;
    private readonly int[] _rows;
    private readonly string? _folder;
    private readonly string _name;
    private readonly bool _inMemory;
    private List<Tensor> _states = [];
    private SafetensorsFile? _file;

    private HiddenStates(long[][] shapes, int[] rows, string? folder, string name, bool inMemory) =>
        (_shapes, _rows, _folder, _name, _inMemory) = (shapes, rows, folder, name, inMemory);

    /// <summary>The embedded sequences, as the first block sees them.</summary>
    /// <param name="model">Embeds them.</param>
    /// <param name="sequences">Token ids, all of one length.</param>
    /// <param name="folder">Where states are written; null keeps them in memory only.</param>
    /// <param name="limitBytes">Most bytes of states in memory, where there is a folder.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <param name="name">What the files begin with: <see cref="PrunedName"/> or <see cref="DenseName"/>.</param>
    /// <param name="together">Sequences of a batch.</param>
    /// <param name="ranks">Those that split each batch; null for none.</param>
    internal static HiddenStates Embed(Decoder model, IReadOnlyList<int[]> sequences, string? folder, long limitBytes,
        CancellationToken cancellation, string name = PrunedName, int together = Together, Ranks? ranks = null)
    {
        int[][][] batches = [.. sequences.Chunk(together).Select(batch => Own(batch, ranks))];
        HiddenStates states = Empty(model, sequences, ranks is { Size: > 1 } ? null : folder, limitBytes, name, together, ranks);
        try
        {
            using IDisposable held = model.HoldEmbedding();
            states.Advance(0, batch => EmbedBatch(model, batches[batch]), cancellation);
            return states;
        }
        catch
        {
            states.Dispose();
            throw;
        }
    }

    /// <summary>The states of an interrupted run before a block.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or of other sequences.</exception>
    internal static HiddenStates Load(Decoder model, IReadOnlyList<int[]> sequences, string folder, long limitBytes, int block,
        string name = PrunedName, int together = Together)
    {
        HiddenStates states = Empty(model, sequences, folder, limitBytes, name, together);
        states._file = SafetensorsFile.OpenChecked(PathOf(folder, block, name), TensorState.Remedy(folder));
        for (int i = 0; i < states.Count; i++)
            if (!states._file.Tensors.TryGetValue(NameOf(i), out TensorEntry? entry) || entry.Type != TensorType.Float32
                || !entry.Shape.SequenceEqual(states._shapes[i]))
                throw new InvalidDataException(
                    $"{states._file.Path}: no {NameOf(i)} of shape ({string.Join(", ", states._shapes[i])}); the checkpoint belongs to "
                    + $"another run.");
        return states;
    }

    /// <summary>The file of the states before a block.</summary>
    internal static string PathOf(string folder, int block, string name = PrunedName) =>
        Path.Combine(folder, $"{name}-{block}.safetensors");

    /// <summary>Batches.</summary>
    internal int Count => _shapes.Length;

    /// <summary>Whether this rank has no sequence of a batch: there is nothing to run.</summary>
    internal bool IsEmpty(int batch) => _shapes[batch][0] == 0;

    /// <summary>Values of a batch, of all ranks.</summary>
    internal long ValuesOf(int batch) => _rows[batch] * _shapes[batch][1] * _shapes[batch][2];

    /// <summary>Bytes of all states.</summary>
    internal static long BytesOf(int hiddenSize, IReadOnlyList<int[]> sequences) =>
        (long)sequences.Count * sequences[0].Length * hiddenSize * sizeof(float);

    /// <summary>One batch, (B, T, D) float32, of the caller's scope.</summary>
    internal Tensor Read(int batch, Device device)
    {
        if (_file is null) return _states[batch].alias();
        using DisposeScope scope = NewDisposeScope();
        TensorEntry entry = _file.Tensors[NameOf(batch)];
        return TensorBytes.Read(entry, (offset, target) => _file.Read(entry, offset, target)).to(device).MoveToOuterDisposeScope();
    }

    /// <summary>Puts the states before the next block in place of these.</summary>
    /// <param name="block">The block that they go into.</param>
    /// <param name="next">Gives each batch of them, of its caller's scope; asked once for each, in order.</param>
    /// <param name="cancellation">Stops between batches; these states then stay.</param>
    internal void Advance(int block, Func<int, Tensor> next, CancellationToken cancellation)
    {
        List<Tensor> computed = [];
        Tensor Take(int batch)
        {
            cancellation.ThrowIfCancellationRequested();
            return IsEmpty(batch) ? empty(_shapes[batch]) : next(batch);
        }
        try
        {
            if (_inMemory) for (int i = 0; i < Count; i++) computed.Add(Take(i).DetachFromDisposeScope());
            if (_folder is not null) Write(_folder, block, i => _inMemory ? computed[i].alias() : Take(i));
        }
        catch
        {
            computed.ForEach(state => state.Dispose());
            throw;
        }
        Dispose();
        _states = computed;
        if (_folder is null) return;
        if (!_inMemory) _file = SafetensorsFile.Open(PathOf(_folder, block, _name));
        // Only now: the file of the new states is whole.
        string before = PathOf(_folder, _name == DenseName ? block - 2 : block - 1, _name);
        if (File.Exists(before)) File.Delete(before);
    }

    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
        _states.ForEach(state => state.Dispose());
        _states = [];
    }

    private static int[][] Own(int[][] batch, Ranks? ranks) => ranks is null ? batch
        : [.. batch.Skip(ranks.FirstOf(batch.Length)).Take(ranks.CountOf(batch.Length))];

    private static HiddenStates Empty(Decoder model, IReadOnlyList<int[]> sequences, string? folder, long limitBytes, string name,
        int together, Ranks? ranks = null) => new(
        [.. sequences.Chunk(together).Select(batch => new long[] { Own(batch, ranks).Length, batch[0].Length, model.Config.HiddenSize })],
        [.. sequences.Chunk(together).Select(batch => batch.Length)], folder, name,
        folder is null || BytesOf(model.Config.HiddenSize, sequences) <= limitBytes);

    private void Write(string folder, int block, Func<int, Tensor> batch) => SafetensorsWriter.WriteChecked(
        PathOf(folder, block, _name),
        [.. _shapes.Select((shape, i) =>
            new TensorToWrite(NameOf(i), TensorType.Float32, shape, shape.Aggregate((long)sizeof(float), (bytes, size) => bytes * size),
            stream =>
        {
            using DisposeScope scope = NewDisposeScope();
            TensorBytes.Write(batch(i).cpu().contiguous(), stream);
        }))]);

    private static Tensor EmbedBatch(Decoder model, int[][] sequences)
    {
        using DisposeScope scope = NewDisposeScope();
        int[] ids = [.. sequences.SelectMany(sequence => sequence)];
        return model.Embed(TokenBatch.Of(ids, sequences.Length, model.Device)).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    private static string NameOf(int batch) => $"batch.{batch}";
}
