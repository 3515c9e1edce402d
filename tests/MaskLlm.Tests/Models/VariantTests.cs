using System.Text.Json.Nodes;
using MaskLlm.Decoding;
using MaskLlm.Models;
using MaskLlm.Packing;
using MaskLlm.Products;
using MaskLlm.Tests.Decoding;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Models;

/// <summary>What checkpoints of the families have and no fixture has, against plain numpy, which is held against the fixtures.</summary>
[Collection(TorchTests.Name)]
public sealed class VariantTests(VariantTests.Checkpoints checkpoints) : IClassFixture<VariantTests.Checkpoints>
{
    private static readonly string Script = Fixture.PathOf("variants/reference.py"), Variants = Fixture.PathOf("variants/variants.json");

    public static TheoryData<string> Names() =>
        [.. JsonNode.Parse(File.ReadAllText(Variants))!.AsObject().Select(variant => variant.Key)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Forward_Variant_GivesTheReferencesLogits(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        using TemporaryFolder folder = new();
        string model = checkpoints.Of(name), file = folder.File("model.maskllm");
        Dictionary<string, Tensor> expected = TensorFile.Read(Path.Combine(model, "expected.safetensors"));
        using (Decoder library = Checkpoint.Load(model))
            Assert.True(TensorFile.MaxDifference(library.Forward(expected["input_ids"]), expected["logits"]) < 1e-4);
        RuntimeExport.Write(model, null, WeightType.Float32, file, stop: TestContext.Current.CancellationToken);
        using RuntimeModel runtime = RuntimeModel.Open(file);
        long[][] ids = [.. expected["input_ids"].unbind().Select(row => row.data<long>().ToArray())];
        Assert.True(RuntimeFiles.RelativeDifference(
            RuntimeFiles.Logits(runtime, ids, 7), TensorBytes.Floats(expected["logits"])) < 1e-4);
    }

    [Fact]
    public void Reference_OnEveryFixture_GivesTransformersLogits()
    {
        SystemPython.RequireNumpy();
        string[] folders = Directory.GetDirectories(Fixture.PathOf("models"));
        (int exitCode, string output) = SystemPython.Run([Script, "--check", .. folders]);
        Assert.Equal(0, exitCode);
        double[] differences = [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => double.Parse(line, System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal(folders.Length, differences.Length);
        Assert.All(differences, difference => Assert.True(difference < 1e-4));
    }

    /// <summary>A checkpoint of each variant, made once.</summary>
    public sealed class Checkpoints : IDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private readonly Lazy<string> _made;

        public Checkpoints() => _made = new Lazy<string>(Make);

        public void Dispose() => _folder.Dispose();

        internal string Of(string name) => Path.Combine(_made.Value, name);

        private string Make()
        {
            SystemPython.RequireNumpy();
            string path = _folder.File("variants");
            Assert.Equal(0, SystemPython.Run(Script, Variants, path).ExitCode);
            return path;
        }
    }
}
