using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using MaskLlm.Machine;

namespace MaskLlm.Tasks;

/// <summary>Tasks whose data are read and encoded: the same for every model and mask.</summary>
internal sealed class TaskRun
{
    private readonly List<(TaskDefinition Task, TaskDocument[] Documents, List<AskedText> Texts)> _tasks = [];

    /// <summary>Reads the data of tasks.</summary>
    /// <param name="request">Which, and where.</param>
    /// <param name="encoding">The model's.</param>
    /// <param name="maxPositions">Longer texts lose their beginning.</param>
    /// <param name="progress">Told of each task.</param>
    /// <param name="cancellation">Stops between them.</param>
    /// <exception cref="ArgumentException">A name is no task.</exception>
    /// <exception cref="FileNotFoundException">A task has no data there.</exception>
    /// <exception cref="InvalidDataException">Data are damaged.</exception>
    internal TaskRun(TaskSelection request, TaskEncoding encoding, int maxPositions, IProgress<Progress>? progress,
        CancellationToken cancellation)
        : this(request, TaskCatalog.Find(request.Tasks), encoding, maxPositions, progress, cancellation)
    {
    }

    /// <summary>The same of tasks that are found.</summary>
    internal TaskRun(TaskSelection request, IReadOnlyList<TaskDefinition> tasks, TaskEncoding encoding, int maxPositions,
        IProgress<Progress>? progress, CancellationToken cancellation)
    {
        TaskData data = new(request.TaskData);
        for (int i = 0; i < tasks.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            progress?.Report(new Progress("reading tasks", i, tasks.Count, tasks[i].Name));
            IEnumerable<TaskDocument> all = tasks[i].Read(data.Read(tasks[i]));
            TaskDocument[] documents = [.. request.Limit is { } limit ? all.Take(limit) : all];
            if (documents.Length == 0) throw new InvalidDataException($"{request.TaskData}: the data of {tasks[i].Name} have no document.");
            _tasks.Add((tasks[i], documents, AskedText.Of(tasks[i].Name, documents, encoding, maxPositions)));
        }
    }

    /// <summary>Documents in all.</summary>
    internal int Documents => _tasks.Sum(task => task.Documents.Length);

    /// <summary>Continuations in all.</summary>
    internal int Requests => _tasks.Sum(task => task.Documents.Sum(document => document.Requests.Count));

    /// <summary>SHA-256 of all that is asked.</summary>
    internal string Hash()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (TaskRequest request in _tasks.SelectMany(task => task.Documents).SelectMany(document => document.Requests))
            hash.AppendData(Encoding.UTF8.GetBytes($"{request.Context}\0{request.Continuation}\0"));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Asks a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="phase">As progress names it.</param>
    /// <param name="answered">Told of every answer with its task, in order.</param>
    /// <param name="progress">Told of documents.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <returns>Of every task, and then of groups of which there are several.</returns>
    internal IReadOnlyList<TaskScore> Ask(ILikelihoods model, string phase, Action<string, TaskAnswer>? answered,
        IProgress<Progress>? progress, CancellationToken cancellation)
    {
        List<TaskScore> scores = [];
        long done = 0, total = _tasks.Sum(task => (long)task.Texts.Count);
        foreach ((TaskDefinition task, TaskDocument[] documents, List<AskedText> texts) in _tasks)
        {
            Stopwatch watch = Stopwatch.StartNew();
            Likelihood[][] likelihoods = [.. documents.Select(document => new Likelihood[document.Requests.Count])];
            model.Score([.. texts.Select(text => text.Text)], (index, found) =>
            {
                foreach ((int document, int request, Likelihood likelihood) in texts[index].Owners.Zip(found, (owner, likelihood) =>
                    (owner.Document, owner.Request, likelihood))) likelihoods[document][request] = likelihood;
            }, share => progress?.Report(new Progress(phase, done + (long)(share * texts.Count), total, task.Name)), cancellation);
            done += texts.Count;
            TaskAnswer[] answers = [.. documents.Select((document, number) => new TaskAnswer(number, document, likelihoods[number]))];
            foreach (TaskAnswer answer in answers) answered?.Invoke(task.Name, answer);
            scores.Add(TaskScore.Of(task.Name, answers, watch.Elapsed.TotalSeconds));
        }
        IEnumerable<IGrouping<string?, TaskScore>> groups = _tasks.Zip(scores).GroupBy(pair => pair.First.Task.Group, pair => pair.Second);
        return [.. scores, .. groups.Where(group => group.Key is not null && group.Count() > 1)
            .Select(group => TaskScore.OfGroup(group.Key!, [.. group]))];
    }
}
