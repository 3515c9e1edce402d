using System.Runtime.InteropServices;

namespace MaskLlm.Distributed;

/// <summary>The handles and numbers of one kind of MPI library, all that the calls of <see cref="MpiLibrary"/> need.</summary>
/// <param name="Family">As messages name it.</param>
/// <param name="World">The communicator of all ranks.</param>
/// <param name="Byte">The datatype: numbers travel as bytes and are added here.</param>
/// <param name="InPlace">In the place of a buffer that is the other one.</param>
/// <param name="Serialized">The level of threads where one calls at a time.</param>
internal sealed record MpiConstants(string Family, nint World, nint Byte, nint InPlace, int Serialized)
{
    // MPI 5.0's own, of any library that is called libmpi_abi.
    private static readonly MpiConstants _standard = new("the standard ABI of MPI 5", 0x101, 0x247, 1, 2048);

    // Integers; Intel's, Cray's and MVAPICH's libraries have MPICH's.
    private static readonly MpiConstants _mpich = new("MPICH", 0x44000000, 0x4c00010d, -1, 2);

    /// <summary>Those of a library.</summary>
    /// <param name="library">Loaded.</param>
    /// <param name="file">Its name.</param>
    /// <param name="version">What it says of itself.</param>
    /// <exception cref="NotSupportedException">Its kind is not known.</exception>
    internal static MpiConstants Of(nint library, string file, string version)
    {
        // Handles are addresses of objects that the library exports.
        if (NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out nint world))
            return new MpiConstants("Open MPI", world, NativeLibrary.GetExport(library, "ompi_mpi_byte"), 1, 2);
        if (Path.GetFileName(file).StartsWith("libmpi_abi.", StringComparison.Ordinal)) return _standard;
        if (version.Contains("MPICH", StringComparison.OrdinalIgnoreCase) || version.Contains("Intel(R) MPI", StringComparison.Ordinal))
            return _mpich;
        throw new NotSupportedException($"{file} says that it is {version.Split('\n')[0].Trim()}; Open MPI, MPICH and those like it, and "
            + $"libmpi_abi are known. Name another by {MpiLibrary.Variable}.");
    }
}
