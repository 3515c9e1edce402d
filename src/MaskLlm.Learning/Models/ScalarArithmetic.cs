using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Models;

/// <summary>Arithmetic of tensors with numbers that are held until the operation is done.</summary>
/// <remarks>
/// TorchSharp makes a native scalar of every number that it is given, and one more for the hidden factor 1 of <c>a + b</c>. Nothing but its
/// finaliser frees it, and nothing keeps it while libtorch reads it: a garbage collection during the call can take it away
/// (dotnet/TorchSharp pull requests 1434 and 1496), and the operation then stops on a scalar of no known type, one time in some hundred
/// thousand. Here <c>using</c> keeps it. The other files make no scalars, which HeldScalarTests proves from their compiled code.
/// </remarks>
internal static class ScalarArithmetic
{
    /// <summary>left + factor * right.</summary>
    internal static Tensor Plus(this Tensor left, Tensor right, double factor = 1)
    {
        using Scalar held = Whole(factor);
        return left.add(right, held);
    }

    /// <summary>x + number.</summary>
    internal static Tensor Plus(this Tensor x, double number)
    {
        using Scalar held = number, one = 1;
        return x.add(held, one);
    }

    /// <summary>left += factor * right.</summary>
    internal static Tensor PlusInPlace(this Tensor left, Tensor right, double factor = 1)
    {
        using Scalar held = Whole(factor);
        return left.add_(right, held);
    }

    /// <summary>x += number.</summary>
    internal static Tensor PlusInPlace(this Tensor x, double number)
    {
        using Scalar held = number, one = 1;
        return x.add_(held, one);
    }

    /// <summary>x += factor * left * right.</summary>
    internal static Tensor PlusProductInPlace(this Tensor x, Tensor left, Tensor right, double factor)
    {
        using Scalar held = factor;
        return x.addcmul_(left, right, held);
    }

    /// <summary>x += factor * left / right.</summary>
    internal static Tensor PlusQuotientInPlace(this Tensor x, Tensor left, Tensor right, double factor)
    {
        using Scalar held = factor;
        return x.addcdiv_(left, right, held);
    }

    /// <summary>x with rows added to some of its own, each as often as it is named.</summary>
    internal static Tensor PlusRows(this Tensor x, Tensor rows, Tensor more)
    {
        using Scalar held = 1;
        return x.index_add(0, rows, more, held);
    }

    /// <summary>x * factor.</summary>
    internal static Tensor Times(this Tensor x, double factor) => Holding(x, factor, static (x, held) => x.mul(held));

    /// <summary>x *= factor.</summary>
    internal static Tensor TimesInPlace(this Tensor x, double factor) => Holding(x, factor, static (x, held) => x.mul_(held));

    /// <summary>x / divisor.</summary>
    internal static Tensor Over(this Tensor x, double divisor) => Holding(x, divisor, static (x, held) => x.div(held));

    /// <summary>x /= divisor.</summary>
    internal static Tensor OverInPlace(this Tensor x, double divisor) => Holding(x, divisor, static (x, held) => x.div_(held));

    /// <summary>x^exponent.</summary>
    internal static Tensor Power(this Tensor x, double exponent) => Holding(x, exponent, static (x, held) => x.pow(held));

    /// <summary>x^2.</summary>
    internal static Tensor Squared(this Tensor x) => x.Power(2);

    /// <summary>The larger of x and number.</summary>
    internal static Tensor AtLeast(this Tensor x, double number) => Holding(x, number, static (x, held) => x.clamp_min(held));

    /// <summary>The smaller of x and number.</summary>
    internal static Tensor AtMost(this Tensor x, double number) => Holding(x, number, static (x, held) => x.clamp_max(held));

    /// <summary>Whether x is less than number.</summary>
    internal static Tensor Below(this Tensor x, double number) => Holding(x, number, static (x, held) => x.lt(held));

    /// <summary>x = number where the mask says so.</summary>
    internal static Tensor FillInPlace(this Tensor x, Tensor mask, double number)
    {
        using Scalar held = number;
        return x.masked_fill_(mask, held);
    }

    private static Tensor Holding(Tensor x, double number, Func<Tensor, Scalar, Tensor> operation)
    {
        using Scalar held = number;
        return operation(x, held);
    }

    // Tensors of integers take no factor that is a float, though it be 1.
    private static Scalar Whole(double number) => number == Math.Floor(number) && Math.Abs(number) <= int.MaxValue ? (Scalar)(int)number
        : (Scalar)number;
}
