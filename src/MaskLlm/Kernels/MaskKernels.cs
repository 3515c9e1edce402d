using System.Runtime.Intrinsics;

namespace MaskLlm.Kernels;

/// <summary>Chooses the mask kernel of this processor, once.</summary>
internal static class MaskKernels
{
    /// <summary>Environment variable that forces a kernel by name.</summary>
    internal const string Variable = "MASKLLM_KERNEL";

    /// <summary>What this processor can run, fastest first; the scalar kernel is always there.</summary>
    internal static IReadOnlyList<IMaskKernel> Available { get; } = FindAvailable();

    /// <summary>The first of <see cref="Available"/>, or the one that <c>MASKLLM_KERNEL</c> names.</summary>
    /// <exception cref="ArgumentException">It names one that this processor cannot run.</exception>
    internal static IMaskKernel Choose() => Choose(Environment.GetEnvironmentVariable(Variable));

    /// <param name="name">A kernel's name; null or empty for the fastest.</param>
    internal static IMaskKernel Choose(string? name) => string.IsNullOrEmpty(name)
        ? Available[0]
        : Available.FirstOrDefault(kernel => kernel.Name == name) ?? throw new ArgumentException(
            $"{Variable} is '{name}'; this processor can run {string.Join(", ", Available.Select(kernel => kernel.Name))}.");

    private static List<IMaskKernel> FindAvailable()
    {
        List<IMaskKernel> kernels = [];
        if (Lanes512.IsSupported) kernels.Add(new LaneMaskKernel<Lanes512, Vector512<float>, Vector512<uint>>("avx512"));
        if (Lanes256.IsSupported) kernels.Add(new LaneMaskKernel<Lanes256, Vector256<float>, Vector256<uint>>("avx2"));
        kernels.Add(new ScalarMaskKernel());
        return kernels;
    }
}
