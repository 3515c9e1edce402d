using MaskLlm.Architectures;
using MaskLlm.Products;

namespace MaskLlm.Packing;

/// <summary>A matrix that is packed by itself: embedding, head, and every matrix of the blocks.</summary>
/// <param name="Name">In the file.</param>
/// <param name="Tensor">The checkpoint's tensor that has it.</param>
/// <param name="Rows">O.</param>
/// <param name="Columns">I.</param>
/// <param name="Slice">Where a block's matrix lies in its tensor; null for embedding and head, which are never sparse.</param>
internal sealed record MatrixPlan(string Name, string Tensor, int Rows, int Columns, LinearSlice? Slice)
{
    internal bool MayBeSparse => Slice is not null;

    internal bool IsTransposed => Slice is { Tensor.IsTransposed: true };

    /// <summary>As the checkpoint stores its tensor.</summary>
    internal long[] StoredShape => Slice is null ? [Rows, Columns] : [.. Slice.Tensor.StoredShape];

    /// <summary>Rows of the tensor from one on that follow each other in the matrix too.</summary>
    internal int RowsTogether(int row) => Slice is null ? Rows - row : Slice.Run - row % Slice.Run;

    internal int TensorRow(int row) => Slice?.TensorRow(row) ?? row;

    /// <summary>How it is stored in a file of a type.</summary>
    internal PackedMatrix Packed(WeightType type, bool isSparse) =>
        new(Rows, Columns, Slice is null ? WeightTypes.OfVocabulary(type) : type, isSparse && MayBeSparse);

    /// <summary>All of a decoder, in the order of the forward pass.</summary>
    internal static IReadOnlyList<MatrixPlan> All(DecoderConfig config)
    {
        MatrixPlan Whole(string name) => new(name, name, config.VocabularySize, config.HiddenSize, null);
        return
        [
            Whole(config.EmbeddingName),
            .. Enumerable.Range(0, config.BlockCount).SelectMany(block => BlockPlan.Of(config, block).Slices).Select(Of),
            .. config.TieWordEmbeddings ? [] : new[] { Whole(config.HeadName) },
        ];
    }

    internal static MatrixPlan Of(LinearSlice slice) => new(slice.Name, slice.Tensor.Name, slice.Rows, slice.Tensor.Columns, slice);
}
