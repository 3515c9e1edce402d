namespace MaskLlm.Products;

/// <summary>The plain twin: one weight after another. Integer sums are the vector kernels' to the bit.</summary>
internal sealed unsafe class ScalarProductKernel : IProductKernel
{
    public string Name => "scalar";

    public void Multiply(in PackedMatrix weights, int firstBlock, int endBlock, in ProductInput input, float* output, int stride)
    {
        bool isInteger = PackedLayout.IsInteger(weights.Type);
        for (int row = firstBlock * PackedLayout.BlockRows; row < endBlock * PackedLayout.BlockRows; row++)
            for (int token = 0; token < input.Tokens; token++)
            {
                float sum = 0;
                for (int panel = 0; panel < weights.Panels; panel++)
                    sum = isInteger ? AddIntegers(weights, row, panel, input, token, sum)
                        : AddFloats(weights, row, panel, input, token, sum);
                output[(long)token * stride + row] = sum;
            }
    }

    private static float AddFloats(in PackedMatrix weights, int row, int panelIndex, in ProductInput input, int token, float sum)
    {
        ReadOnlySpan<byte> panel = PanelUnpacking.Panel(weights, row / PackedLayout.BlockRows, panelIndex);
        int inBlock = row % PackedLayout.BlockRows;
        for (int i = 0; i < Stored(weights); i++)
            sum += PanelUnpacking.Value(panel, weights.Type, weights.IsSparse, inBlock,
                i) * input.Values[input.ValueAt(token, Column(weights, panel, panelIndex, inBlock, i))];
        return sum;
    }

    private static float AddIntegers(in PackedMatrix weights, int row, int panelIndex, in ProductInput input, int token, float sum)
    {
        ReadOnlySpan<byte> panel = PanelUnpacking.Panel(weights, row / PackedLayout.BlockRows, panelIndex);
        int inBlock = row % PackedLayout.BlockRows, groups = PackedLayout.Scales(weights.Type), count = Stored(weights) / groups;
        for (int group = 0; group < groups; group++)
        {
            int dot = 0;
            for (int i = group * count; i < (group + 1) * count; i++)
                dot += (int)PanelUnpacking.Value(panel, weights.Type, weights.IsSparse, inBlock,
                    i) * input.Bytes[input.ByteAt(token, Column(weights, panel, panelIndex, inBlock, i))];
            float scale = PanelUnpacking.Scale(panel, weights.Type, inBlock, group * PackedLayout.PanelColumns / groups)
                * input.Scales[input.ScaleAt(token, panelIndex)];
            sum = MathF.FusedMultiplyAdd(dot, scale, sum);
        }
        return sum;
    }

    private static int Stored(in PackedMatrix weights) => weights.IsSparse ? PackedLayout.PanelColumns / 2 : PackedLayout.PanelColumns;

    private static int Column(in PackedMatrix weights, ReadOnlySpan<byte> panel, int panelIndex, int row, int i) =>
        panelIndex * PackedLayout.PanelColumns + (weights.IsSparse ? i / 2 * 4 + PanelUnpacking.Place(panel, weights.Type, row, i) : i);
}
