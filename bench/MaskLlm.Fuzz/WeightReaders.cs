using MaskLlm.Chat;
using MaskLlm.Data;
using MaskLlm.Decoding;
using MaskLlm.Formats.Logits;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Formats.Numpy;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;
using MaskLlm.Products;
using MaskLlm.Tokens;

namespace MaskLlm.Fuzz;

/// <summary>Tensors, masks, logits, token ids, packed models.</summary>
internal static class WeightReaders
{
    private const string Weight = "model.layers.0.self_attn.q_proj.weight";

    private static readonly Dictionary<string, (int Rows, int Columns)> Shapes = new(StringComparer.Ordinal)
    {
        [Weight] = (4, 8),
        ["b"] = (3, 3)
    };

    internal static IReadOnlyList<FuzzReader> All { get; } =
    [
        FuzzReaders.Make("safetensors", () => [FuzzSeed.Of("model.safetensors", Tensors(), Containers.Safetensors)], input =>
        {
            using SafetensorsFile file = SafetensorsFile.Open(input.Path());
            Sum(file);
        }),
        FuzzReaders.Make("safetensors-index", Shards, input =>
        {
            using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(input.Folder());
            foreach (string name in checkpoint.Tensors.Keys) Sum(checkpoint.Bytes(name));
        }) with { Refusals = [.. FuzzReader.OfFiles, typeof(FileNotFoundException)], NamesFile = false },
        FuzzReaders.Make("npy", Arrays, input =>
        {
            WholeTokens.Read(input.Path(), 100, _ => []);
            WholeTokens.ReadRows(input.Path(), 100, 3);
        }),
        FuzzReaders.Make("mask", () => [FuzzSeed.Of("mask.npz", SeedModel.Made(WriteMasks), Containers.Zip)], input =>
        {
            MaskNpz.ReadPacked(input.Path());
            foreach (Mask mask in MaskNpz.Read(input.Path(), Shapes).Values) mask.DetectPattern();
        }),
        FuzzReaders.Make("logits", Logits, input =>
        {
            using LogitsFile file = LogitsFile.Open(input.Path());
            foreach (string name in file.Names)
            {
                int groups = file.GroupsOf(name)!.Value;
                for (int first = 0; first < groups; first += 4) file.Read(name, first, Math.Min(4, groups - first));
            }
        }),
        FuzzReaders.Make("runtime", Packed, input =>
        {
            using RuntimeModel model = RuntimeModel.Open(input.Path());
            Tokenizer tokenizer = model.LoadTokenizer();
            ChatFormat.Read(model.File, tokenizer.SpecialTokens);
        }) with { NamesFile = false },
    ];

    private static byte[] Tensors() => SeedModel.Safetensors(
        new Dictionary<string, string> { ["format"] = "pt" }, (Weight, TensorType.BFloat16, [4, 8]), ("b", TensorType.Float32, [3]),
            ("c", TensorType.Int64, [0, 5]), ("d", TensorType.UInt8, []));

    private static IEnumerable<FuzzSeed> Shards()
    {
        byte[] first = SeedModel.Safetensors(null, ("a", TensorType.Float32, [2, 2])),
            second = SeedModel.Safetensors(null, ("b", TensorType.Float32, [2]));
        byte[] index = """{"metadata":{"total_size":24},"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}"""u8.ToArray();
        Dictionary<string, byte[]> files = new(StringComparer.Ordinal)
        {
            ["model-00001-of-00002.safetensors"] = first,
            ["model-00002-of-00002.safetensors"] = second,
            ["model.safetensors.index.json"] = index,
        };
        yield return new FuzzSeed(files, "model.safetensors.index.json");
        yield return new FuzzSeed(files, "model-00001-of-00002.safetensors", Containers.Safetensors);
    }

    private static IEnumerable<FuzzSeed> Arrays()
    {
        static byte[] Array(NpyType type, long[] shape, int bytes) =>
            [.. NpyHeader.Format(type, shape), .. Enumerable.Range(0, bytes).Select(i => (byte)(i % 2 == 0 ? i % 90 : 0))];
        yield return FuzzSeed.Of("ids.npy", Array(NpyType.UInt16, [12], 24));
        yield return FuzzSeed.Of("rows.npy", Array(NpyType.UInt16, [3, 4], 24));
        yield return FuzzSeed.Of("bytes.npy.gz", Containers.Gzip(Array(NpyType.UInt8, [24], 24)), Containers.Gzip);
    }

    private static void WriteMasks(string path) => MaskNpz.Write(path, new OrderedDictionary<string, Mask>
    {
        [Weight] = Mask.FromBytes(4, 8, [.. Enumerable.Range(0, 32).Select(i => (byte)(i % 4 < 2 ? 1 : 0))]),
        ["b"] = Mask.FromBytes(3, 3, [1, 0, 0, 0, 1, 0, 0, 0, 1]),
    });

    private static IEnumerable<FuzzSeed> Logits()
    {
        Dictionary<string, string> pattern = new(StringComparer.Ordinal) { ["pattern"] = "2:4" };
        yield return FuzzSeed.Of("logits.safetensors",
            SeedModel.Safetensors(pattern, ("a", TensorType.Float32, [5, 6]), ("b", TensorType.Float32, [3, 6])), Containers.Safetensors);
    }

    private static IEnumerable<FuzzSeed> Packed()
    {
        yield return FuzzSeed.Of("dense.maskllm", SeedModel.Runtime(WeightType.BFloat16, false), Containers.Safetensors);
        yield return FuzzSeed.Of("sparse.maskllm", SeedModel.Runtime(WeightType.Int8, true), Containers.Safetensors);
    }

    private static void Sum(SafetensorsFile file)
    {
        foreach (TensorEntry entry in file.Tensors.Values) Sum(file.Bytes(entry));
    }

    // Touches every byte: what lies behind the end of a mapped file ends the process.
    private static void Sum(ReadOnlySpan<byte> bytes)
    {
        int sum = 0;
        foreach (byte value in bytes) sum += value;
        GC.KeepAlive(sum);
    }
}
