using System.Globalization;
using System.Text;
using MaskLlm.Data;
using MaskLlm.Formats;
using MaskLlm.Runs;

namespace MaskLlm.Priors;

/// <summary>The model card of a one-shot pruning run.</summary>
internal static class PruneCard
{
    internal static void Write(string path, PruneRequest request, IReadOnlyList<KindDensity> densities, RunDensity kept)
    {
        string model = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(request.Model)));
        StringBuilder card = new();
        card.Append(CultureInfo.InvariantCulture, $"# {kept.Title(request.Pattern)} for {model}\n\n");
        card.Append(CultureInfo.InvariantCulture,
            $"One-shot pruning with maskllm, method `{request.How.Name}`: {request.Pattern.Kept} of every {request.Pattern.GroupSize} "
            + $"neighbours in a row stay. ");
        card.Append(kept.Sentence(request.DenseShare));
        card.Append(request.How.ChangesWeights
            ? "`mask.npz` holds one bit a weight of every masked layer, and `model` the checkpoint: its weights make up for those that "
                + "are gone, so the mask alone on the original model is another thing. Embedding and head stay dense.\n\n"
            : "`mask.npz` holds one bit a weight of every masked layer; the weights themselves are unchanged, embedding and head stay "
                + "dense.\n\n");
        if (request.Permute) card.Append(PermutedModel.Sentence);
        card.Append("| kind of layer | masked | density |\n|---|---|---|\n");
        foreach (KindDensity kind in densities)
            card.Append(CultureInfo.InvariantCulture,
                $"| {kind.Kind} | {kind.MaskedLayers} of {kind.Layers} | {100 * kind.Density:0.00} % |\n");
        card.Append(CultureInfo.InvariantCulture, $"\nMade by:\n\n```\n{Command(request)}\n```\n\n");
        string measured = request.How.ChangesWeights ? "model" : $"{(request.Permute ? "permuted" : "MODEL")} --mask mask.npz";
        card.Append(CultureInfo.InvariantCulture,
            $"No perplexity was measured: `maskllm eval {measured} --data TEXT` does. "
            + $"Every option, version and input hash is in `run.json`.\n");
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(card.ToString())));
    }

    private static string Command(PruneRequest request) => string.Concat(
        $"maskllm prune {Quoted(RecordedPath.Of(request.Model))} {How(request)} --pattern {request.Pattern}",
        $"{Calibration(request)}{Update(request)} --out {Quoted(RecordedPath.Of(request.Out))}",
        string.Concat(request.Skip.Select(skip => $" --skip {Quoted(skip)}")),
        request.DenseShare == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" --dense-share {request.DenseShare}"));

    private static string How(PruneRequest request) =>
        request.Mask is { } mask ? $"--mask {Quoted(RecordedPath.Of(mask))}" : $"--method {request.Method}";

    private static string Update(PruneRequest request) =>
        (request.UpdateWeights == WeightUpdate.None ? "" : $" --update-weights {request.UpdateWeights.ToString().ToLowerInvariant()}")
        + (request.How.Solves && !request.Blockwise ? " --blockwise false" : "")
        + (request.Permute ? " --permute" : "");

    private static string Calibration(PruneRequest request) => request.Data is null
        ? ""
        : string.Create(CultureInfo.InvariantCulture,
            $" --data {string.Join(' ', request.Data.Sources.Select(source => Quoted(RecordedPath.Of(source))))}{Reading(request.Data)}"
            + $" --samples {request.Samples}{(request.SequenceLength is { } length ? $" --seq-len {length}" : "")} --seed {request.Seed}");

    private static string Reading(CorpusOptions data) =>
        (data.DocumentSeparator is { } separator ? $" --document-separator {Quoted(DocumentSeparator.Escape(separator))}" : "")
        + (data.TextColumn == CorpusOptions.DefaultTextColumn ? "" : $" --text-column {Quoted(data.TextColumn)}");

    private static string Quoted(string argument) =>
        argument.All(c => char.IsAsciiLetterOrDigit(c) || "/._-:".Contains(c, StringComparison.Ordinal))
        ? argument
        : $"'{argument.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
