using MaskLlm.Architectures;
using MaskLlm.Formats;
using MaskLlm.Formats.MaskNpz;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Patterns;

namespace MaskLlm.Priors;

/// <summary>From several masks or learned logits of one model to one mask file, to start a learning run from.</summary>
public static class MergeRun
{
    private const string LogitsEnding = ".safetensors";

    /// <summary>Merges: of masks the N inputs of each group that most of them keep, of logits the candidate with the largest sum.</summary>
    /// <param name="request">What to do.</param>
    /// <param name="progress">Told of every weight matrix.</param>
    /// <param name="cancellation">Stops between matrices; nothing is written then.</param>
    /// <exception cref="ArgumentException">Too few or too many inputs, masks and logits mixed, or <c>Out</c> makes no sense.</exception>
    /// <exception cref="FileNotFoundException">An input is missing.</exception>
    /// <exception cref="InvalidDataException">An input is damaged, or its layers, sizes or pattern are not the first one's.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static MergeReport Execute(MergeRequest request, IProgress<Progress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        bool logits = AreLogits(request.Inputs);
        string[] paths = [.. request.Inputs.Select(MaskPath)];
        RequireOut(request, paths);
        using MergedLogits? learned = logits ? MergedLogits.Open(paths, request.Model) : null;
        MergedMasks? masks = logits ? null : MergedMasks.Read(paths, request.Model);
        NmPattern pattern = learned?.Pattern ?? masks!.Pattern;
        string[] names = [.. learned?.Names ?? masks!.Files[0].Masks.Keys];
        OrderedDictionary<string, Mask> merged = new(StringComparer.Ordinal);
        MaskAgreement[] agreement = [.. paths.Select(_ => MaskAgreement.None)];
        long unanimous = 0;
        foreach (string name in names)
        {
            cancellation.ThrowIfCancellationRequested();
            (IReadOnlyList<Mask> own, Mask result) = learned?.Masks(name) ?? Vote(masks!, name);
            merged.Add(name, result);
            unanimous += MaskMerge.CountUnanimous(own, pattern.GroupSize);
            for (int i = 0; i < own.Count; i++) agreement[i] = agreement[i].Plus(MaskAgreement.Between(own[i], result, pattern.GroupSize));
            progress?.Report(new Progress("merging", merged.Count, names.Length, name));
        }
        if (request.Model is { } model) CheckpointMasks.Write(request.Out, merged, model);
        else MaskNpz.Write(request.Out, merged);
        return new MergeReport(request.Out, pattern, merged.Count, agreement[0].Groups, unanimous, [.. request.Inputs.Zip(agreement)]);
    }

    /// <summary>Says which layer is in one file only.</summary>
    /// <exception cref="InvalidDataException">One is.</exception>
    internal static void RequireSameLayers(string firstPath, IEnumerable<string> first, string path, IEnumerable<string> names)
    {
        static void Require(string path, IEnumerable<string> names, string otherPath, IEnumerable<string> others)
        {
            if (others.Except(names, StringComparer.Ordinal).FirstOrDefault() is { } missing)
                throw new InvalidDataException($"{path} has no {missing}, which {otherPath} has; merge masks of the same layers.");
        }
        Require(path, names, firstPath, first);
        Require(firstPath, first, path, names);
    }

    private static (IReadOnlyList<Mask> Files, Mask Result) Vote(MergedMasks masks, string name)
    {
        Mask[] own = [.. masks.Files.Select(file => file.Masks[name])];
        return (own, MaskMerge.Vote(own, masks.Pattern));
    }

    private static bool AreLogits(IReadOnlyList<string> inputs)
    {
        if (inputs.Count < 2) throw new ArgumentException($"merge was given {inputs.Count} file; name at least two masks.");
        if (inputs.Count > MaskMerge.MostMasks)
            throw new ArgumentException($"merge was given {inputs.Count} files; at most {MaskMerge.MostMasks} can be merged at once.");
        static bool IsLogits(string path) => path.EndsWith(LogitsEnding, StringComparison.OrdinalIgnoreCase) && !Directory.Exists(path);
        bool logits = IsLogits(inputs[0]);
        if (inputs.FirstOrDefault(path => IsLogits(path) != logits) is { } other)
            throw new ArgumentException($"{inputs[0]} and {other}: one holds masks and the other logits; merge only masks or only logits.");
        return logits;
    }

    private static string MaskPath(string path)
    {
        if (!Directory.Exists(path)) return path;
        string mask = Path.Combine(path, "mask.npz");
        return File.Exists(mask) ? mask
            : throw new FileNotFoundException($"{path}: the folder holds no mask.npz; name a mask file or the folder of a finished run.",
            mask);
    }

    private static void RequireOut(MergeRequest request, string[] paths)
    {
        if (Directory.Exists(request.Out)) throw new ArgumentException($"`Out` {request.Out}: a folder; name the mask file to write.");
        if (paths.Any(path => FileIdentity.AreSame(path, request.Out)))
            throw new ArgumentException($"`Out` {request.Out}: one of the masks to merge; name another file.");
        if (File.Exists(request.Out) && !request.Force)
            throw new ArgumentException($"`Out` {request.Out}: the file exists; name another, or replace it with `Force`.");
        if (request.Model is { } model && CheckpointFiles.All(model).Any(file => FileIdentity.AreSame(file, request.Out)))
            throw new ArgumentException($"`Out` {request.Out}: a file of the model; name another.");
        if (File.Exists(request.Out) && !MaskNpz.IsOwn(request.Out))
            throw new ArgumentException($"`Out` {request.Out}: `Force` replaces masks that this program wrote, and this is none (or " +
                $"one of an earlier version); remove it, or name another.");
    }
}
