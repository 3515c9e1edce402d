namespace MaskLlm.Formats.Gguf;

/// <summary>A tensor that <see cref="GgufWriter"/> is to write.</summary>
/// <param name="Name">The name, such as <c>blk.0.attn_q.weight</c>.</param>
/// <param name="Type">How its values lie.</param>
/// <param name="Shape">The dimensions, row-major; the last is a multiple of <see cref="GgufTypes.BlockValues"/>.</param>
/// <param name="WriteBytes">Writes exactly <see cref="ByteLength"/> bytes when its turn comes.</param>
internal sealed record GgufTensor(string Name, GgufType Type, IReadOnlyList<long> Shape, Action<Stream> WriteBytes)
{
    /// <summary>The bytes of all rows.</summary>
    internal long ByteLength => Type.ByteLength(Shape.Aggregate(1L, (product, size) => checked(product * size)));
}
