using MaskLlm.Formats;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>What batches of text have become on their way through a model: in memory up to a limit, above it in a file of the temporary
/// folder that has no name.</summary>
internal sealed class PassedStates : IDisposable
{
    private const long MostBytes = 1L << 30;

    private readonly Tensor?[] _inMemory;
    private readonly (long At, long[] Shape, ScalarType Type)[] _inFile;
    private readonly long _mostBytes;
    private FileStream? _file;
    private long _bytes;

    /// <param name="batches">How many.</param>
    /// <param name="mostBytes">In memory.</param>
    internal PassedStates(int batches, long mostBytes = MostBytes) =>
        (_inMemory, _inFile, _mostBytes) = (new Tensor?[batches], new (long, long[], ScalarType)[batches], mostBytes);

    /// <summary>Whether some lie in the file.</summary>
    internal bool IsSpilled => _file is not null;

    /// <summary>Puts a state in the place of the batch's last one, which has as many bytes.</summary>
    internal void Write(int batch, Tensor state)
    {
        long bytes = state.NumberOfElements * state.ElementSize;
        bool isNew = _inMemory[batch] is null && _inFile[batch].Shape is null;
        if (isNew ? _bytes + bytes <= _mostBytes : _inMemory[batch] is not null)
        {
            _inMemory[batch]?.Dispose();
            _inMemory[batch] = state.alias().DetachFromDisposeScope();
            if (isNew) _bytes += bytes;
            return;
        }
        _file ??= Open();
        if (isNew) _inFile[batch] = (_file.Length, [.. state.shape], state.dtype);
        _file.Position = _inFile[batch].At;
        using DisposeScope scope = NewDisposeScope();
        TensorBytes.Write(state.cpu().contiguous(), _file);
    }

    /// <summary>The batch's state, of the caller's scope.</summary>
    internal Tensor Read(int batch, Device device)
    {
        if (_inMemory[batch] is { } state) return state.alias();
        (long at, long[] shape, ScalarType type) = _inFile[batch];
        using DisposeScope scope = NewDisposeScope();
        Tensor read = empty(shape, type);
        _file!.Position = at;
        TensorBytes.Fill(read, _file);
        return read.to(device).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        foreach (Tensor? state in _inMemory) state?.Dispose();
        _file?.Dispose();
    }

    // Its name goes at once where the system allows it: nothing is left of it, however the process ends.
    private static FileStream Open()
    {
        using TemporaryPath name = TemporaryPath.In(Path.GetTempPath(), "maskllm-states");
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.Delete };
        if (OperatingSystem.IsWindows()) options.Options = FileOptions.DeleteOnClose;
        else options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(name.Path, options);
    }
}
