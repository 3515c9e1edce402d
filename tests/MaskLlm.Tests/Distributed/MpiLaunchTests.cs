using MaskLlm.Distributed;

namespace MaskLlm.Tests.Distributed;

public sealed class MpiLaunchTests
{
    [Theory]
    [InlineData("OMPI_COMM_WORLD_SIZE=4 OMPI_COMM_WORLD_RANK=2 OMPI_COMM_WORLD_LOCAL_SIZE=2", 4, 2, 2, "libmpi.so.40")]
    [InlineData("PMI_SIZE=3 PMI_RANK=1 MPI_LOCALNRANKS=3", 3, 1, 3, "libmpi_abi.so.1")]
    [InlineData("SLURM_STEP_NUM_TASKS=8 PMIX_RANK=5 SLURM_STEP_TASKS_PER_NODE=4(x2)", 8, 5, 4, "libmpi.so.40")]
    [InlineData("SLURM_STEP_NUM_TASKS=8 PMI_RANK=5", 8, 5, 1, "libmpi_abi.so.1")]
    [InlineData("PMI_SIZE=2 PMI_RANK=0 MASKLLM_MPI_LIBRARY=/opt/libmpi.so", 2, 0, 1, "/opt/libmpi.so")]
    public void Read_Launchers_SaysWhoThisIsAndWhatToLoadFirst(string environment, int size, int rank, int onMachine, string library)
    {
        MpiLaunch launch = MpiLaunch.Read(Variables(environment))!;
        Assert.Equal((size, rank, onMachine, library), (launch.Size, launch.Rank, launch.OnMachine, launch.Libraries[0]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("OMPI_COMM_WORLD_SIZE=1 OMPI_COMM_WORLD_RANK=0")]
    [InlineData("PMI_SIZE=many")]
    // srun of a program that does not speak MPI.
    [InlineData("SLURM_STEP_NUM_TASKS=8")]
    public void Read_AProcessForItself_IsNone(string environment) => Assert.Null(MpiLaunch.Read(Variables(environment)));

    private static Func<string, string?> Variables(string environment)
    {
        Dictionary<string, string> values = environment.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        return name => values.GetValueOrDefault(name);
    }
}
