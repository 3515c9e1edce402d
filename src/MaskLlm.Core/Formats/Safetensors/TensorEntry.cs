namespace MaskLlm.Formats.Safetensors;

/// <summary>Where one tensor lies in a safetensors file.</summary>
/// <param name="Name">The name, such as <c>model.layers.0.mlp.up_proj.weight</c>.</param>
/// <param name="Type">The element type.</param>
/// <param name="Shape">The dimensions, row-major; empty for a scalar.</param>
/// <param name="Offset">The first byte, counted from the start of the file.</param>
/// <param name="ByteLength">The bytes: the product of the shape times the width of an element.</param>
public sealed record TensorEntry(string Name, TensorType Type, IReadOnlyList<long> Shape, long Offset, long ByteLength);
