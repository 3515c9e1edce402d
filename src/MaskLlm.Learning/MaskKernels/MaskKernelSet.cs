using System.Runtime.Intrinsics;
using MaskLlm.Machine;

namespace MaskLlm.MaskKernels;

/// <summary>Chooses the mask kernel of this processor, once.</summary>
public static class MaskKernelSet
{
    /// <summary>The names of those that this processor can run, fastest first.</summary>
    public static IReadOnlyList<string> Names => [.. Available.Select(kernel => kernel.Name)];

    /// <summary>The name of the one that is used: the fastest, or what <c>MASKLLM_KERNEL</c> says.</summary>
    /// <exception cref="ArgumentException">It names one that this processor cannot run.</exception>
    public static string ChosenName => Choose().Name;

    /// <summary>What this processor can run, fastest first; the scalar kernel is always there.</summary>
    internal static IReadOnlyList<IMaskKernel> Available { get; } = FindAvailable();

    /// <summary>The first of <see cref="Available"/>, or the one that <c>MASKLLM_KERNEL</c> names.</summary>
    /// <exception cref="ArgumentException">It names one that this processor cannot run.</exception>
    internal static IMaskKernel Choose() => Choose(Environment.GetEnvironmentVariable(KernelChoice.Variable));

    /// <param name="name">A kernel's name; null or empty for the fastest.</param>
    internal static IMaskKernel Choose(string? name) => KernelChoice.Of(Available, kernel => kernel.Name, name);

    private static List<IMaskKernel> FindAvailable()
    {
        List<IMaskKernel> kernels = [];
        if (Lanes512.IsSupported) kernels.Add(new LaneMaskKernel<Lanes512, Vector512<float>, Vector512<uint>>("avx512"));
        if (Lanes256.IsSupported) kernels.Add(new LaneMaskKernel<Lanes256, Vector256<float>, Vector256<uint>>("avx2"));
        kernels.Add(new ScalarMaskKernel());
        return kernels;
    }
}
