using System.Text.Json.Nodes;
using MaskLlm.Decoding;
using MaskLlm.Formats.Logits;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;
using MaskLlm.Packing;
using MaskLlm.Products;
using MaskLlm.Runs;

namespace MaskLlm.Tests.Formats;

/// <summary>A bit that flips in a file of this program's own is noticed when the file is read, wherever the bit is.</summary>
public sealed class OwnFilesDamageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void OpenChecked_AnyBitFlipped_IsRefusedByName()
    {
        string path = _folder.File("state.safetensors");
        Dictionary<string, string> metadata = new() { ["step"] = "17", ["options"] = "{\"checksum\":\"0000000000000000\"}" };
        SafetensorsWriter.WriteChecked(path, [Tensor("logits", 6), Tensor("moments", 3)], metadata);
        using (SafetensorsFile whole = SafetensorsFile.OpenChecked(path, "start anew"))
            Assert.Equal(("17", "{\"checksum\":\"0000000000000000\"}"), (whole.Metadata["step"], whole.Metadata["options"]));

        ForEachFlip(path, () => SafetensorsFile.OpenChecked(path, "start anew").Dispose());
    }

    [Fact]
    public void OpenChecked_WithoutAChecksum_SaysWhatToDo()
    {
        string path = _folder.File("state.safetensors");
        SafetensorsWriter.Write(path, [Tensor("logits", 6)]);
        InvalidDataException refused = Assert.Throws<InvalidDataException>(() => SafetensorsFile.OpenChecked(path, "start anew"));
        Assert.Equal($"{path} holds no checksum: it is damaged, or an earlier version of this program wrote it; start anew.",
            refused.Message);
    }

    [Fact]
    public void RuntimeModel_BitsFlippedAllOverTheFile_AreNoticed()
    {
        string path = _folder.File("model");
        RuntimeExport.Write(Fixture.PathOf("models/llama-gqa-tied"), null, WeightType.Int4, path,
            stop: TestContext.Current.CancellationToken);
        byte[] whole = File.ReadAllBytes(path);
        using (RuntimeModel.Open(path)) { }

        for (int at = 0; at < whole.Length; at += 1 + whole.Length / 300)
        {
            byte[] damaged = [.. whole];
            damaged[at] ^= (byte)(1 << (at % 8));
            File.WriteAllBytes(path, damaged);
            // In the first bytes of the header a flip makes another format or version of it, which is said too.
            Exception refused = Assert.ThrowsAny<Exception>(() => RuntimeModel.Open(path).Dispose());
            Assert.True(refused is InvalidDataException or NotSupportedException or ArgumentException, refused.ToString());
        }
    }

    [Fact]
    public void Logits_ValueFlipped_IsRefused()
    {
        string path = _folder.File("logits.safetensors");
        TensorToWrite logits = new("a", TensorType.Float32, [1, 6], 24, stream => stream.Write(new byte[24]));
        SafetensorsWriter.WriteChecked(path, [logits], new Dictionary<string, string> { ["pattern"] = "2:4" });
        using (LogitsFile.Open(path)) { }
        byte[] damaged = File.ReadAllBytes(path);
        damaged[^2] ^= 4;
        File.WriteAllBytes(path, damaged);
        Assert.Contains(path, Assert.Throws<InvalidDataException>(() => LogitsFile.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mask_AnyBitFlipped_IsRefusedOrChangesNothing()
    {
        string path = _folder.File("mask.npz");
        Mask one = Mask.FromBytes(2, 4, [1, 1, 0, 0, 0, 0, 1, 1]), other = Mask.FromBytes(2, 4, [1, 0, 1, 0, 0, 1, 0, 1]);
        Dictionary<string, Mask> masks = new() { ["layers.1"] = one, ["layers.2"] = other };
        Dictionary<string, (int, int)> shapes = Enumerable.Range(0, 10).ToDictionary(i => $"layers.{i}", _ => (2, 4));
        MaskNpz.Write(path, masks);
        byte[] whole = File.ReadAllBytes(path);
        int refused = 0;
        for (int bit = 0; bit < 8 * whole.Length; bit++)
        {
            File.WriteAllBytes(path, Flipped(whole, bit));
            try
            {
                IReadOnlyDictionary<string, Mask> read = MaskNpz.Read(path, shapes);
                Assert.Equal(masks.Keys, read.Keys);
                Assert.All(masks, pair => Assert.True(pair.Value.Packed.SequenceEqual(read[pair.Key].Packed)));
            }
            catch (InvalidDataException)
            {
                refused++;
            }
        }
        // Dates, versions and lengths that nobody reads may change; names, bits and their sums may not.
        Assert.True(refused > 4 * whole.Length, $"{refused} of {8 * whole.Length} flips were refused");
    }

    [Fact]
    public void CheckedJson_AnyBitFlipped_IsRefusedOrChangesNothing()
    {
        string path = _folder.File("result.json");
        JsonObject value = new()
        {
            ["perplexity"] = 12.25,
            ["label"] = "kappa é \"1\"",
            ["notes"] = new JsonArray("a", "b"),
            ["none"] = null,
            ["large"] = 1e300,
        };
        CheckedJson.Write(path, value);
        byte[] whole = File.ReadAllBytes(path);
        Assert.True(JsonNode.DeepEquals(value, CheckedJson.Read(path, read => read.DeepClone(), "remove it")));
        for (int bit = 0; bit < 8 * whole.Length; bit++)
        {
            File.WriteAllBytes(path, Flipped(whole, bit));
            try
            {
                // White space between members may change.
                Assert.True(JsonNode.DeepEquals(value, CheckedJson.Read(path, read => read.DeepClone(), "remove it")));
            }
            catch (InvalidDataException refused)
            {
                Assert.StartsWith(path, refused.Message, StringComparison.Ordinal);
                Assert.EndsWith("remove it.", refused.Message, StringComparison.Ordinal);
            }
        }
    }

    private static void ForEachFlip(string path, Action open)
    {
        byte[] whole = File.ReadAllBytes(path);
        for (int bit = 0; bit < 8 * whole.Length; bit++)
        {
            File.WriteAllBytes(path, Flipped(whole, bit));
            Assert.StartsWith(path, Assert.Throws<InvalidDataException>(open).Message, StringComparison.Ordinal);
        }
    }

    private static byte[] Flipped(byte[] whole, int bit)
    {
        byte[] damaged = [.. whole];
        damaged[bit / 8] ^= (byte)(1 << (bit % 8));
        return damaged;
    }

    private static TensorToWrite Tensor(string name, int length) =>
        new(name, TensorType.UInt8, [length], length, stream => stream.Write([.. Enumerable.Range(1, length).Select(i => (byte)i)]));
}
