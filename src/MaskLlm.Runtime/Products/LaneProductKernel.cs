namespace MaskLlm.Products;

/// <summary>The vector kernel, for any width of registers: a lane is an output row, so no sum crosses lanes.</summary>
/// <param name="name">How it is called.</param>
internal sealed unsafe partial class LaneProductKernel<TLanes, TFloats, TInts>(string name) : IProductKernel
    where TLanes : struct, IRowLanes<TFloats, TInts>
{
    private const int PanelColumns = PackedLayout.PanelColumns, TileTokens = ProductInput.TileTokens;

    public string Name => name;

    public void Multiply(in PackedMatrix weights, int firstBlock, int endBlock, in ProductInput input, float* output, int stride)
    {
        for (int tile = 0; tile < input.WideTiles; tile++) MultiplyWide(weights, firstBlock, endBlock, input, tile, output, stride);
        long narrow = (long)input.WideTiles * ProductInput.WideTokens;
        output += narrow * stride;
        for (int block = firstBlock; block < endBlock; block++)
        {
            byte* panels = weights.Data + block * weights.BlockBytes;
            float* rows = output + (long)block * PackedLayout.BlockRows;
            if (input.Tokens == 1) One(weights, panels, input, rows);
            else
                for (int tile = 0; tile < input.Tiles; tile++)
                    Four(weights, panels, input, tile, rows + (long)tile * TileTokens * stride, stride);
        }
    }

    private static void One(in PackedMatrix weights, byte* panels, in ProductInput input, float* output)
    {
        switch (weights.Type)
        {
            case WeightType.Float32 when weights.IsSparse:
                SparseOne<StoredFloat32<TLanes, TFloats, TInts>>(panels, weights.Panels, input.Values, output);
                break;
            case WeightType.Float32:
                DenseOne<StoredFloat32<TLanes, TFloats, TInts>>(panels, weights.Panels, input.Values, output);
                break;
            case WeightType.BFloat16 when weights.IsSparse:
                SparseOne<StoredBFloat16<TLanes, TFloats, TInts>>(panels, weights.Panels, input.Values, output);
                break;
            case WeightType.BFloat16:
                DenseOne<StoredBFloat16<TLanes, TFloats, TInts>>(panels, weights.Panels, input.Values, output);
                break;
            case WeightType.Int8 when weights.IsSparse:
                SparseIntegersOne<StoredInt8<TLanes, TFloats, TInts>>(panels, weights.Panels, input.Bytes, input.Scales, output);
                break;
            case WeightType.Int8:
                DenseIntegersOne<StoredInt8<TLanes, TFloats, TInts>>(panels, weights.Panels, input.Bytes, input.Scales, output);
                break;
            case WeightType.Int4 when weights.IsSparse:
                SparseIntegersOne<StoredInt4<TLanes, TFloats, TInts>>(panels, weights.Panels, input.Bytes, input.Scales, output);
                break;
            default:
                DenseIntegersOne<StoredInt4<TLanes, TFloats, TInts>>(panels, weights.Panels, input.Bytes, input.Scales, output);
                break;
        }
    }

    private static void Four(in PackedMatrix weights, byte* panels, in ProductInput input, int tile, float* output, int stride)
    {
        long at = ((long)input.WideTiles * ProductInput.WideTokens + (long)tile * TileTokens) * input.Columns;
        float* values = input.Values + at, scales = input.Scales + at / PanelColumns;
        sbyte* bytes = input.Bytes + at;
        switch (weights.Type)
        {
            case WeightType.Float32 when weights.IsSparse:
                SparseFour<StoredFloat32<TLanes, TFloats, TInts>>(panels, weights.Panels, values, output, stride);
                break;
            case WeightType.Float32:
                DenseFour<StoredFloat32<TLanes, TFloats, TInts>>(panels, weights.Panels, values, output, stride);
                break;
            case WeightType.BFloat16 when weights.IsSparse:
                SparseFour<StoredBFloat16<TLanes, TFloats, TInts>>(panels, weights.Panels, values, output, stride);
                break;
            case WeightType.BFloat16:
                DenseFour<StoredBFloat16<TLanes, TFloats, TInts>>(panels, weights.Panels, values, output, stride);
                break;
            case WeightType.Int8 when weights.IsSparse:
                SparseIntegersFour<StoredInt8<TLanes, TFloats, TInts>>(panels, weights.Panels, bytes, scales, output, stride);
                break;
            case WeightType.Int8:
                DenseIntegersFour<StoredInt8<TLanes, TFloats, TInts>>(panels, weights.Panels, bytes, scales, output, stride);
                break;
            case WeightType.Int4 when weights.IsSparse:
                SparseIntegersFour<StoredInt4<TLanes, TFloats, TInts>>(panels, weights.Panels, bytes, scales, output, stride);
                break;
            default:
                DenseIntegersFour<StoredInt4<TLanes, TFloats, TInts>>(panels, weights.Panels, bytes, scales, output, stride);
                break;
        }
    }
}
