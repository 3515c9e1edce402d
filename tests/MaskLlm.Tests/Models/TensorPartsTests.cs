using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using MaskLlm.Architectures;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;
using MaskLlm.Models;
using MaskLlm.Tests.Architectures.Families;
using MaskLlm.Tests.Decoding;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Tests.Models;

/// <summary>Tensors as bytes, as files, as batches, and what a dense model's blocks give: small numbers worked out by hand.</summary>
[Collection(TorchTests.Name)]
public sealed class TensorPartsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Split_Rows_GivesTheTokensAndThoseAfterThem()
    {
        Tensor all = TokenBatch.Of([1, 2, 3, 4, 5, 6], 2, CPU);
        Assert.Equal([2L, 3], all.shape);
        Assert.Equal(ScalarType.Int64, all.dtype);
        Assert.Equal([1L, 2, 3, 4, 5, 6], all.data<long>());
        (Tensor inputs, Tensor targets) = TokenBatch.Split([1, 2, 3, 4, 5, 6], 2, CPU);
        Assert.Equal([1L, 2, 4, 5], inputs.contiguous().data<long>());
        Assert.Equal([2L, 3, 5, 6], targets.contiguous().data<long>());
        Assert.All([inputs, targets], part => Assert.Equal([2L, 2], part.shape));
    }

    [Fact]
    public unsafe void TensorBytes_OtherTensors_AreRefused()
    {
        Tensor floats = tensor(new[] { 1f, 2, 3, 4 }).view(2, 2), longs = tensor(new[] { 5L, 6 });
        Assert.Equal([1f, 2, 3, 4], TensorBytes.Floats(floats));
        Assert.Equal([5L, 6], TensorBytes.Longs(longs));
        TensorBytes.Floats(floats)[3] = 9;
        Assert.Equal(9, floats[1, 1].item<float>());
        Assert.Equal(
            "a contiguous Float32 tensor on the CPU is needed, found Int64 on CPU.",
            Assert.Throws<ArgumentException>(() => TensorBytes.Floats(longs).Length).Message);
        Assert.Equal(
            "a contiguous Int64 tensor on the CPU is needed, found Float32 on CPU.",
            Assert.Throws<ArgumentException>(() => TensorBytes.Longs(floats).Length).Message);
        Assert.Throws<ArgumentException>(() => TensorBytes.Floats(floats.t()).Length);
        Assert.Throws<ArgumentException>(() => TensorBytes.Longs(stack([longs, longs]).t()).Length);
        Assert.Equal(
            "a contiguous tensor on the CPU is needed, found CPU.",
            Assert.Throws<ArgumentException>(() => TensorBytes.Write(floats.t(), Stream.Null)).Message);
        Assert.Throws<ArgumentException>(() => TensorBytes.Write(empty(1, device: META), Stream.Null));
        Assert.Throws<ArgumentException>(() => TensorBytes.Floats(empty(1, device: META)).Length);
        Assert.True(TensorBytes.Address(empty(0)) == null);
    }

    [Theory]
    [InlineData(TensorType.Float32, ScalarType.Float32, "0000803F00000040")]
    [InlineData(TensorType.BFloat16, ScalarType.BFloat16, "803F0040")]
    [InlineData(TensorType.Float16, ScalarType.Float16, "003C0040")]
    [InlineData(TensorType.Int64, ScalarType.Int64, "01000000000000000200000000000000")]
    [InlineData(TensorType.UInt8, ScalarType.Byte, "0102")]
    public void TensorBytes_AnyType_IsReadAndWrittenAsItIs(TensorType type, ScalarType scalar, string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);
        TensorEntry entry = new("t", type, [2], 0, bytes.Length);
        Assert.Equal(scalar, TensorBytes.TypeOf(entry));
        Tensor read = TensorBytes.Read(entry, (offset, target) => bytes.AsSpan((int)offset, target.Length).CopyTo(target));
        Assert.Equal(scalar, read.dtype);
        Assert.Equal([1, 2], read.to(ScalarType.Int64).data<long>());
        using MemoryStream written = new();
        TensorBytes.Write(read, written);
        Assert.Equal(bytes, written.ToArray());
    }

    [Fact]
    public void TypeOf_TypeOfNoWeights_SaysWhichAre() => Assert.Equal(
        "t: type Bool is not one that weights can have here; float32, bfloat16 and float16 are.",
        Assert.Throws<NotSupportedException>(() => TensorBytes.TypeOf(new TensorEntry("t", TensorType.Bool, [1], 0, 1))).Message);

    [Theory]
    [InlineData(ScalarType.Float32, TensorType.Float32)]
    [InlineData(ScalarType.BFloat16, TensorType.BFloat16)]
    [InlineData(ScalarType.Float16, TensorType.Float16)]
    [InlineData(ScalarType.Byte, TensorType.UInt8)]
    public void TensorState_SavedAndLoaded_IsTheSame(ScalarType scalar, TensorType type)
    {
        string path = _folder.File("state.safetensors");
        // Not contiguous, and with a gradient that is none of the file's business.
        Tensor value = tensor(new[] { 1f, 2, 3, 4, 5, 6 }).view(2, 3).to(scalar).t();
        Dictionary<string, string> metadata = new() { ["step"] = "7" };
        TensorState.Save(path, [("a", value), ("b", ones(1).requires_grad_())], metadata);
        using (SafetensorsFile plain = SafetensorsFile.Open(path))
        {
            Assert.Equal(type, plain.Tensors["a"].Type);
            Assert.Equal([3L, 2L], plain.Tensors["a"].Shape);
            Assert.Equal(metadata, plain.Metadata);
            Tensor read = zeros(3, 2, dtype: scalar), other = zeros(1).requires_grad_();
            TensorState.Load(plain, [("a", read), ("b", other)]);
            Assert.Equal([1L, 4, 2, 5, 3, 6], read.to(ScalarType.Int64).data<long>());
            Assert.Equal(1, other.item<float>());
        }
        Assert.Throws<InvalidDataException>(() => SafetensorsFile.OpenChecked(path, "start again"));
        TensorState.SaveChecked(path, [("a", value)], metadata);
        using SafetensorsFile verified = SafetensorsFile.OpenChecked(path, "start again");
        Assert.Equal("7", verified.Metadata["step"]);
    }

    [Fact]
    public void TensorState_TensorsOfAnotherRun_AreRefused()
    {
        string path = _folder.File("state.safetensors");
        TensorState.Save(path, [("a", zeros(2, 3))], new Dictionary<string, string>());
        using SafetensorsFile file = SafetensorsFile.Open(path);
        foreach ((string name, Tensor value, string shape) in new[]
        {
            ("b", zeros(2, 3), "2, 3"), ("a", zeros(3, 2), "3, 2"), ("a", zeros(2, 3, dtype: ScalarType.BFloat16), "2, 3"),
        })
            Assert.Equal(
                $"{path}: no {name} of shape ({shape}); the checkpoint belongs to another run.",
                Assert.Throws<InvalidDataException>(() => TensorState.Load(file, [(name, value)])).Message);
        Assert.Equal(
            "tensors of type Int32 are not saved.",
            Assert.Throws<NotSupportedException>(
                () => TensorState.Save(path, [("a", zeros(1, dtype: ScalarType.Int32))], new Dictionary<string, string>())).Message);
    }

    [Fact]
    public void MaskTensors_ThereAndBack_AreTheSame()
    {
        Mask mask = Mask.FromBytes(2, 4, [1, 0, 0, 1, 0, 1, 1, 0]);
        Tensor values = MaskTensors.ToTensor(mask, CPU, ScalarType.BFloat16);
        Assert.Equal([2L, 4], values.shape);
        Assert.Equal(ScalarType.BFloat16, values.dtype);
        Assert.Equal([1f, 0, 0, 1, 0, 1, 1, 0], values.to(ScalarType.Float32).data<float>());
        Assert.Equal(mask.Packed.ToArray(), MaskTensors.FromTensor(values).Packed.ToArray());
        Mask turned = MaskTensors.FromTensor(values.t());
        Assert.Equal((4, 2), (turned.Rows, turned.Columns));
        Assert.Equal(mask.Transpose().Packed.ToArray(), turned.Packed.ToArray());
    }

    [Fact]
    public void FiniteTensors_EitherEnd_IsNamed()
    {
        Tensor fine = tensor(new[] { 1f, float.MaxValue, float.MinValue });
        FiniteTensors.RequireScores("l", fine);
        Assert.Same(fine, FiniteTensors.RequireWritable("w", fine));
        foreach (float wrong in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            Tensor broken = tensor(new[] { 1f, wrong, 2 });
            Assert.StartsWith("l: its scores are NaN or infinite, ",
                Assert.Throws<InvalidDataException>(() => FiniteTensors.RequireScores("l", broken)).Message, StringComparison.Ordinal);
            Assert.StartsWith("w: its new weights are NaN or infinite in Float32, and are not written; ",
                Assert.Throws<InvalidDataException>(() => FiniteTensors.RequireWritable("w", broken)).Message, StringComparison.Ordinal);
        }
        // Too large for the type of the file.
        Assert.Throws<InvalidDataException>(() => FiniteTensors.RequireWritable("w", tensor(new[] { 65520f }).to(ScalarType.Float16)));
    }

    [Fact]
    public void ScalarArithmetic_Numbers_AreThoseOfTheSigns()
    {
        void Gives(float[] expected, Tensor found) => Assert.Equal(expected, found.to(ScalarType.Float32).data<float>());
        Tensor Four() => tensor(new[] { 1f, -2, 4, 8 });
        Tensor x = Four(), two = tensor(new[] { 2f, 2, -2, 4 });
        Gives([2, -1, 3, 10], x.Plus(two, 0.5));
        Gives([3, 0, 2, 12], x.Plus(two));
        Gives([3.5f, 0.5f, 6.5f, 10.5f], x.Plus(2.5));
        Gives([2, -1, 3, 10], Four().PlusInPlace(two, 0.5));
        Gives([3, 0, 2, 12], Four().PlusInPlace(two));
        Gives([3.5f, 0.5f, 6.5f, 10.5f], Four().PlusInPlace(2.5));
        Gives([2, -4, 0, 24], Four().PlusProductInPlace(x, two, 0.5));
        Gives([1.25f, -2.5f, 3, 9], Four().PlusQuotientInPlace(x, two, 0.5));
        Gives([0.5f, -1, 2, 4], x.Times(0.5));
        Gives([2, -4, 8, 16], x.Over(0.5));
        Gives([1, 4, 16, 64], x.Squared());
        Gives([1, -8, 64, 512], x.Power(3));
        Gives([2, 2, 4, 8], x.AtLeast(2));
        Gives([1, -2, 2, 2], x.AtMost(2));
        Gives([1, 1, 0, 0], x.Below(4));
        Gives([1, -2, 4, 8], x);
        foreach ((Func<Tensor, Tensor> change, float[] changed) in new (Func<Tensor, Tensor>, float[])[]
        {
            (y => y.PlusInPlace(two), [3, 0, 2, 12]), (y => y.PlusInPlace(1.0), [2, -1, 5, 9]),
            (y => y.TimesInPlace(0.5), [0.5f, -1, 2, 4]),
            (y => y.OverInPlace(0.5), [2, -4, 8, 16]), (y => y.FillInPlace(y.Below(2), -1), [-1, -1, 4, 8]),
        })
        {
            Tensor own = Four();
            Assert.Same(own, change(own));
            Gives(changed, own);
        }
        // A whole factor is none of a float: tensors of integers take it.
        Assert.Equal([7L, -1], tensor(new[] { 1L, 2 }).Plus(tensor(new[] { 2L, -1 }), 3).data<long>());
        Gives([3e9f], zeros(1).Plus(ones(1), 3e9));
    }

    /// <summary>The plain way keeps the probabilities, two bytes a token before, or four; libtorch's fused one a float32.</summary>
    [Theory]
    [InlineData("llama", ScalarType.BFloat16, DeviceType.CPU, 1024, 2048)]
    [InlineData("llama", ScalarType.BFloat16, DeviceType.CPU, 1025, 4)]
    [InlineData("llama", ScalarType.Float32, DeviceType.CPU, 1024, 4)]
    [InlineData("llama", ScalarType.BFloat16, DeviceType.CUDA, 1024, 4)]
    [InlineData("gemma2", ScalarType.BFloat16, DeviceType.CUDA, 1024, 2048)]
    [InlineData("bloom", ScalarType.Float32, DeviceType.CPU, 1025, 4100)]
    public void KeptBytes_Attention_AreThoseOfItsWay(string family, ScalarType compute, DeviceType device, long tokens, double expected) =>
        Assert.Equal(expected, CausalAttention.KeptBytes(
            ConfigCase.Read(family, """{"n_layer": 1, "n_head": 4}"""), compute, device, tokens));

    /// <summary>The dense block adds (3, 4), of square 25; (1, 2) off it, of square 5.</summary>
    [Fact]
    public void Compare_BlockOutput_IsTheErrorOverWhatTheDenseBlockAdds()
    {
        BlockStates states = States();
        Tensor output = Row(5, 8).requires_grad_();
        (Tensor error, Tensor gradient) = states.Compare(0, output, 3);
        Assert.Equal(0.2, error.item<float>(), 1e-6);
        Near([3 * 2 * 1 / 25.0, 3 * 2 * 2 / 25.0], gradient);
        Assert.False(error.requires_grad || gradient.requires_grad);
        // The second block adds (0, -2).
        (Tensor second, Tensor secondGradient) = states.Compare(1, Row(4, 3), 1);
        Assert.Equal(0.25, second.item<float>(), 1e-6);
        Near([0, 2 * -1 / 4.0], secondGradient);
        Assert.Equal([4f, 4], states.Last.data<float>());
    }

    [Fact]
    public void StateGradient_Blocks_IsTheirMeanTimesGamma()
    {
        Predictions predictions = new(Row(0, 0), 1);
        Assert.Null(new Teacher(predictions).StateGradient(0, Row(5, 8), 3));
        Assert.Equal(0, new Teacher(predictions).StateWeight);
        Near([3 * 0.5 / 2 * 2 * 1 / 25, 3 * 0.5 / 2 * 2 * 2 / 25], new Teacher(predictions, States(), 0.5).StateGradient(0, Row(5, 8), 3)!);
    }

    [Fact]
    public void Narrow_Rows_AreThoseOfTheBatch()
    {
        BlockStates joined = BlockStates.Join([States(), new BlockStates([Row(7, 0), Row(8, 0), Row(9, 0)])]);
        Assert.Equal(3, joined.Values.Count);
        Assert.All(joined.Values, state => Assert.Equal([2L, 1, 2], state.shape));
        Teacher second = new Teacher(new Predictions(cat([Row(1, 1), Row(2, 2)], 0), 0.25), joined, 0.5).Narrow(1, 1);
        Assert.Equal([2f, 2], second.Predictions.Hidden.contiguous().data<float>());
        Assert.Equal([7f, 8, 9], second.States!.Values.Select(state => state[0, 0, 0].item<float>()));
        Assert.Equal((0.25, 0.5), (second.Predictions.Share, second.StateWeight));
        Assert.Null(new Teacher(second.Predictions).Narrow(0, 1).States);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.5)]
    public void Teacher_OfAnyParts_IsTheDenseModel(double gamma)
    {
        using Decoder model = Checkpoint.Load(Fixture.PathOf("models/llama-gqa-tied"));
        Tensor inputs = TokenBatch.Of([.. Enumerable.Range(0, 3 * 4).Select(i => i * 37 % 128)], 3, CPU);
        Teacher teacher = Teacher.Of(model, inputs, 2, 0.75, gamma);
        using IDisposable noGradient = no_grad();
        Assert.True(TensorFile.MaxDifference(model.Hidden(inputs), teacher.Predictions.Hidden) < 1e-5);
        Assert.Equal((0.75, gamma), (teacher.Predictions.Share, teacher.StateWeight));
        Assert.Equal(gamma > 0, teacher.States is not null);
        if (teacher.States is null) return;
        Tensor first = model.Embed(inputs), second = model.RunBlock(0, first), third = model.RunBlock(1, second);
        Assert.Equal(3, teacher.States.Values.Count);
        Assert.All(teacher.States.Values.Zip([first, second, third]),
            pair => Assert.True(TensorFile.MaxDifference(pair.Second, pair.First) < 1e-5));
    }

    [Fact]
    public void Precision_Names_AreTwoAndTheirBytes()
    {
        Assert.EndsWith(" fp16: float32 or bfloat16 is expected.",
            Assert.Throws<ArgumentException>(() => Precision.Parse("fp16")).Message, StringComparison.Ordinal);
        Assert.Equal(
            "a model computes in float32 or bfloat16, not in Float16.",
            Assert.Throws<ArgumentException>(() => Precision.Require(ScalarType.Float16)).Message);
        Precision.Require(ScalarType.Float32);
        Precision.Require(ScalarType.BFloat16);
        Assert.Equal((2, 4), (Precision.BytesOf(ScalarType.BFloat16), Precision.BytesOf(ScalarType.Float32)));
        Assert.True(Precision.IsNative(ScalarType.Float32));
        Assert.Equal(Avx512F.IsSupported || ArmBase.Arm64.IsSupported, Precision.IsNative(ScalarType.BFloat16));
    }

    /// <summary>Frequencies that go by the length are those of each text's own; others are those of the longest so far.</summary>
    [Theory]
    [InlineData("llama-dynamic")]
    [InlineData("llama-gqa-tied")]
    public void RotaryTables_LongerAndShorterTexts_AreAsOfANewModel(string name)
    {
        using Decoder used = Checkpoint.Load(Fixture.PathOf($"models/{name}")), fresh = Checkpoint.Load(Fixture.PathOf($"models/{name}"));
        using IDisposable noGradient = no_grad();
        Tensor Batch(int length) => TokenBatch.Of([.. Enumerable.Range(0, length).Select(i => i * 37 % 128)], 1, CPU);
        Tensor expected = fresh.Hidden(Batch(12)), before = used.Hidden(Batch(5));
        used.Hidden(Batch(used.Config.MaxPositions));
        Assert.Equal(0, TensorFile.MaxDifference(expected, used.Hidden(Batch(12))));
        Assert.Equal(0, TensorFile.MaxDifference(before, used.Hidden(Batch(5))));
    }

    // libtorch's own gelu loses some digits where nearly nothing is left.
    [Theory]
    [MemberData(nameof(RuntimeActivationTests.Table), MemberType = typeof(RuntimeActivationTests))]
    public void Activations_Function_IsItsTable(Activation kind, float x, double expected) => Assert.Equal(
        expected, Activations.Call(kind, tensor(new[] { x })).item<float>(), Math.Max(1e-6, 4e-6 * Math.Abs(expected)));

    [Fact]
    public void Activations_Capped_BendTowardsIt()
    {
        Tensor x = tensor(new[] { 30f, -30 });
        Assert.Same(x, Activations.Capped(x, null));
        Near([50 * 0.5370495669980353 / 100, -50 * 0.5370495669980353 / 100], Activations.Capped(x, 50).Over(100));
    }

    /// <summary>A loan ends once: what was put there later stays.</summary>
    [Fact]
    public void WeightLoan_Disposed_GivesBackOnce()
    {
        using Decoder model = Checkpoint.Load(Fixture.PathOf("models/llama-gqa-tied"));
        LinearLayer layer = model.Linears[0];
        Tensor before = layer.Weight, first = before.mul(2), second = before.mul(3);
        WeightLoan loan = layer.Lend(first);
        Assert.Same(first, layer.Weight);
        Assert.Same(first, loan.Weight);
        loan.Dispose();
        Assert.Same(before, layer.Weight);
        using (layer.Lend(second))
        {
            loan.Dispose();
            Assert.Same(second, layer.Weight);
        }
        Assert.Same(before, layer.Weight);
    }

    private static BlockStates States() => new([Row(1, 2), Row(4, 6), Row(4, 4)]);

    // (1, 1, 2)
    private static Tensor Row(float a, float b) => tensor(new[] { a, b }).view(1, 1, 2);

    private static void Near(double[] expected, Tensor found)
    {
        Assert.Equal(expected.Length, found.NumberOfElements);
        Assert.All(expected.Zip(found.data<float>().ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
    }
}
