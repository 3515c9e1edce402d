using System.Runtime.InteropServices;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;
using MaskLlm.Patterns;
using MaskLlm.Priors;

namespace MaskLlm.Tests.Priors;

[Collection(TorchTests.Name)]
public sealed class MergeRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // More groups than are read at once, of a pattern whose groups do not end with bytes.
    [Theory]
    [InlineData(2, 4, 70_001)]
    [InlineData(1, 3, 66_000)]
    public void Execute_ManyGroupsOfLogits_TakesTheLargestSumOfEach(int kept, int groupSize, int groups)
    {
        NmPattern pattern = new(kept, groupSize);
        float[] a = Random(1, groups * pattern.CandidateCount), b = Random(2, a.Length);
        string target = _folder.File("merged.npz");

        MergeReport report = Merge(target, Logits("a", pattern, a), Logits("b", pattern, b));

        Mask merged = MaskNpz.Read(target, new Dictionary<string, (int, int)> { ["w"] = (groups, groupSize) })["w"];
        for (int group = 0; group < groups; group += 97)
        {
            int best = Enumerable.Range(group * pattern.CandidateCount, pattern.CandidateCount)
                .MaxBy(i => (double)a[i] + b[i]) % pattern.CandidateCount;
            for (int i = 0; i < groupSize; i++) Assert.Equal(pattern.Candidates[best * groupSize + i] == 1, merged[group, i]);
        }
        Assert.Equal((pattern, 1, groups), (report.Pattern, report.Tensors, report.Groups));
        Assert.InRange((double)report.UnanimousGroups / groups, 0.8 / pattern.CandidateCount, 1.2 / pattern.CandidateCount);
    }

    [Fact]
    public void Execute_DamagedLogits_AreRefused()
    {
        string whole = Logits("a", NmPattern.TwoOfFour, new float[12]),
            cut = _folder.Write("cut.safetensors", File.ReadAllBytes(whole)[..^1]);
        string shape = Logits("shape", new NmPattern(1, 4), new float[12], NmPattern.TwoOfFour),
            pattern = Logits("pattern", new NmPattern(1, 4), new float[12]);

        Assert.Contains(cut, Assert.Throws<InvalidDataException>(() => Merge(_folder.File("x.npz"), whole, cut)).Message,
            StringComparison.Ordinal);
        Assert.Contains("logits of pattern 2:4 are F32 of shape (groups, 6)",
            Assert.Throws<InvalidDataException>(() => Merge(_folder.File("x.npz"), whole, shape)).Message, StringComparison.Ordinal);
        Assert.Contains("logits of pattern 1:4, and",
            Assert.Throws<InvalidDataException>(() => Merge(_folder.File("x.npz"), whole, pattern)).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.File("x.npz")));
    }

    [Fact]
    public void Execute_MasksOfAnotherSizeOrWithoutPattern_AreRefused()
    {
        string Write(string name, params byte[] packed)
        {
            MaskNpz.Write(_folder.File(name), new Dictionary<string, Mask> { ["w"] = new(packed.Length, 8, packed) });
            return _folder.File(name);
        }
        string good = Write("good.npz", 0b1100_1010, 0b0011_0101), shorter = Write("short.npz", 0b1100_1010),
            none = Write("none.npz", 0b1100_1110, 0b0011_0101);

        Assert.Contains("the mask of w has 1 bytes",
            Assert.Throws<InvalidDataException>(() => Merge(_folder.File("x.npz"), good, shorter)).Message, StringComparison.Ordinal);
        Assert.Contains($"{none}: the mask of w is not 2:4",
            Assert.Throws<InvalidDataException>(() => Merge(_folder.File("x.npz"), good, none)).Message, StringComparison.Ordinal);
        Assert.Contains("has no N:M pattern", Assert.Throws<InvalidDataException>(() => Merge(_folder.File("x.npz"), none, good)).Message,
            StringComparison.Ordinal);
    }

    private static MergeReport Merge(string target, params string[] inputs) =>
        MergeRun.Execute(new MergeRequest { Inputs = inputs, Out = target }, cancellation: TestContext.Current.CancellationToken);

    private static float[] Random(int seed, int count)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle())];
    }

    private string Logits(string name, NmPattern pattern, float[] values, NmPattern? said = null)
    {
        string path = _folder.File($"{name}.safetensors");
        byte[] bytes = MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
        SafetensorsWriter.Write(
            path, [new TensorToWrite("w", TensorType.Float32, [values.Length / pattern.CandidateCount, pattern.CandidateCount],
                bytes.Length, stream => stream.Write(bytes))],
            new Dictionary<string, string> { ["pattern"] = (said ?? pattern).ToString() });
        return path;
    }

    /// <summary>Of equal sums the first candidate; of a sum the one that is largest, not the one of most files.</summary>
    [Fact]
    public void Execute_EqualLogits_TakeTheFirstCandidate()
    {
        float[] equal = new float[12], one = [0, 0, 5, 0, 0, 0, 1, 2, 0, 0, 0, 2], other = [0, 0, -5, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        string target = _folder.File("merged.npz");

        MergeReport report = Merge(target, Logits("one", NmPattern.TwoOfFour, one), Logits("other", NmPattern.TwoOfFour, other),
            Logits("equal", NmPattern.TwoOfFour, equal));

        // Group 0: 5 and -5 cancel, all are equal: 1100. Group 1: candidates 1 and 5 have 2: 1010.
        Assert.Equal([0b1100_1010], MaskNpz.ReadPacked(target)["w"]);
        Assert.Equal((2L, 0L), (report.Groups, report.UnanimousGroups));
        // The files' own: 1001 1010, 1100 1100, 1100 1100.
        Assert.Equal([(1L, 0.75), (1L, 0.75), (1L, 0.75)],
            report.Inputs.Select(input => (input.WithResult.EqualGroups, input.WithResult.EqualBits)));
    }

    /// <summary>A folder is a run's, whatever it is called; logits and masks do not go together.</summary>
    [Fact]
    public void Execute_FolderNamedLikeLogits_IsARunOfMasks()
    {
        string folder = _folder.File("run.safetensors"), mask = _folder.File("a.npz");
        Directory.CreateDirectory(folder);
        foreach (string path in (string[])[mask, Path.Combine(folder, "mask.npz")])
            MaskNpz.Write(path, new Dictionary<string, Mask> { ["w"] = new(1, 8, [0b1100_1010]) });
        Assert.Equal(2, Merge(_folder.File("x.npz"), folder, mask).UnanimousGroups);
        foreach (string[] inputs in (string[][])[[mask, Logits("a", NmPattern.TwoOfFour, new float[12])],
            [_folder.File("a.safetensors"), mask]])
            Assert.Throws<ArgumentException>(() => Merge(_folder.File("y.npz"), inputs));
    }

    [Fact]
    public void Execute_TooFewOrTooMany_AreRefused()
    {
        string mask = _folder.File("a.npz");
        MaskNpz.Write(mask, new Dictionary<string, Mask> { ["w"] = new(1, 8, [0b1100_1010]) });
        Assert.Contains("was given 1 file; name at least two",
            Assert.Throws<ArgumentException>(() => Merge(_folder.File("x.npz"), mask)).Message, StringComparison.Ordinal);
        Assert.Contains("was given 33 files; at most 32",
            Assert.Throws<ArgumentException>(() => Merge(_folder.File("x.npz"), [.. Enumerable.Repeat(mask, 33)])).Message,
            StringComparison.Ordinal);
        Assert.Equal(2, Merge(_folder.File("x.npz"), [.. Enumerable.Repeat(mask, 32)]).UnanimousGroups);
    }
}
