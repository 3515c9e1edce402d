using System.Text;
using System.Text.Json.Nodes;
using MaskLlm.Formats;
using TorchSharp;

namespace MaskLlm.Runs;

/// <summary>The figures of logged steps, to <c>metrics.jsonl</c> and as TensorBoard events.</summary>
public sealed class MetricsLog : IDisposable
{
    private readonly string _path;
    private readonly StreamWriter _lines;
    private readonly TorchSharp.Modules.SummaryWriter _events;

    /// <param name="folder">The run's folder.</param>
    /// <param name="firstStep">Lines of this step and later ones, left by an interrupted run, are dropped.</param>
    public MetricsLog(RunFolder folder, long firstStep)
    {
        MetricsLines.Keep(folder.MetricsPath, firstStep);
        _path = folder.MetricsPath;
        _lines = new StreamWriter(folder.MetricsPath, append: true, new UTF8Encoding(false)) { AutoFlush = true };
        _events = torch.utils.tensorboard.SummaryWriter(folder.Path, createRunName: false);
    }

    /// <summary>Logs one step.</summary>
    /// <param name="step">Counts from 0.</param>
    /// <param name="figures">Names and values; the names are stable.</param>
    public void Write(long step, params IEnumerable<(string Name, double Value)> figures)
    {
        JsonObject line = new() { ["step"] = step };
        foreach ((string name, double value) in figures) line[name] = double.IsFinite(value) ? value : null;
        DiskFullException.Naming(_path, () =>
        {
            foreach ((string name, double value) in figures) _events.add_scalar(name, (float)value, (int)step);
            _lines.WriteLine(line.ToJsonString());
        });
    }

    /// <summary>Closes both files.</summary>
    public void Dispose()
    {
        _lines.Dispose();
        (_events as IDisposable)?.Dispose();
    }
}
