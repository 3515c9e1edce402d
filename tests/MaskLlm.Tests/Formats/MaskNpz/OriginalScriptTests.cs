using System.Runtime.InteropServices;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Tests.Models;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Formats.MaskNpzFile;

[Collection(TorchTests.Name)]
public sealed class OriginalScriptTests
{
    // The product of the original evaluation: the unpacked bits in the shape of the weight, times the weight.
    private const string Script = """
        import sys, numpy
        folder = sys.argv[1]
        masks = numpy.load(folder + "/mask.npz")
        for line in open(folder + "/shapes.txt"):
            name, rows, columns = line.split()
            weight = numpy.fromfile(folder + "/" + name + ".f32", dtype="<f4").reshape(int(rows), int(columns))
            weight *= numpy.unpackbits(masks[name + ".mask"]).reshape(weight.shape).astype(weight.dtype)
            weight.tofile(folder + "/" + name + ".masked")
        print(len(masks.files))
        """;

    [Theory]
    [InlineData("llama-mha-untied")]
    [InlineData("qwen3")]
    public void Write_MasksOfAWholeModel_NumpyAppliesThemAsWeDo(string model)
    {
        SystemPython.RequireNumpy();
        using TemporaryFolder folder = new();
        IReadOnlyDictionary<string, Mask> masks = ModelMasks.Of(model);
        MaskNpz.Write(folder.File("mask.npz"), masks);
        using Decoder decoder = Checkpoint.Load(ModelMasks.Folder(model));
        foreach (LinearLayer layer in decoder.Linears) File.WriteAllBytes(folder.File(layer.Name + ".f32"), Bytes(layer.Weight));
        File.WriteAllLines(folder.File("shapes.txt"), decoder.Linears.Select(layer => $"{layer.Name} {layer.Rows} {layer.Columns}"));

        (int exitCode, string output) = SystemPython.Run("-c", Script, folder.Path);

        Assert.Equal((0, $"{decoder.Linears.Count}"), (exitCode, output.Trim()));
        using MaskedWeights applied = MaskedWeights.Apply(decoder, masks);
        Assert.All(decoder.Linears, layer => Assert.Equal(Bytes(layer.Weight), File.ReadAllBytes(folder.File(layer.Name + ".masked"))));
    }

    private static byte[] Bytes(Tensor weight)
    {
        using Tensor values = weight.contiguous();
        return MemoryMarshal.AsBytes(TensorBytes.Floats(values)).ToArray();
    }
}
