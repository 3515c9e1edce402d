using System.Text.RegularExpressions;
using MaskLlm.Architectures;
using MaskLlm.Architectures.Families;
using MaskLlm.Formats;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Machine;
using MaskLlm.Numerals;
using MaskLlm.Packing;
using MaskLlm.Packing.Gguf;
using MaskLlm.Tests.Architectures.Families;

namespace MaskLlm.Tests.Models;

/// <summary>Small parts of models without tensors: ranges, places, words.</summary>
public sealed partial class ModelPartsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Both ends are in, and what is next to them is not.</summary>
    [Theory]
    [InlineData("hidden_size", 1, 1048576)]
    [InlineData("intermediate_size", 1, 4194304)]
    [InlineData("num_hidden_layers", 1, 65536)]
    [InlineData("num_attention_heads", 1, 65536)]
    [InlineData("num_key_value_heads", 1, 65536)]
    [InlineData("head_dim", 2, 16384)]
    [InlineData("vocab_size", 1, 67108864)]
    [InlineData("max_position_embeddings", 1, 2147483647)]
    [InlineData("original_max_position_embeddings", 1, 2147483647)]
    [InlineData("sliding_window", 1, 2147483647)]
    [InlineData("max_window_layers", 0, 2147483647)]
    [InlineData("rms_norm_eps", 1e-30, 1)]
    [InlineData("rope_theta", 1, 1e30)]
    [InlineData("factor", 1e-6, 1e6)]
    [InlineData("low_freq_factor", 1e-6, 1e6)]
    [InlineData("high_freq_factor", 1e-6, 1e6)]
    public void ConfigRange_Ends_AreInAndNoMore(string key, double least, double most)
    {
        ConfigRange.Require("f: ", key, least);
        ConfigRange.Require("f: ", key, most);
        foreach (double wrong in new[] { Math.BitDecrement(least), Math.BitIncrement(most), double.NaN })
            Assert.Equal(
                $"f: {key} is {NumberText.Shown(wrong)}; {NumberText.Shown(least)} to {NumberText.Shown(most)} can be.",
                Assert.Throws<InvalidDataException>(() => ConfigRange.Require("f: ", key, wrong)).Message);
    }

    [Fact]
    public void Validate_MadeByHand_NamesTheKeyOfTheFile()
    {
        DecoderConfig config = ConfigCase.Read("llama", "{}");
        config.Validate();
        void Refused(DecoderConfig wrong, string message) =>
            Assert.StartsWith(message, Assert.Throws<InvalidDataException>(wrong.Validate).Message, StringComparison.Ordinal);
        Refused(config with { HiddenSize = 0 }, "config.json: hidden_size is 0; 1 to ");
        Refused(config with { HeadSize = 7 }, "config.json: head_dim is 7; rotary embedding needs an even number.");
        RotaryConfig quarter = new(10000, Fraction: 0.25), yarn = quarter with { Scaling = new RotaryScaling(RotaryScalingKind.Yarn, 2) };
        (config with { HeadSize = 12, Rotary = quarter }).Validate();
        (config with { HeadSize = 7, Rotary = quarter }).Validate();
        Refused(config with { HeadSize = 12, Rotary = yarn }, "config.json: of head_dim 12 partial_rotary_factor leaves 3 to turn; ");
        Refused(config with { HeadSize = 2, Rotary = quarter }, "config.json: of head_dim 2 partial_rotary_factor leaves 0 to turn; ");
        Refused(config with { KeyValueHeadCount = 63 }, "config.json: num_attention_heads 64 is not a multiple of num_key_value_heads 63.");
        Refused(config with { SlidingWindows = [null, 0] }, "config.json: sliding_window is 0; 1 to ");
        DecoderConfig windowed = config with { SlidingWindows = [null, 5] };
        Assert.Equal([null, 5, null], Enumerable.Range(0, 3).Select(windowed.SlidingWindow));
        Assert.Equal((1.0, 4.0, 8192), (new RotaryScaling(RotaryScalingKind.Llama3, 8).LowFrequencyFactor,
            new RotaryScaling(RotaryScalingKind.Llama3, 8).HighFrequencyFactor,
            new RotaryScaling(RotaryScalingKind.Llama3, 8).OriginalMaxPositions));
    }

    /// <summary>theta^(-2 i / size); linear scaling divides all; Llama 3's keeps those of many turns and divides those of few.</summary>
    [Fact]
    public void Frequencies_AnyScaling_AreTheFormula()
    {
        double[] plain = [1, 0.1, 0.01, 0.001];
        Near(plain, RotaryFrequencies.Of(new RotaryConfig(10000), 8));
        // 3 of 12 dimensions: the exponents go by 3, and 4 are turned.
        Near([1, Math.Pow(10000, -2.0 / 3)], RotaryFrequencies.Of(new RotaryConfig(10000, Fraction: 0.25), 12));
        Near([.. plain.Select(frequency => frequency / 4)],
            RotaryFrequencies.Of(new RotaryConfig(10000, new RotaryScaling(RotaryScalingKind.Linear, 4)), 8));
        // 628.3 positions: 100, 10, 1 and 0.1 turns; between 2 and 18 turns they are mixed, 10 is the middle.
        RotaryScaling llama3 = new(RotaryScalingKind.Llama3, 8, 2, 18, 628);
        double turns = 628 * 0.1 / (2 * Math.PI), kept = (turns - 2) / 16;
        Near([1, 0.1 * (kept + (1 - kept) / 8), 0.01 / 8, 0.001 / 8], RotaryFrequencies.Of(new RotaryConfig(10000, llama3), 8));
    }

    [Theory]
    [InlineData(4, "0 2 1 3 4 6 5 7")]
    [InlineData(8, "0 4 1 5 2 6 3 7")]
    [InlineData(2, "0 1 2 3 4 5 6 7")]
    public void RotaryRows_Source_TakesHalvesInTurnWithinAHead(int headSize, string expected) =>
        Assert.Equal(expected, string.Join(' ', Enumerable.Range(0, 8).Select(row => RotaryRows.Source(row, headSize))));

    /// <summary>Exponents of ones are infinite or NaN; every other number is finite, the largest too.</summary>
    [Theory]
    [InlineData(TensorType.Float16, 0x7BFFu, 0x7C00u, 0xFC01u, 2)]
    [InlineData(TensorType.BFloat16, 0x7F7Fu, 0x7F80u, 0xFFC0u, 2)]
    [InlineData(TensorType.Float32, 0x7F7F_FFFFu, 0x7F80_0000u, 0xFF80_0001u, 4)]
    [InlineData(TensorType.Complex64, 0x7F7F_FFFFu, 0x7F80_0000u, 0xFF80_0001u, 4)]
    [InlineData(TensorType.Float8E5M2, 0x7Bu, 0x7Cu, 0xFDu, 1)]
    [InlineData(TensorType.Float8E4M3, 0x7Eu, 0x7Fu, 0xFFu, 1)]
    public void FloatBits_LastValue_IsLookedAtToo(TensorType type, uint largest, uint infinite, uint nan, int width)
    {
        byte[] Two(uint last) => [.. new byte[width], .. BitConverter.GetBytes(last)[..width]];
        Assert.True(FloatBits.AreFinite(Two(largest), type));
        Assert.False(FloatBits.AreFinite(Two(infinite), type));
        Assert.False(FloatBits.AreFinite(Two(nan), type));
        Assert.True(FloatBits.AreFinite([0xFF, 0xFF, 0xFF, 0xFF], TensorType.Int32));
    }

    [Fact]
    public void FloatBits_Doubles_AreLookedAtToo()
    {
        Assert.True(FloatBits.AreFinite(BitConverter.GetBytes(double.MaxValue), TensorType.Float64));
        Assert.False(FloatBits.AreFinite(BitConverter.GetBytes(double.NegativeInfinity), TensorType.Float64));
        Assert.False(FloatBits.AreFinite(BitConverter.GetBytes(double.NaN), TensorType.Float64));
    }

    /// <summary>16 bits and 32 bits by the mask 1010 1010 1: what is pruned and every -0 becomes 0.</summary>
    [Fact]
    public void PrunedValues_Zero_KeepsTheBitsOfTheOthers()
    {
        byte[] half = [1, 2, 3, 4, 0, 0x80, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18];
        PrunedValues.Zero(half, [0b1010_1010, 0b1000_0000], 2);
        Assert.Equal([1, 2, 0, 0, 0, 0, 0, 0, 9, 10, 0, 0, 13, 14, 0, 0, 17, 18], half);
        byte[] whole = [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0x80, 0, 0x80, 0, 0x80];
        PrunedValues.Zero(whole, [0b1011_0000], 4);
        Assert.Equal([1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0x80], whole);
    }

    [Fact]
    public void AvailableMemory_Require_SaysBothInGigabytes()
    {
        long bytes = AvailableMemory.Bytes();
        Assert.InRange(bytes, 1 << 20, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        AvailableMemory.Require(0, "work", "rest");
        Match match = Words().Match(Assert.Throws<InsufficientMemoryException>(() =>
            AvailableMemory.Require(9_223_372_000_000_000_000, "work", "rest")).Message);
        Assert.True(match.Success);
        // Other programs take and give some meanwhile.
        double available = double.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture) * 1e9;
        Assert.InRange(available, bytes / 4.0, bytes * 4.0);
    }

    [Fact]
    public void WrittenFiles_ReadAndWritten_KnowWhatWasChanged()
    {
        string a = _folder.Write("a", [1]);
        WrittenFiles written = WrittenFiles.Of(_folder.Path, ["a", "gone"]);
        written.Write(_folder.Path);
        WrittenFiles read = WrittenFiles.Read(_folder.Path)!;
        Assert.Equal(["a", "gone"], read.Names);
        Assert.True(read.IsAsWritten(_folder.Path, "a"));
        Assert.False(read.IsAsWritten(_folder.Path, "b"));
        // A copy has its own time and the same bytes.
        DateTime later = File.GetLastWriteTimeUtc(a).AddSeconds(1);
        File.SetLastWriteTimeUtc(a, later);
        Assert.True(read.IsAsWritten(_folder.Path, "a"));
        _folder.Write("a", [2]);
        File.SetLastWriteTimeUtc(a, later);
        Assert.False(read.IsAsWritten(_folder.Path, "a"));
        WrittenFiles.AnyOf(["a"]).Write(_folder.Path);
        Assert.True(WrittenFiles.Read(_folder.Path)!.IsAsWritten(_folder.Path, "a"));
        File.Delete(a);
        Assert.False(read.IsAsWritten(_folder.Path, "a"));
    }

    [Theory]
    [InlineData("""{ "files": { "a": null, "b": { "bytes": 1, "written": 2 } } }""", true)]
    [InlineData("""{ "files": { } }""", true)]
    [InlineData("""{ "files": { "../a": null } }""", false)]
    [InlineData("""{ "files": { "": null } }""", false)]
    [InlineData("""{ "files": [] }""", false)]
    [InlineData("""{ "files": { "a": { "bytes": 1 } } }""", false)]
    [InlineData("""{ "files": { "a": { "bytes": "x", "written": 2 } } }""", false)]
    [InlineData("{ ", false)]
    public void WrittenFiles_OfOthers_AreNone(string text, bool isList)
    {
        Assert.Null(WrittenFiles.Read(_folder.Path));
        _folder.Write(WrittenFiles.FileName, System.Text.Encoding.UTF8.GetBytes(text));
        Assert.Equal(isList, WrittenFiles.Read(_folder.Path) is not null);
    }

    [Theory]
    [InlineData("config.json", true)]
    [InlineData("chat_template.jinja", true)]
    [InlineData("vocab.json", true)]
    [InlineData("MODEL-00001-of-2.SAFETENSORS", true)]
    [InlineData("x.index.json", true)]
    [InlineData("README.md", false)]
    [InlineData("Config.json", false)]
    public void IsPart_File_IsWhatLoadersRead(string name, bool isPart) => Assert.Equal(isPart, CheckpointFiles.IsPart(name));

    [Fact]
    public void BesideWeights_Folder_LeavesWeightsAndHiddenFilesOut()
    {
        foreach (string name in new[] { "model.safetensors", "b.BIN", "a.gguf", "c.onnx_data", ".hidden", "z.txt", "config.json",
            "model.safetensors.index.json", "other.index.json" })
            _folder.Write(name, "{}"u8.ToArray());
        // The index that is not used would send a loader to shards that are not there.
        Assert.Equal(["config.json", "z.txt"], CheckpointFiles.BesideWeights(_folder.Path));
        Assert.Empty(CheckpointFiles.All(_folder.File("none")));
        Assert.Equal(9, CheckpointFiles.All(_folder.Path).Count());
        string config = _folder.File("config.json");
        Assert.Equal(
            $"{config} is {config}, a file of the model itself, which would be lost; name another file.",
            Assert.Throws<ArgumentException>(() => CheckpointFiles.RequireNone(_folder.Path, config)).Message);
        CheckpointFiles.RequireNone(_folder.Path, _folder.File("new"));
    }

    [Fact]
    public void Finite_Words_NameWhatIsNot()
    {
        const string Cause = "a weight of the checkpoint is damaged, or its numbers are too large for the type that they are computed in; "
            + "get the checkpoint again";
        Assert.Equal(
            $"the model's logits for position 7 are NaN or infinite, and no token can be drawn: {Cause}.",
            Assert.Throws<InvalidDataException>(() => Finite.RequireLogits([0, float.NaN], 7)).Message);
        Assert.Equal(Math.E, Finite.Perplexity("x", 5, 5), 1e-12);
        Assert.Equal($"the perplexity of x is Infinity: {Cause}.",
            Assert.Throws<InvalidDataException>(() => Finite.Perplexity("x", 1e9, 1)).Message);
        Assert.Equal("the loss is NaN at step 3; lower `LearningRate`, or look at the data.",
            Assert.Throws<InvalidDataException>(() => Finite.RequireStep(3, double.NaN, double.NaN)).Message);
        Assert.Equal(
            "the gradient's norm is Infinity at step 3; lower `LearningRate`, or look at the data.",
            Assert.Throws<InvalidDataException>(() => Finite.RequireStep(3, 1, double.PositiveInfinity)).Message);
        Finite.RequireStep(3, 1, 1);
        Finite.RequireScores("l", [0, 1]);
        Assert.Equal($"l: its scores are NaN or infinite, and no mask can be chosen by them: {Cause}.",
            Assert.Throws<InvalidDataException>(() => Finite.RequireScores("l", [float.NegativeInfinity])).Message);
    }

    private static void Near(double[] expected, double[] found)
    {
        Assert.Equal(expected.Length, found.Length);
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
    }

    [GeneratedRegex(@"^work needs about 9223372000\.0 GB of memory and (\d+\.\d) GB is available; rest\.$")]
    private static partial Regex Words();
}
