using System.Runtime.InteropServices;
using MaskLlm.Architectures;
using MaskLlm.Data;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Machine;
using MaskLlm.Models;
using MaskLlm.Priors;
using MaskLlm.Runs;
using MaskLlm.Tests.Data;
using MaskLlm.Tests.Machine;

namespace MaskLlm.Tests.Priors;

/// <summary>What pruning keeps of an interrupted run, what it looks at, and what it says.</summary>
[Collection(TorchTests.Name)]
public sealed class PruneStateTests : IDisposable
{
    private static readonly string Model = Fixture.PathOf("models/llama-gqa-tied");
    private readonly TemporaryFolder _folder = new();
    private readonly DataFolder _data = new();

    public void Dispose()
    {
        _folder.Dispose();
        _data.Dispose();
    }

    /// <summary>5 sequences of 16: 4 and 1 together, each of the model's width.</summary>
    [Fact]
    public void Load_StatesOfOtherSequences_AreRefused()
    {
        using Decoder model = Checkpoint.Load(Model);
        int[][] sequences = [.. Enumerable.Range(0, 5).Select(_ => new int[16])];
        string[] names;
        using (HiddenStates states = HiddenStates.Embed(model, sequences, _folder.Path, 0, TestContext.Current.CancellationToken))
        {
            Assert.Equal(2, states.Count);
            using SafetensorsFile written = SafetensorsFile.Open(HiddenStates.PathOf(_folder.Path, 0));
            names = [.. written.Tensors.Keys];
        }
        Write(TensorType.Float32, 4 * 16 * 32, 16 * 32);
        Load().Dispose();
        Write(TensorType.Int32, 4 * 16 * 32, 16 * 32);
        Refused(names[0], 4);
        Write(TensorType.Float32, 4 * 16 * 32, 0);
        Refused(names[1], 1);
        Write(TensorType.Float32, 16 * 32, 16 * 32);
        Refused(names[0], 4);
        Write(TensorType.Float32, 4 * 16 * 32, 2 * 16 * 32);
        Refused(names[1], 1);

        void Write(TensorType type, params int[] values) => SafetensorsWriter.WriteChecked(
            HiddenStates.PathOf(_folder.Path, 0),
            [
                .. names.Zip(values).Where(pair => pair.Second > 0).Select(pair => new TensorToWrite(
                    pair.First, type, [pair.Second / 512, 16, 32], pair.Second * 4, stream => stream.Write(new byte[pair.Second * 4]))),
            ],
            new Dictionary<string, string>());

        HiddenStates Load() => HiddenStates.Load(model, sequences, _folder.Path, 0, 0);

        void Refused(string name, int together)
        {
            string message = Assert.Throws<InvalidDataException>(Load).Message;
            Assert.Equal(
                $"{HiddenStates.PathOf(_folder.Path, 0)}: no {name} of shape ({together}, 16, 32); the checkpoint belongs to another run.",
                message);
        }
    }

    [Theory]
    [InlineData(true, 0, null)]
    [InlineData(false, 0, "no options in its header: it is no checkpoint of such a run, ")]
    [InlineData(true, 1, "no checkpoint of a run block by block;")]
    public void Open_StateOfAnotherKindOfRun_IsRefused(bool hasOptions, int tensors, string? refused)
    {
        using (RunFolder begun = RunFolder.Open(_folder.File("run"), force: false, resume: false))
        {
            begun.Create();
            Directory.CreateDirectory(Path.GetDirectoryName(begun.CheckpointPath)!);
            SafetensorsWriter.WriteChecked(
                begun.CheckpointPath, [.. Enumerable.Range(0, tensors)
                    .Select(_ => new TensorToWrite("a", TensorType.Float32, [1], 4, stream => stream.Write(new byte[4])))],
                new Dictionary<string, string> { [hasOptions ? "options" : "other"] = "{}" });
        }
        using RunFolder folder = RunFolder.Open(_folder.File("run"), force: false, resume: true);
        if (refused is null) Assert.Equal(0, PruneCheckpoint.Open(folder, true, [], 2, () => []).FinishedBlocks);
        else
        {
            string message = Assert.Throws<InvalidDataException>(() => PruneCheckpoint.Open(folder, true, [], 2, () => [])).Message;
            Assert.StartsWith($"{folder.CheckpointPath}: {refused}", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Execute_Runs_TellEveryStep()
    {
        ToldProgress told = new();
        PruneRun.Execute(Request("magnitude") with { Data = null, Out = _folder.File("a") }, told, null,
            TestContext.Current.CancellationToken);
        IReadOnlyList<string> layers = [.. CheckpointConfig.LinearShapes(Model).Keys];
        Assert.Equal(
            [new Progress("loading the model", 0, 1), .. layers
                .Select((layer, i) => new Progress("pruning by magnitude", i + 1, layers.Count, layer))], told.All);

        told = new ToldProgress();
        List<string> said = [];
        PruneRun.Execute(Request("wanda"), told, said.Add, TestContext.Current.CancellationToken);
        Assert.Equal(
            [
                new Progress("loading the model", 0, 1),
                .. Enumerable.Range(0, 3).Select(block => new Progress("pruning by wanda", block, 2, $"block {block}/2")),
            ],
            told.Steps);
        Assert.Equal(
            ["the calibration has 10 different sequences of 24 tokens, not 128, and no more are looked at; more text, or fewer " +
                "`Samples`, avoids the shortage."], said);
        // Nobody needs to listen.
        PruneRun.Execute(Request("wanda") with { Out = _folder.File("b") }, cancellation: TestContext.Current.CancellationToken);
        said.Clear();
        PruneRun.Execute(Request("wanda") with { Out = _folder.File("c"), Samples = 10 }, null, said.Add,
            TestContext.Current.CancellationToken);
        Assert.Empty(said);
    }

    [Fact]
    public void Warning_SequencesThatComeAgain_AreCountedOnce()
    {
        int[] one = [1, 2, 3], other = [3, 2, 1];
        CalibrationCount repeated = CalibrationCount.Of([one, other, [1, 2, 3]]), all = CalibrationCount.Of([one, other]);
        Assert.Equal((new CalibrationCount(3, 2, 3), 6L), (repeated, repeated.Tokens));
        Assert.Equal(
            "the calibration has 2 different sequences of 3 tokens, not 3, and looks at them 1.5 times; more text, or less, avoids " +
                "the repetition.", repeated.Warning(3, "less"));
        Assert.Equal(
            "the calibration has 2 different sequences of 3 tokens, not 4, and no more are looked at; more text, or less, avoids the " +
                "shortage.", all.Warning(4, "less"));
        Assert.Null(all.Warning(2, "less"));
    }

    /// <summary>256 tokens, or as many as the model has positions.</summary>
    [Fact]
    public void Read_NoLength_TakesThePositionsUpTo256()
    {
        DecoderConfig config = CheckpointConfig.Read(Model);
        string path = Stream("stream.npy", 1000);
        Assert.Equal(64, Read(path, 3, null, config).Sequences[0].Length);
        Assert.Equal(256, Read(path, 3, null, config with { MaxPositions = 4096 }).Sequences[0].Length);
        Assert.Equal(64, Read(path, 3, 64, config).Sequences[0].Length);
        foreach (int length in (int[])[0, 65])
            Assert.Equal(
                $"`SequenceLength` is {length}; 1 to 64, the model's positions, is needed.",
                    Assert.Throws<ArgumentException>(() => Read(path, 3, length, config)).Message);
        Assert.Equal([1], Read(path, 3, 1, config).Sequences.Select(row => row.Length).Distinct());
        Assert.Equal(64, Read(_data.WriteNpy("row.npy", "|u1", "2, 64", new byte[128]), 2, null, config).Sequences[0].Length);
    }

    /// <summary>Of several sources sequences are drawn: pieces of either, of the length, in the order of the seed.</summary>
    [Fact]
    public void Read_SeveralSources_DrawsByTheSeed()
    {
        DecoderConfig config = CheckpointConfig.Read(Model);
        PruneRequest request = Request("wanda") with
        {
            Data = new CorpusOptions
            {
                Sources = [new DataSource(Stream("a.npy", 100)), new DataSource(Stream("b.npy", 120, 50))],
                CacheFolder = _data.Cache
            },
            Samples = 6,
            SequenceLength = 16,
        };
        IReadOnlyList<int[]> drawn = Draw(7);
        Assert.Equal(6, drawn.Count);
        // Ids count up by one in both.
        Assert.All(drawn, row => Assert.Equal(Enumerable.Range(0, 16).Select(i => (row[0] + i) % 128), row));
        using (Corpus corpus = Corpus.Open(
            request.Data with { HeldOutFraction = 0 }, ModelTokenizer.Encoding(Model, config, request.Data),
                cancellationToken: TestContext.Current.CancellationToken))
        {
            int[] ids = new int[6 * 17];
            corpus.Batches(6, 16, 7).Fill(0, ids);
            Assert.Equal(ids.Chunk(17).Select(row => row[..16]), drawn);
        }
        Assert.Equal([.. drawn.SelectMany(row => row)], Draw(7).SelectMany(row => row));
        Assert.NotEqual([.. drawn.SelectMany(row => row)], Draw(8).SelectMany(row => row));

        IReadOnlyList<int[]> Draw(ulong seed) => CalibrationData.Read(
            request with { Seed = seed }, config, null, TestContext.Current.CancellationToken).Sequences;
    }

    private static Calibration Read(string path, int samples, int? length, DecoderConfig config) => CalibrationData.Read(
        new PruneRequest
        {
            Model = Model,
            Method = "wanda",
            Out = "",
            Data = new() { Sources = [new(path)] },
            Samples = samples,
            SequenceLength = length
        },
        config, null, TestContext.Current.CancellationToken);

    private string Stream(string name, int count, int first = 0) =>
        _data.WriteNpy(name, "|u1", $"{count},", [.. Enumerable.Range(first, count).Select(id => (byte)(id % 128))]);

    private PruneRequest Request(string method)
    {
        Random random = new(5);
        int[] ids = [.. Enumerable.Range(0, 240).Select(_ => random.Next(128))];
        string text = _data.WriteNpy("ids.npy", "<i4", "10, 24", MemoryMarshal.AsBytes(ids.AsSpan()).ToArray());
        return new()
        {
            Model = Model,
            Method = method,
            Out = _folder.File("run"),
            Data = new CorpusOptions { Sources = [new DataSource(text)] }
        };
    }
}
