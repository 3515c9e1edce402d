using System.Numerics.Tensors;
using MaskLlm.Architectures;

namespace MaskLlm.Decoding;

/// <summary>The functions between matrices.</summary>
internal static class RuntimeActivation
{
    /// <summary>Applies the function in place.</summary>
    internal static void Apply(Activation kind, Span<float> x)
    {
        switch (kind)
        {
            case Activation.ReluSquared:
                TensorPrimitives.Max(x, 0f, x);
                TensorPrimitives.Multiply(x, x, x);
                break;
            case Activation.Relu:
                TensorPrimitives.Max(x, 0f, x);
                break;
            case Activation.QuickGelu:
                for (int i = 0; i < x.Length; i++) x[i] /= 1 + MathF.Exp(-1.702f * x[i]);
                break;
            case Activation.Tanh:
                TensorPrimitives.Tanh(x, x);
                break;
            case Activation.GeluTanh:
                for (int i = 0; i < x.Length; i++)
                    x[i] = 0.5f * x[i] * (1 + MathF.Tanh(0.7978845608f * (x[i] + 0.044715f * x[i] * x[i] * x[i])));
                break;
            case Activation.Gelu:
                for (int i = 0; i < x.Length; i++) x[i] = (float)(0.5 * x[i] * (1 + Erf(x[i] / Math.Sqrt(2))));
                break;
            default:
                for (int i = 0; i < x.Length; i++) x[i] /= 1 + MathF.Exp(-x[i]);
                break;
        }
    }

    /// <summary>up = silu(gate) up; the gate is lost.</summary>
    internal static void GateBySilu(Span<float> gate, Span<float> up)
    {
        TensorPrimitives.Multiply(up, gate, up);
        TensorPrimitives.Sigmoid(gate, gate);
        TensorPrimitives.Multiply(up, gate, up);
    }

    /// <summary>cap tanh(x / cap), in place.</summary>
    internal static void Cap(Span<float> x, double? cap)
    {
        if (cap is not { } most) return;
        TensorPrimitives.Divide(x, (float)most, x);
        TensorPrimitives.Tanh(x, x);
        TensorPrimitives.Multiply(x, (float)most, x);
    }

    /// <summary>softmax(x), in place; of scores of any size, as what is exponentiated lies below the largest.</summary>
    internal static void Softmax(Span<float> x)
    {
        TensorPrimitives.Subtract(x, TensorPrimitives.Max<float>(x), x);
        TensorPrimitives.SoftMax(x, x);
    }

    /// <summary>The same of scores beside one more, whose share is lost.</summary>
    internal static void Softmax(Span<float> x, float other)
    {
        float largest = Math.Max(TensorPrimitives.Max<float>(x), other);
        TensorPrimitives.Subtract(x, largest, x);
        TensorPrimitives.Exp(x, x);
        TensorPrimitives.Divide(x, TensorPrimitives.Sum<float>(x) + MathF.Exp(other - largest), x);
    }

    // By its series near zero and by the continued fraction of its complement beyond: within 1e-14 of the function.
    private static double Erf(double x)
    {
        double magnitude = Math.Abs(x);
        if (magnitude > 6) return Math.Sign(x);
        double result;
        if (magnitude < 2.5)
        {
            double term = magnitude, sum = magnitude;
            for (int n = 1; Math.Abs(term) > 1e-17 * Math.Abs(sum) && n < 100; n++)
            {
                term *= -magnitude * magnitude / n;
                sum += term / (2 * n + 1);
            }
            result = 2 / Math.Sqrt(Math.PI) * sum;
        }
        else
        {
            double fraction = 0;
            for (int n = 60; n > 0; n--) fraction = n / 2.0 / (magnitude + fraction);
            result = 1 - Math.Exp(-magnitude * magnitude) / ((magnitude + fraction) * Math.Sqrt(Math.PI));
        }
        return x < 0 ? -result : result;
    }
}
