using MaskLlm.Evaluation;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Measures;
using MaskLlm.Models;
using MaskLlm.Patterns;
using MaskLlm.Priors;
using MaskLlm.Tests.Data;
using MaskLlm.Tests.Machine;

namespace MaskLlm.Tests.Evaluation;

/// <summary>Whole evaluations and sensitivities: what is told, in which order, of what.</summary>
[Collection(TorchTests.Name)]
public sealed class MaskEvaluationTests : IDisposable
{
    private static readonly string Model = Fixture.PathOf("models/llama-gqa-tied");
    private readonly DataFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Run_DenseAndMasks_TellsEveryStepAndGivesARowEach()
    {
        string data = Ids(130), mask = WriteMask(_ => true), half = WriteMask(name => name.Contains(".0.", StringComparison.Ordinal));
        ToldProgress told = new();

        EvaluationReport report = MaskEvaluation.Run(
            new EvaluationRequest { Model = Model, Data = data, Masks = [mask, half] }, told, null, TestContext.Current.CancellationToken);

        Assert.Equal(
            [
                new Progress($"reading {data}", 0, 1), new Progress("loading the model", 0, 1),
                new Progress("evaluating the dense model", 2, 2), new Progress($"evaluating {mask}", 2, 2),
                new Progress($"evaluating {half}", 2, 2),
            ],
            told.All);
        Assert.Equal([null, mask, half], report.Rows.Select(row => row.Mask));
        Assert.Equal(3, report.Rows.Select(row => row.Result!.Perplexity).Distinct().Count());
        Assert.Equal((64, 2), (report.SequenceLength, report.Rows[0].Result!.Windows));
        Assert.Single(MaskEvaluation.Run(new EvaluationRequest { Model = Model, Data = data },
            cancellation: TestContext.Current.CancellationToken).Rows);
    }

    /// <summary>A mask that keeps all changes no choice; one of half the weights changes some, and a dense model has none.</summary>
    [Fact]
    public void Run_MixtureUnderMasks_SaysWhatShareOfChoicesChanges()
    {
        string model = Fixture.PathOf("models/olmoe"), data = Ids(130);
        string half = Path.Combine(_folder.Root, "half.npz"), whole = Path.Combine(_folder.Root, "whole.npz");
        using (Decoder decoder = Checkpoint.Load(model))
        {
            MaskNpz.Write(half, Magnitude.Masks(decoder.Linears, NmPattern.TwoOfFour));
            MaskNpz.Write(whole, decoder.Linears.ToDictionary(layer => layer.Name, layer => Mask.Full(layer.Rows, layer.Columns)));
        }
        EvaluationReport report = MaskEvaluation.Run(new EvaluationRequest { Model = model, Data = data, Masks = [half, whole] },
            cancellation: TestContext.Current.CancellationToken);
        Assert.Null(report.Rows[0].RouterChoicesChanged);
        Assert.InRange(report.Rows[1].RouterChoicesChanged!.Value, 0.01, 0.99);
        Assert.Equal(0, report.Rows[2].RouterChoicesChanged);
        Assert.Equal(report.Rows[1].RouterChoicesChanged, (double?)report.ToJson()["rows"]![1]!["router_choices_changed"]);
    }

    /// <summary>Windows go through the model some at a time; each time is told with those that are done.</summary>
    [Fact]
    public void Evaluate_MoreWindowsThanAtOnce_TellsBoth()
    {
        using Decoder model = Checkpoint.Load(Model);
        ToldProgress told = new();
        Perplexity.Evaluate(
            model, new int[131 * 16 + 5], 16, progress: told, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([new Progress("evaluating the model", 128, 131), new Progress("evaluating the model", 131, 131)], told.All);
    }

    /// <summary>A window that is longer than what goes through at once goes by itself.</summary>
    [Fact]
    public void Evaluate_LongWindow_GoesByItself()
    {
        string folder = Path.Combine(_folder.Root, "long");
        Directory.CreateDirectory(folder);
        File.Copy(Path.Combine(Model, "model.safetensors"), Path.Combine(folder, "model.safetensors"));
        File.WriteAllText(
            Path.Combine(folder, "config.json"),
            File.ReadAllText(Path.Combine(Model, "config.json")).Replace(
                "\"max_position_embeddings\": 64", "\"max_position_embeddings\": 4096", StringComparison.Ordinal));
        using Decoder model = Checkpoint.Load(folder);
        ToldProgress told = new();
        int[] ids = [.. Enumerable.Range(0, 4500).Select(i => i * i * 7 % 128)];
        PerplexityResult result = Perplexity.Evaluate(
            model, ids, 2200, progress: told, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([new Progress("evaluating the model", 1, 2), new Progress("evaluating the model", 2, 2)], told.All);
        Assert.Equal((2, 100), (result.Windows, result.TailTokens));
    }

    [Fact]
    public void Sensitivity_Run_TellsEveryWindowAndAllowsHalfTheLoss()
    {
        string data = Ids(40);
        SensitivityRequest request = new() { Model = Model, Data = data, Mask = "magnitude", SequenceLength = 20 };
        ToldProgress told = new();

        SensitivityReport report = SensitivityRun.Execute(request, told, null, TestContext.Current.CancellationToken);

        // The dense model, the whole mask, 2 blocks and 7 kinds; two windows each, which go through together.
        List<Progress> expected = [new($"reading {data}", 0, 1), new("loading the model", 0, 1)];
        string[] names = ["the dense model", "the whole mask", "model.layers.0", "model.layers.1", "q_proj", "k_proj", "v_proj", "o_proj",
            "gate_proj", "up_proj", "down_proj"];
        for (int i = 0; i < names.Length; i++) expected.Add(new Progress(
            "measuring sensitivity", 2 * i + 2, 22, $"{names[i]}, {i + 1} of 11"));
        Assert.Equal(expected, told.All.Take(expected.Count));
        Assert.All(told.All.Skip(expected.Count), step => Assert.Equal(
            ("measuring the suggestion", 2, 2), (step.Phase, step.Done, step.Total)));
        Assert.Equal(Math.Max(0, report.Rise / 2), report.MaxLoss);
        Assert.Equal(20, report.SequenceLength);
        // More than all: nothing is left dense, and what that costs is known.
        SensitivityReport whole = SensitivityRun.Execute(request with { MaxLoss = 100 }, null, null, TestContext.Current.CancellationToken);
        Assert.Equal((100, report.Rise), (whole.MaxLoss, whole.Rise));
        foreach (SkipSuggestion? suggestion in (SkipSuggestion?[])[whole.SkipBlocks, whole.SkipKinds])
        {
            Assert.Empty(suggestion!.Parts);
            Assert.Equal(whole.Rise, suggestion.MeasuredRise);
        }
    }

    /// <summary>What is suggested is measured with everything else under the mask.</summary>
    [Fact]
    public void Sensitivity_Suggestion_IsMeasured()
    {
        SensitivityRequest request = new()
        {
            Model = Model,
            Data = Ids(64),
            Mask = WriteMask(name => !name.EndsWith("v_proj.weight", StringComparison.Ordinal))
        };
        double[] losses = [.. Enumerable.Range(1, 9).Select(i => i / 10.0)];
        SensitivityReport report = SensitivityRun.Execute(request, null, null, TestContext.Current.CancellationToken);
        SkipSuggestion? suggestion = losses
            .Select(share => SensitivityRun.Execute(request with { MaxLoss = Math.Abs(report.Rise) * share }, null, null,
                TestContext.Current.CancellationToken).SkipKinds)
            .FirstOrDefault(found => found is { Parts.Count: > 0 });
        Assert.NotNull(suggestion);
        Assert.Equal("*.v_proj.weight", suggestion.Skip[0]);
        string rest = WriteMask(name => name.Split('.')[^2] is var kind && kind != "v_proj" && !suggestion.Parts.Contains(kind));
        EvaluationReport evaluated = MaskEvaluation.Run(
            new EvaluationRequest { Model = Model, Data = request.Data, Masks = [rest] },
                cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(Math.Log(evaluated.Rows[1].Result!.Perplexity / evaluated.Rows[0].Result!.Perplexity), suggestion.MeasuredRise, 1e-9);
    }

    private string WriteMask(Func<string, bool> selected)
    {
        using Decoder model = Checkpoint.Load(Model);
        string path = Path.Combine(_folder.Root, Guid.NewGuid().ToString("N") + ".npz");
        MaskNpz.Write(
            path, model.Linears.Where(layer => selected(layer.Name)).ToDictionary(layer => layer.Name, layer =>
                Magnitude.Prune(layer.Weight, NmPattern.TwoOfFour)));
        return path;
    }

    private string Ids(int count) => _folder.WriteNpy("ids.npy", "|u1", $"{count},",
        [.. Enumerable.Range(0, count).Select(i => (byte)(i * i * 7 % 128))]);
}
