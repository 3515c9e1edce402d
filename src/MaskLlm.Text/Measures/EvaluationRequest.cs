using MaskLlm.Tasks;

namespace MaskLlm.Measures;

/// <summary>What to measure, and on what.</summary>
public sealed record EvaluationRequest
{
    /// <summary>A Hugging Face checkpoint folder, or a runtime file.</summary>
    public required string Model { get; init; }

    /// <summary>One text file, also .gz or .zst, or a .npy file of token ids; null for no perplexity.</summary>
    public string? Data { get; init; }

    /// <summary>Tasks to ask; null for none.</summary>
    public TaskSelection? Tasks { get; init; }

    /// <summary>A file that takes a line for each document of the tasks; null for none.</summary>
    public string? LogSamples { get; init; }

    /// <summary>Mask files: a row each, after the dense one.</summary>
    public IReadOnlyList<string> Masks { get; init; } = [];

    /// <summary>Tokens a window, of which all but the first are predicted; null for the rows of a matrix of ids, else for the model's
    /// positions, at most 2048.</summary>
    public int? SequenceLength { get; init; }

    /// <summary>Only the first this many windows; null for all.</summary>
    public int? MaxWindows { get; init; }

    /// <summary>Leaves the weights in their files but for the block that runs; null: where all would not fit into memory. Of a runtime file
    /// it reads what is looked at, and null reads it whole.</summary>
    public bool? Stream { get; init; }

    internal void Validate()
    {
        if (Data is null && Tasks is null) throw new ArgumentException("nothing to measure: name a text with `Data`, or `Tasks`.");
        if (LogSamples is null) return;
        if (Tasks is null) throw new ArgumentException($"`LogSamples` {LogSamples}: there are no `Tasks` to log.");
        string folder = Path.GetDirectoryName(Path.GetFullPath(LogSamples))!;
        if (Directory.Exists(LogSamples) || !Directory.Exists(folder))
            throw new ArgumentException($"`LogSamples` {LogSamples}: a file in a folder that exists is needed.");
        // What is there may be what is read.
        if (Path.Exists(LogSamples))
            throw new ArgumentException($"`LogSamples` {LogSamples}: there is something of that name already; name a new file.");
    }
}
