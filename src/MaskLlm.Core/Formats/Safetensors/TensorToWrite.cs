namespace MaskLlm.Formats.Safetensors;

/// <summary>A tensor that <see cref="SafetensorsWriter"/> is to write.</summary>
/// <param name="Name">The name; not <c>__metadata__</c>.</param>
/// <param name="Type">The element type.</param>
/// <param name="Shape">The dimensions, row-major; empty for a scalar.</param>
/// <param name="ByteLength">The bytes: the product of the shape times the width of an element.</param>
/// <param name="WriteBytes">Writes exactly that many bytes, little-endian, when its turn comes.</param>
public sealed record TensorToWrite(string Name, TensorType Type, IReadOnlyList<long> Shape, long ByteLength, Action<Stream> WriteBytes);
