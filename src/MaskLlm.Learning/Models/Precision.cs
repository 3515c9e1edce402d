using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>The types that a model can compute in.</summary>
public static class Precision
{
    private const string Float32Name = "float32", BFloat16Name = "bfloat16";

    /// <summary>The type of a name.</summary>
    /// <param name="name">float32 or bfloat16, in letters of any size.</param>
    /// <exception cref="ArgumentException">Another name.</exception>
    public static ScalarType Parse(string name) => name.ToLowerInvariant() switch
    {
        Float32Name => ScalarType.Float32,
        BFloat16Name => ScalarType.BFloat16,
        _ => throw new ArgumentException($"`Precision` {name}: {Float32Name} or {BFloat16Name} is expected."),
    };

    /// <summary>The name of a type.</summary>
    internal static string NameOf(ScalarType type) => type == ScalarType.BFloat16 ? BFloat16Name : Float32Name;

    /// <summary>Whether this processor multiplies matrices of a type itself; others are converted there and back.</summary>
    internal static bool IsNative(ScalarType type) => type != ScalarType.BFloat16 || Avx512F.IsSupported || ArmBase.Arm64.IsSupported;

    internal static void Require(ScalarType type)
    {
        if (type is not (ScalarType.Float32 or ScalarType.BFloat16))
            throw new ArgumentException($"a model computes in {Float32Name} or {BFloat16Name}, not in {type}.");
    }

    internal static int BytesOf(ScalarType type) => type == ScalarType.BFloat16 ? 2 : 4;
}
