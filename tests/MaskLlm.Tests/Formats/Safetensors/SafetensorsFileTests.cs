using MaskLlm.Formats.Safetensors;

namespace MaskLlm.Tests.Formats.Safetensors;

public sealed class SafetensorsFileTests
{
    [Fact]
    public void Open_FileOfCompressedTensors_FindsTypesShapesAndBytes()
    {
        using var file = SafetensorsFile.Open(Fixture.PathOf("exchange/sparse-24-bitmask.safetensors"));
        TensorEntry dense = file.Tensors["bf16.dense"];
        Assert.Equal(TensorType.BFloat16, dense.Type);
        Assert.Equal([64, 96], dense.Shape);
        Assert.Equal(64 * 96 * 2, file.Bytes(dense).Length);
        Assert.Equal(8 + 904 + 43008, dense.Offset);
        Assert.Equal("f32.compressed", file.InFileOrder[0].Name);
        Assert.Equal(file.InFileOrder.Select(entry => entry.Name), file.Tensors.Keys);
    }
}
