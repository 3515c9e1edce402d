using MaskLlm.Fuzz;
using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

/// <summary>A few changed inputs through every reader; bench/MaskLlm.Fuzz runs a million.</summary>
[Collection(TorchTests.Name)]
public class FuzzTests
{
    private const int Inputs = 150;

    private const ulong Seed = 20261130;

    // Readers that are being rewritten now.
    private static readonly string[] Awaited = [];

    public static TheoryData<string> Readers() => [.. FuzzReaders.All.Select(reader => reader.Name)];

    /// <summary>The inputs that are changed are right ones: else the readers would refuse them all for one reason.</summary>
    [Theory]
    [MemberData(nameof(Readers))]
    public void Reader_UnchangedInputs_AreRead(string name)
    {
        FuzzReader reader = FuzzReaders.Named(name);
        using ScratchFolder scratch = new();
        foreach (FuzzSeed seed in reader.Seeds.Value)
        {
            Exception? refusal = Record.Exception(() => reader.Read(new FuzzInput(seed, seed.Bytes, scratch)));
            Assert.True(refusal is null, $"{seed.Changed}: {refusal?.Message}");
        }
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public void Reader_ChangedInputs_AreReadOrRefusedInOurWords(string name)
    {
        Assert.SkipWhen(Awaited.Contains(name), "being rewritten");
        FuzzReader reader = FuzzReaders.Named(name);
        using FuzzRun run = new(reader, Seed);
        FuzzFailure? failure = run.Failures(0, (long)Math.Ceiling(Inputs * reader.Weight)).FirstOrDefault();
        Assert.True(failure is null, $"--reader {name} --seed {Seed} --first {failure?.Index} --inputs 1: {failure?.Fault}");
    }

    /// <summary>The bytes of a failure come again from its number.</summary>
    [Fact]
    public void Input_SameSeedAndNumber_IsTheSame()
    {
        FuzzReader reader = FuzzReaders.Named("config");
        using FuzzRun run = new(reader, 5), again = new(reader, 5), other = new(reader, 6);
        Assert.All(Enumerable.Range(0, 20), i => Assert.Equal(run.Input(i).Bytes, again.Input(i).Bytes));
        Assert.Contains(Enumerable.Range(0, 20), i => !run.Input(i).Bytes.SequenceEqual(other.Input(i).Bytes));
    }

    /// <summary>What the runs are there to find, they find.</summary>
    [Theory]
    [InlineData("exception", "KeyNotFoundException")]
    [InlineData("memory", "bytes were allocated")]
    [InlineData("words", "the framework's words")]
    [InlineData("nameless", "names no file")]
    [InlineData("named", null)]
    public void Fault_WrongAnswers_AreSeen(string kind, string? expected)
    {
        FuzzReader reader = FuzzReaders.Make("broken", () => [FuzzSeed.Of("a.json", "{}")], input => throw kind switch
        {
            "exception" => new KeyNotFoundException(),
            "memory" => new InvalidDataException($"a.json is too large, as {new byte[1 << 20].Length} says."),
            "words" => new InvalidDataException("a.json: Nullable object must have a value."),
            "nameless" => new InvalidDataException("the file is damaged."),
            _ => new InvalidDataException("a.json is damaged."),
        }) with
        { MostBytes = 1 << 17 };
        using FuzzRun run = new(reader, Seed);

        string? fault = reader.Fault(run.Input(0));

        if (expected is null) Assert.Null(fault);
        else Assert.Contains(expected, fault, StringComparison.Ordinal);
    }
}
