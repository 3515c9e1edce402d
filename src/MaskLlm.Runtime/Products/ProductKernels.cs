using System.Runtime.Intrinsics;
using MaskLlm.Machine;

namespace MaskLlm.Products;

/// <summary>Chooses the product kernel of this processor, once.</summary>
public static class ProductKernels
{
    /// <summary>The names of those that this processor can run, fastest first.</summary>
    public static IReadOnlyList<string> Names => [.. Available.Select(kernel => kernel.Name)];

    /// <summary>The name of the one that is used: the fastest, or what <c>MASKLLM_KERNEL</c> says.</summary>
    /// <exception cref="ArgumentException">It names one that this processor cannot run.</exception>
    public static string ChosenName => Choose().Name;

    /// <summary>What this processor can run, fastest first; the scalar kernel is always there.</summary>
    internal static IReadOnlyList<IProductKernel> Available { get; } = FindAvailable();

    /// <summary>The first of <see cref="Available"/>, or the one that <c>MASKLLM_KERNEL</c> names.</summary>
    /// <exception cref="ArgumentException">It names one that this processor cannot run.</exception>
    internal static IProductKernel Choose() => Choose(Environment.GetEnvironmentVariable(KernelChoice.Variable));

    /// <param name="name">A kernel's name; null or empty for the fastest.</param>
    internal static IProductKernel Choose(string? name) => KernelChoice.Of(Available, kernel => kernel.Name, name);

    private static List<IProductKernel> FindAvailable()
    {
        List<IProductKernel> kernels = [];
        if (Rows512.IsSupported) kernels.Add(new LaneProductKernel<Rows512, Vector512<float>, Vector512<uint>>("avx512"));
        if (Rows256.IsSupported) kernels.Add(new LaneProductKernel<Rows256, Rows256.Floats, Rows256.Ints>("avx2"));
        if (Rows128.IsSupported) kernels.Add(new LaneProductKernel<Rows128, Rows128.Floats, Rows128.Ints>("neon"));
        kernels.Add(new ScalarProductKernel());
        return kernels;
    }
}
