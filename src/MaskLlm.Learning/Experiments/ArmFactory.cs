using MaskLlm.Data;
using MaskLlm.Learning;
using MaskLlm.Priors;

namespace MaskLlm.Experiments;

/// <summary>Makes the arms of one experiment, all with its model, data and folder.</summary>
/// <param name="request">The experiment.</param>
/// <param name="domains">The domains; empty for an experiment without.</param>
/// <param name="texts">Names of all texts.</param>
/// <param name="seeds">Seeds of the learned masks.</param>
internal sealed class ArmFactory(ExperimentRequest request, IReadOnlyList<DomainTexts> domains, IReadOnlyList<string> texts,
    IReadOnlyList<ulong> seeds)
{
    // Checkpoints cost little beside steps of large models, and a killed arm repeats what came after the last one.
    private const int SaveEvery = 25;

    private readonly ExperimentFolder _folder = new(request.Out);

    internal LearnOptions Options => request.Options;

    internal IReadOnlyList<string>? Values => request.Values;

    internal IReadOnlyList<ulong> Seeds => seeds;

    internal IReadOnlyList<DomainTexts> Domains => domains;

    internal Arm Dense() => new("dense", texts);

    /// <summary>A one-shot mask, calibrated on the experiment's data, or on a domain's and measured on it.</summary>
    internal Arm OneShot(string method, DomainTexts? domain = null, string? label = null)
    {
        // Magnitude looks at no data: one mask serves all domains.
        if (method == PruneRun.MagnitudeMethod) (domain, label) = (null, null);
        Arm arm = Named(label ?? method, domain, null);
        return Measured(arm with
        {
            Mask = _folder.MaskOf(arm.Slug),
            Prune = new PruneRequest
            {
                Model = request.Model,
                Method = method,
                Out = _folder.RunOf(arm.Slug),
                Pattern = Options.Pattern,
                Data = method == PruneRun.MagnitudeMethod ? null : DataOf(domain),
                Samples = request.Samples,
                SequenceLength = Options.SequenceLength,
                Seed = seeds[0],
                Skip = Options.Skip,
                Force = true,   // what a stopped run left is replaced
            },
        });
    }

    // A method that changes weights is measured with its own.
    private static Arm Measured(Arm arm) =>
        arm.Prune!.How.ChangesWeights ? arm with { Model = Path.Combine(arm.Prune.Out, "model") } : arm;

    /// <summary>SparseGPT whole: the weights that stay make up for those that go.</summary>
    internal Arm UpdatedSparseGpt()
    {
        Arm arm = OneShot(PruneRun.SparseGptMethod, label: ExperimentReport.UpdatedLabel);
        return Measured(arm with { Prune = arm.Prune! with { UpdateWeights = WeightUpdate.Own } });
    }

    /// <summary>The arm whose mask learning starts from; null for a start from nothing.</summary>
    /// <param name="prior">A method, a mask file or none; null for what the request says.</param>
    /// <param name="domain">The domain whose text a method looks at.</param>
    /// <param name="label">Of a method's arm, where not the method itself.</param>
    internal Arm? Prior(string? prior = null, DomainTexts? domain = null, string? label = null)
    {
        prior ??= request.Prior;
        if (prior == LearnRequest.NoPrior) return null;
        if (PruneRun.Methods.Contains(prior, StringComparer.Ordinal)) return OneShot(prior, domain, label);
        return File.Exists(prior) ? new Arm(Path.GetFileNameWithoutExtension(prior), texts) { Mask = prior }
            : throw new ArgumentException($"prior {prior}: no such file and no method; a mask file, {string.Join(", ", PruneRun.Methods)} "
                + $"or {LearnRequest.NoPrior} is expected.");
    }

    internal Arm Learned(string label, LearnOptions options, ulong seed, Arm? prior, DomainTexts? domain = null)
    {
        Arm arm = Named(label, domain, seed);
        bool isDense = options.TrainWeights == WeightTraining.Dense;
        return arm with
        {
            Mask = isDense ? null : _folder.MaskOf(arm.Slug),
            Model = options.TrainWeights == WeightTraining.None ? null : Path.Combine(_folder.RunOf(arm.Slug), "model"),
            Learn = new LearnRequest
            {
                Model = request.Model,
                Data = DataOf(domain),
                Out = _folder.RunOf(arm.Slug),
                Device = request.Device,
                Options = options with { Seed = seed },
                Prior = isDense ? LearnRequest.NoPrior : prior?.Mask ?? LearnRequest.NoPrior,
                StartWeights = options.StartsOnSolvedWeights ? prior?.Model : null,
                SaveEvery = SaveEvery,
                EvalWindows = 32,   // a word of warning; the experiment's own texts are what counts
                Resume = true,
            },
        };
    }

    internal Arm Merged(string label, ulong seed, IEnumerable<Arm> masks)
    {
        Arm arm = Named(label, null, seed);
        return arm with
        {
            Mask = _folder.MaskOf(arm.Slug),
            Merge = new MergeRequest
            {
                Inputs = [.. masks.Select(mask => mask.Mask!)],
                Out = _folder.MaskOf(arm.Slug),
                Model = request.Model,
                Force = true
            },
        };
    }

    private Arm Named(string label, DomainTexts? domain, ulong? seed) =>
        new(label, domain is null ? texts : [domain.Name]) { Domain = domain?.Name, Seed = seed };

    private CorpusOptions DataOf(DomainTexts? domain) => domain is not null
        ? request.Data with { Sources = [new DataSource(domain.TrainPath)] }
        : request.Data.Sources.Count > 0 ? request.Data
        : request.Data with { Sources = [.. domains.Select(each => new DataSource(each.TrainPath))] };
}
