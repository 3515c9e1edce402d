using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using MaskLlm.Architectures;
using MaskLlm.Data;
using MaskLlm.Formats;
using MaskLlm.Machine;
using MaskLlm.Priors;
using MaskLlm.Runs;
using MaskLlm.Tasks;

namespace MaskLlm.Experiments;

/// <summary>Tables and figures of the paper, on one's own model and text: many masks, made and measured one after the other.</summary>
public static class ExperimentRun
{
    /// <summary>The experiments.</summary>
    public static IReadOnlyList<string> Names => ExperimentPlan.Names;

    /// <summary>
    /// Does what is not done yet and writes <c>table.md</c> and <c>results.csv</c> after every arm. The folder may hold the same
    /// experiment,
    /// stopped at any point: finished arms are taken as they are, and a learning run goes on from its checkpoint.
    /// </summary>
    /// <param name="request">What to do.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="note">Told, in one sentence each, what an arm gave and how long the rest will take.</param>
    /// <param name="cancellation">Stops after the step.</param>
    /// <exception cref="ArgumentException">The request makes no sense, or the folder holds something else.</exception>
    /// <exception cref="FileNotFoundException">A text or the tokenizer is missing.</exception>
    /// <exception cref="InvalidDataException">Model, mask or data are broken, or learning diverged.</exception>
    /// <exception cref="InsufficientMemoryException">A run would not fit.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static ExperimentReport Execute(
        ExperimentRequest request, IProgress<Progress>? progress = null, Action<string>? note = null,
            CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ExperimentPlan.Require(request);
        DecoderConfig config = CheckpointConfig.Read(request.Model);
        if (request.Options.SequenceLength > config.MaxPositions)
            throw new ArgumentException($"`SequenceLength` is {request.Options.SequenceLength}; the model has "
                + $"{config.MaxPositions} positions. Lower `SequenceLength` to that or less.");
        IReadOnlyList<DomainTexts> domains = request.Domains is null ? [] : DomainTexts.Find(request.Domains);
        OrderedDictionary<string, string> named = EvaluationTexts.Named(request.EvalTexts, domains);
        IReadOnlyList<Arm> arms = ExperimentPlan.Of(request, domains, named.Keys);
        ExperimentFolder folder = new(request.Out);
        RequireUsable(folder);
        EvaluationTexts texts = EvaluationTexts.Read(request, named, config, progress, cancellation);
        TaskRun? tasks = request.Tasks is null ? null : new TaskRun(request.Tasks,
            new TaskEncoding(ModelTokenizer.Load(request.Model, config)), config.MaxPositions, progress, cancellation);
        string[] masks = [.. arms.Where(arm => arm.Prune is null && arm.Learn is null && arm.Merge is null).Select(arm => arm.Mask)
            .OfType<string>()];
        // Masks are set side by side at one density.
        foreach (string mask in masks) PriorMask.Read(mask, request.Model, request.Options.Pattern);
        JsonObject settings = ExperimentSettings.Of(request, named, domains, masks, tasks, cancellation);
        if (File.Exists(folder.SettingsPath)) ExperimentSettings.RequireSame(
            CheckedJson.Read(folder.SettingsPath, ExperimentSettings.Checked, "name another folder"), settings, request.Out);
        Directory.CreateDirectory(folder.Path);
        using FolderLock own = new(folder.Path);
        if (!File.Exists(folder.SettingsPath)) CheckedJson.Write(folder.SettingsPath, settings);
        return Run(request, arms, named.Keys, texts, tasks, folder, own, progress, note ?? (_ => { }), cancellation);
    }

    private static ExperimentReport Run(
        ExperimentRequest request, IReadOnlyList<Arm> arms, IReadOnlyList<string> names, EvaluationTexts texts, TaskRun? tasks,
        ExperimentFolder folder, FolderLock own, IProgress<Progress>? progress, Action<string> note, CancellationToken cancellation)
    {
        OrderedDictionary<string, ExperimentRow> done = new(
            arms.Where(arm => File.Exists(folder.ResultOf(arm.Slug))).Select(arm =>
                KeyValuePair.Create(arm.Slug,
                CheckedJson.Read(folder.ResultOf(arm.Slug), ExperimentRow.Parse, "remove it, and what it stood for is done again"))));
        ExperimentReport Report() => new(request, names, [.. arms.Where(arm => done.ContainsKey(arm.Slug)).Select(arm => done[arm.Slug])]);
        if (done.Count > 0) note($"{done.Count} of {arms.Count} arms are done already.");
        ArmCosts costs = new(arms, texts);
        ArmRunner runner = new(request, texts, tasks, progress, cancellation);
        foreach (Arm arm in arms.Where(arm => !done.ContainsKey(arm.Slug)))
        {
            long begin = Stopwatch.GetTimestamp();
            note($"arm {done.Count + 1} of {arms.Count}: {arm.Title}");
            ExperimentRow row = runner.Run(arm);
            CheckedJson.Write(folder.ResultOf(arm.Slug), row.ToJson());
            done.Add(arm.Slug, row);
            costs.Add(arm, Stopwatch.GetElapsedTime(begin).TotalSeconds);
            Write(Report(), folder);
            foreach (string repetition in row.Notes.Where(told => told.Contains("repetition", StringComparison.Ordinal)
                || told.Contains("shortage", StringComparison.Ordinal))) note($"  {repetition}");
            note(Sentence(arm, row, done.Values, costs.Left(done.Keys.ToHashSet(StringComparer.Ordinal))));
        }
        ExperimentReport report = Report();
        Write(report, folder);
        own.Remove();
        return report;
    }

    private static void Write(ExperimentReport report, ExperimentFolder folder)
    {
        ExperimentTable.Write(folder.TablePath, report);
        ExperimentCsv.Write(folder.CsvPath, report);
    }

    private static string Sentence(Arm arm, ExperimentRow row, IEnumerable<ExperimentRow> done, TimeSpan left)
    {
        double dense = ExperimentReport.GeometricMean(arm.Texts.Select(text => done.First().Perplexity[text]));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"  perplexity {ExperimentReport.GeometricMean(row.Perplexity.Values):0.000} (dense {dense:0.000}), {row.Seconds:0} s; "
                + $"{(left > TimeSpan.Zero ? FormattableString.Invariant($"about {left.TotalMinutes:0} minutes left") : "all done")}");
    }

    private static void RequireUsable(ExperimentFolder folder)
    {
        if (File.Exists(folder.Path)) throw new ArgumentException($"`Out` {folder.Path}: a file; name a folder.");
        TemporaryPath.Clean(folder.Path);
        if (!File.Exists(folder.SettingsPath) && FolderLock.IsUsed(folder.Path))
            throw new ArgumentException($"`Out` {folder.Path}: the folder holds files and no experiment; name a new one.");
    }
}
