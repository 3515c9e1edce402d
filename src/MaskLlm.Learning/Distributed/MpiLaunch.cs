using System.Globalization;

namespace MaskLlm.Distributed;

/// <summary>What a launcher told this process in its environment.</summary>
/// <param name="Size">Processes of the job.</param>
/// <param name="Rank">Which of them this is; 0 where nothing says so.</param>
/// <param name="OnMachine">Those of them on this machine.</param>
/// <param name="Libraries">Names of the libraries that belong to the launcher, the likeliest first.</param>
internal sealed record MpiLaunch(int Size, int Rank, int OnMachine, IReadOnlyList<string> Libraries)
{
    /// <summary>Open MPI's variable of how many processes there are, which it sets for one, too.</summary>
    internal const string OpenMpiSize = "OMPI_COMM_WORLD_SIZE";

    private static readonly string[] _openMpi = ["libmpi.so.40", "libmpi.so.80", "libmpi.so"],
        _mpich = ["libmpi_abi.so.1", "libmpich.so.12", "libmpi.so.12", "libmpi.so"];

    /// <summary>Reads the environment; null where no launcher started several processes.</summary>
    /// <param name="variable">Gives the value of a name.</param>
    internal static MpiLaunch? Read(Func<string, string?> variable)
    {
        int? Number(params string[] names) => names.Select(variable)
            .Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : (int?)null)
            .FirstOrDefault(value => value is not null);
        bool isOpen = Number(OpenMpiSize) is not null, isPlain = Number("PMI_SIZE") is not null,
            // srun sets its own variables for any program; those of PMI it sets for one that speaks MPI.
            isSlurm = Number("SLURM_STEP_NUM_TASKS") is not null && (Number("PMIX_RANK", "PMI_RANK") is not null);
        if (!isOpen && !isPlain && !isSlurm) return null;
        int size = Number(OpenMpiSize, "PMI_SIZE", "SLURM_STEP_NUM_TASKS")!.Value;
        if (size < 2) return null;
        string[] known = isOpen || (!isPlain && Number("PMIX_RANK") is not null) ? [.. _openMpi, .. _mpich] : [.. _mpich, .. _openMpi];
        return new MpiLaunch(size, Number("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK") ?? 0,
            Math.Max(1, Number("OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS") ?? TasksOfNode(variable("SLURM_STEP_TASKS_PER_NODE")) ?? 1),
            variable(MpiLibrary.Variable) is { Length: > 0 } named ? [named] : [.. known.Distinct()]);
    }

    // Such as 4, 4(x2) or 4(x2),3: as many on each of the nodes.
    private static int? TasksOfNode(string? list) => list is null ? null
        : int.TryParse(list.Split(',', '(')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int tasks) ? tasks : null;
}
