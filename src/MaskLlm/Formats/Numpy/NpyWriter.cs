using System.Runtime.InteropServices;

namespace MaskLlm.Formats.Numpy;

/// <summary>Writes <c>.npy</c> arrays, byte for byte as <c>numpy.save</c> does.</summary>
public static class NpyWriter
{
    /// <summary>Writes an array to a stream.</summary>
    /// <param name="stream">Where to write.</param>
    /// <param name="values">The elements, row-major.</param>
    /// <param name="shape">The dimensions; their product is the number of elements.</param>
    /// <exception cref="ArgumentException">The shape does not fit the elements.</exception>
    public static void Write(Stream stream, ReadOnlySpan<byte> values, params IReadOnlyList<long> shape) => WriteArray(stream, values, shape);

    /// <inheritdoc cref="Write(Stream, ReadOnlySpan{byte}, IReadOnlyList{long})"/>
    public static void Write(Stream stream, ReadOnlySpan<int> values, params IReadOnlyList<long> shape) => WriteArray(stream, values, shape);

    /// <inheritdoc cref="Write(Stream, ReadOnlySpan{byte}, IReadOnlyList{long})"/>
    public static void Write(Stream stream, ReadOnlySpan<float> values, params IReadOnlyList<long> shape) => WriteArray(stream, values, shape);

    private static void WriteArray<T>(Stream stream, ReadOnlySpan<T> values, IReadOnlyList<long> shape)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(shape);
        long count = 1;
        foreach (long dimension in shape) count = dimension < 0 ? -1 : checked(count * dimension);
        if (count != values.Length)
            throw new ArgumentException($"The shape ({string.Join(", ", shape)}) does not fit {values.Length} elements.");
        stream.Write(NpyHeader.Format(NpyTypes.Of<T>(), shape));
        stream.Write(MemoryMarshal.AsBytes(values));
    }
}
