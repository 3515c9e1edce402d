using MaskLlm.Architectures;
using MaskLlm.Data;
using MaskLlm.Evaluation;
using MaskLlm.Machine;
using MaskLlm.Measures;
using MaskLlm.Models;
using MaskLlm.Tokens;

namespace MaskLlm.Experiments;

/// <summary>The texts of an experiment as token ids, and the perplexities on them.</summary>
internal sealed class EvaluationTexts
{
    private static readonly string[] Endings = [".gz", ".zst", ".txt", ".npy"];
    private readonly OrderedDictionary<string, int[]> _ids = new(StringComparer.Ordinal);
    private readonly int _length, _windows;

    private EvaluationTexts(int length, int windows) => (_length, _windows) = (length, windows);

    /// <summary>Predicted tokens of one text, at most.</summary>
    internal long Tokens(string text) => (long)Math.Min(_ids[text].Length / _length, _windows) * _length;

    /// <summary>A short name for each text: of a domain its own, of a file its name without endings, or with its folder where that is not
    /// enough.</summary>
    /// <exception cref="ArgumentException">A file is named twice.</exception>
    internal static OrderedDictionary<string, string> Named(IReadOnlyList<string> files, IReadOnlyList<DomainTexts> domains)
    {
        OrderedDictionary<string, string> named = new(StringComparer.Ordinal);
        foreach (DomainTexts domain in domains) named.Add(domain.Name, domain.TestPath);
        foreach (string file in files)
        {
            bool alone = files.Count(other => ShortName(other) == ShortName(file)) == 1;
            if (!named.TryAdd(alone ? ShortName(file)
                : $"{Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(file)))}/{ShortName(file)}", file))
                throw new ArgumentException($"`EvalTexts` {file}: another text has the same name and folder; name each once.");
        }
        return named;
    }

    /// <summary>Encodes each text as a whole.</summary>
    /// <exception cref="ArgumentException">A window does not fit the model, or a text is shorter than one.</exception>
    internal static EvaluationTexts Read(ExperimentRequest request, IReadOnlyDictionary<string, string> named, DecoderConfig config,
        IProgress<Progress>? progress, CancellationToken cancellation)
    {
        PerplexityWindows.RequireFit(config, request.WindowLength, request.MaxWindows,
            request.EvalSequenceLength is null ? "SequenceLength" : "EvalSequenceLength");
        Lazy<Tokenizer> tokenizer = new(() => ModelTokenizer.Load(request.Model, config));   // ids need none
        EvaluationTexts texts = new(request.WindowLength, request.MaxWindows);
        foreach ((string name, string path) in named)
        {
            cancellation.ThrowIfCancellationRequested();
            progress?.Report(new Progress("reading the texts", texts._ids.Count, named.Count, path));
            int[] ids = WholeTokens.Read(path, config.VocabularySize, text => tokenizer.Value.Encode(text), cancellation);
            if (ids.Length < request.WindowLength)
                throw new ArgumentException($"{path}: {ids.Length} tokens; a window takes {request.WindowLength}. "
                    + $"Lower `EvalSequenceLength`, or name a longer text.");
            texts._ids.Add(name, ids);
        }
        return texts;
    }

    /// <summary>Perplexities of the model as it stands, by the text's name.</summary>
    internal OrderedDictionary<string, double> Perplexities(Decoder model, IReadOnlyList<string> names, IProgress<Progress>? progress,
        CancellationToken cancellation)
    {
        OrderedDictionary<string, double> perplexities = new(StringComparer.Ordinal);
        foreach (string name in names)
        {
            progress?.Report(new Progress("evaluating", perplexities.Count, names.Count, name));
            perplexities.Add(name,
                Perplexity.Evaluate(model, _ids[name], _length, _windows, what: $"the model on {name}",
                cancellation: cancellation).Perplexity);
        }
        return perplexities;
    }

    private static string ShortName(string file)
    {
        string name = Path.GetFileName(file);
        while (Endings.FirstOrDefault(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase)
            && name.Length > ending.Length) is { } ending) name = name[..^ending.Length];
        return name;
    }
}
