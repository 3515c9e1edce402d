namespace MaskLlm.Experiments;

/// <summary>Where everything lies in an experiment's folder.</summary>
/// <param name="path">The folder.</param>
internal sealed class ExperimentFolder(string path)
{
    internal string Path { get; } = path;

    /// <summary>What was asked for.</summary>
    internal string SettingsPath => File("experiment.json");

    internal string TablePath => File("table.md");

    internal string CsvPath => File("results.csv");

    /// <summary>The run of an arm: mask, record, checkpoint.</summary>
    internal string RunOf(string slug) => File("arms", slug, "run");

    internal string MaskOf(string slug) => File("arms", slug, "run", "mask.npz");

    /// <summary>Present where the arm is done.</summary>
    internal string ResultOf(string slug) => File("arms", slug, "result.json");

    private string File(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);
}
