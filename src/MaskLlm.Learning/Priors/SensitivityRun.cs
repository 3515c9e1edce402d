using MaskLlm.Architectures;
using MaskLlm.Data;
using MaskLlm.Evaluation;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Measures;
using MaskLlm.Models;
using MaskLlm.Numerals;

namespace MaskLlm.Priors;

/// <summary>Measures in which blocks and which kinds of layers a mask costs perplexity, and what to leave dense.</summary>
public static class SensitivityRun
{
    private const string Phase = "measuring sensitivity";

    /// <summary>Takes the perplexities, of the whole dense and sparse, of each part and of what is suggested, all on the same
    /// text.</summary>
    /// <param name="request">What to measure.</param>
    /// <param name="progress">Told of every window.</param>
    /// <param name="warn">Told, in one sentence, where the weights do not fit into memory and are read block by block.</param>
    /// <param name="cancellation">Stops between windows.</param>
    /// <exception cref="ArgumentException">The window does not fit the model or the text, or the columns of a layer the pattern; or
    /// <c>MaxLoss</c> is negative.</exception>
    /// <exception cref="FileNotFoundException">The text, the mask or the tokenizer is missing.</exception>
    /// <exception cref="InvalidDataException">Model, tokenizer, text or mask are broken, or the mask belongs to another model.</exception>
    /// <exception cref="NotSupportedException">A family, tokenizer or kind of file that is not known.</exception>
    /// <exception cref="InsufficientMemoryException">The weights do not fit.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static SensitivityReport Execute(SensitivityRequest request, IProgress<Progress>? progress = null,
        Action<string>? warn = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        OptionRanges.MaxLoss.Require(request.MaxLoss);
        DecoderConfig config = CheckpointConfig.Read(request.Model);
        int length = PerplexityWindows.Length(
            config, request.SequenceLength ?? WholeTokens.RowLength(request.Data, config.MaxPositions));
        PerplexityWindows.RequireFit(config, length, request.MaxWindows);
        // Whatever can be wrong with small files is found before the weights are read.
        IReadOnlyDictionary<string, Mask>? fromFile = request.Mask == PruneRun.MagnitudeMethod ? null : ReadMask(request);
        progress?.Report(new Progress($"reading {request.Data}", 0, 1));
        int[] ids =
            WholeTokens.Read(request.Data, config.VocabularySize, text => ModelTokenizer.Load(request.Model, config).Encode(text),
            cancellation);
        PerplexityWindows.RequireText(ids.Length, length);
        cancellation.ThrowIfCancellationRequested();
        progress?.Report(new Progress("loading the model", 0, 1));
        using Decoder model = Checkpoint.LoadOrStream(request.Model, request.Stream, warn);
        IReadOnlyDictionary<string, Mask> masks = fromFile
            ?? Magnitude.Masks(LayerSelection.Select(model, request.Pattern, []), request.Pattern);
        return Measure(request, model, masks, ids, length, progress, cancellation);
    }

    private static SensitivityReport Measure(
        SensitivityRequest request, Decoder model, IReadOnlyDictionary<string, Mask> masks, int[] ids, int length,
            IProgress<Progress>? progress, CancellationToken cancellation)
    {
        string[] all = [.. model.Linears.Select(layer => layer.Name)], masked = [.. all.Where(masks.ContainsKey)];
        IReadOnlyList<ModelPart> blocks = ModelPart.Blocks(masked), kinds = ModelPart.Kinds(masked);
        int windows = PerplexityWindows.Count(ids.Length, length, request.MaxWindows);
        int evaluations = 2 + blocks.Count + kinds.Count, done = 0;
        PerplexityResult At(string phase, string what, int index, int count) => Perplexity.Evaluate(
            model, ids, length, request.MaxWindows, progress, new Progress(phase, (long)index * windows, (long)count * windows, what), what,
            cancellation);
        PerplexityResult Evaluate(string what) => At(Phase, $"{what}, {done + 1} of {evaluations}", done++, evaluations);
        PerplexityResult dense = Evaluate("the dense model"), whole;
        using (MaskedWeights.Apply(model, masks)) whole = Evaluate("the whole mask");
        IReadOnlyList<SensitivityRow> ofBlocks = Sensitivity.Measure(model, masks, blocks, dense.Perplexity, Evaluate);
        IReadOnlyList<SensitivityRow> ofKinds = Sensitivity.Measure(model, masks, kinds, dense.Perplexity, Evaluate);
        double rise = Sensitivity.Rise(dense.Perplexity, whole.Perplexity), maxLoss = request.MaxLoss ?? Math.Max(0, rise / 2);
        IReadOnlyList<string> others = ModelPart.SkipOthers(all, masks.Keys.ToHashSet(StringComparer.Ordinal));
        SkipSuggestion? Suggest(IReadOnlyList<SensitivityRow> rows, IReadOnlyList<ModelPart> parts, string what)
        {
            if (SkipSuggestion.Of(rows, others, rise, maxLoss) is not { } suggestion) return null;
            if (suggestion.Parts.Count == 0) return suggestion with { MeasuredRise = rise };
            HashSet<string> skipped = [.. parts.Where(part => suggestion.Parts.Contains(part.Name)).SelectMany(part => part.Layers)];
            using MaskedWeights rest = MaskedWeights.Apply(model, masks.Where(pair => !skipped.Contains(pair.Key))
                .ToDictionary(StringComparer.Ordinal));
            return suggestion with
            {
                MeasuredRise = Sensitivity.Rise(dense.Perplexity,
                At("measuring the suggestion", what, 0, 1).Perplexity)
            };
        }
        return new SensitivityReport(
            request.Model, request.Data, request.Mask, length, dense, whole, ofBlocks, ofKinds, maxLoss,
            Suggest(ofBlocks, blocks, "blocks"), Suggest(ofKinds, kinds, "kinds"));
    }

    private static IReadOnlyDictionary<string, Mask> ReadMask(SensitivityRequest request)
    {
        IReadOnlyDictionary<string, Mask> masks = CheckpointMasks.Read(request.Mask, request.Model);
        return masks.Count > 0 ? masks : throw new InvalidDataException($"{request.Mask} holds no mask; there is nothing to measure.");
    }
}
