using System.Runtime.InteropServices;
using System.Text;

namespace MaskLlm.Distributed;

/// <summary>The calls of an MPI library, by address; every buffer is of bytes. Errors end the process, as MPI has it where nothing else
/// is said.</summary>
internal sealed unsafe class MpiLibrary
{
    /// <summary>The variable of the environment that names a library, before all others.</summary>
    internal const string Variable = "MASKLLM_MPI_LIBRARY";

    private const int LongestVersion = 8192;

    private readonly nint _library;
    private readonly MpiConstants _constants;
    private readonly delegate* unmanaged<void*, void*, int, int*, int> _initialize;
    private readonly delegate* unmanaged<nint, int*, int> _size, _rank;
    private readonly delegate* unmanaged<void*, int, nint, void*, int, nint, nint, int> _allGather;
    private readonly delegate* unmanaged<void*, int, nint, void*, int*, int*, nint, nint, int> _allGatherEach;
    private readonly delegate* unmanaged<void*, int, nint, void*, int*, int*, nint, int, nint, int> _gatherEach;
    private readonly delegate* unmanaged<void*, int*, int*, nint, void*, int*, int*, nint, nint, int> _allToAllEach;
    private readonly delegate* unmanaged<void*, int, nint, int, nint, int> _broadcast;
    private readonly delegate* unmanaged<nint, int, int> _abort;
    private readonly delegate* unmanaged<int> _finalize;

    private MpiLibrary(nint library, string file)
    {
        _library = library;
        Version = VersionOf(library);
        _constants = MpiConstants.Of(library, file, Version);
        _initialize = (delegate* unmanaged<void*, void*, int, int*, int>)Call("MPI_Init_thread");
        _size = (delegate* unmanaged<nint, int*, int>)Call("MPI_Comm_size");
        _rank = (delegate* unmanaged<nint, int*, int>)Call("MPI_Comm_rank");
        _allGather = (delegate* unmanaged<void*, int, nint, void*, int, nint, nint, int>)Call("MPI_Allgather");
        _allGatherEach = (delegate* unmanaged<void*, int, nint, void*, int*, int*, nint, nint, int>)Call("MPI_Allgatherv");
        _gatherEach = (delegate* unmanaged<void*, int, nint, void*, int*, int*, nint, int, nint, int>)Call("MPI_Gatherv");
        _allToAllEach = (delegate* unmanaged<void*, int*, int*, nint, void*, int*, int*, nint, nint, int>)Call("MPI_Alltoallv");
        _broadcast = (delegate* unmanaged<void*, int, nint, int, nint, int>)Call("MPI_Bcast");
        _abort = (delegate* unmanaged<nint, int, int>)Call("MPI_Abort");
        _finalize = (delegate* unmanaged<int>)Call("MPI_Finalize");
    }

    /// <summary>What the library says of itself, for people.</summary>
    internal string Version { get; }

    /// <summary>Opens the first library that is there.</summary>
    /// <param name="files">Names, as the system's loader takes them.</param>
    /// <exception cref="NotSupportedException">None is, or its kind is not known.</exception>
    internal static MpiLibrary Open(IReadOnlyList<string> files)
    {
        foreach (string file in files)
        {
            // Its plug-ins look for the library's symbols among those of all.
            nint library = MpiLoader.OpenGlobal(file);
            if (library != 0) return new MpiLibrary(library, file);
        }
        throw new NotSupportedException($"this process was started as one of several by MPI, and none of its libraries is here "
            + $"({string.Join(", ", files)}); install it, or name its file by {Variable}.");
    }

    /// <summary>Begins; once a process.</summary>
    internal void Initialize()
    {
        int provided;
        Check(_initialize(null, null, _constants.Serialized, &provided), "MPI_Init_thread");
    }

    /// <summary>How many ranks there are.</summary>
    internal int Size()
    {
        int size;
        Check(_size(_constants.World, &size), "MPI_Comm_size");
        return size;
    }

    /// <summary>Which of them this is.</summary>
    internal int Rank()
    {
        int rank;
        Check(_rank(_constants.World, &rank), "MPI_Comm_rank");
        return rank;
    }

    /// <summary>As many bytes of each rank to all, in the order of ranks.</summary>
    internal void AllGather(void* own, int bytes, void* all) =>
        Check(_allGather(own, bytes, _constants.Byte, all, bytes, _constants.Byte, _constants.World), "MPI_Allgather");

    /// <summary>A stretch of each rank to all, each in its place already.</summary>
    internal void AllGatherInPlace(void* all, int* bytes, int* places) =>
        Check(_allGatherEach((void*)_constants.InPlace, 0, _constants.Byte, all, bytes, places, _constants.Byte, _constants.World),
            "MPI_Allgatherv");

    /// <summary>Some bytes of each rank to one of them.</summary>
    internal void Gather(void* own, int ownBytes, void* all, int* bytes, int* places, int root) =>
        Check(_gatherEach(own, ownBytes, _constants.Byte, all, bytes, places, _constants.Byte, root, _constants.World), "MPI_Gatherv");

    /// <summary>Some bytes of each rank to each.</summary>
    internal void AllToAll(void* sent, int* sentBytes, int* sentPlaces, void* received, int* receivedBytes, int* receivedPlaces) =>
        Check(_allToAllEach(sent, sentBytes, sentPlaces, _constants.Byte, received, receivedBytes, receivedPlaces, _constants.Byte,
            _constants.World), "MPI_Alltoallv");

    /// <summary>The bytes of one rank to all others.</summary>
    internal void Broadcast(void* bytes, int count, int root) =>
        Check(_broadcast(bytes, count, _constants.Byte, root, _constants.World), "MPI_Bcast");

    /// <summary>Ends all ranks.</summary>
    internal void Abort(int code) => _abort(_constants.World, code);

    /// <summary>Ends this rank's part; all others do too.</summary>
    internal void Finish() => _finalize();

    private static void Check(int code, string call)
    {
        if (code != 0) throw new IOException($"{call} failed with code {code}.");
    }

    private static string VersionOf(nint library)
    {
        delegate* unmanaged<byte*, int*, int> version =
            (delegate* unmanaged<byte*, int*, int>)NativeLibrary.GetExport(library, "MPI_Get_library_version");
        byte[] text = new byte[LongestVersion];
        int length;
        fixed (byte* start = text) Check(version(start, &length), "MPI_Get_library_version");
        return Encoding.UTF8.GetString(text, 0, Math.Clamp(length, 0, text.Length)).TrimEnd('\0');
    }

    private nint Call(string name) => NativeLibrary.GetExport(_library, name);
}
