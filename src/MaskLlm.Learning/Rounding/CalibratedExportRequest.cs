using MaskLlm.Data;

namespace MaskLlm.Rounding;

/// <summary>A checkpoint to round to int4 on some text.</summary>
public sealed record CalibratedExportRequest
{
    /// <summary>A Hugging Face checkpoint folder.</summary>
    public required string Model { get; init; }

    /// <summary>A file of 2:4 masks; null: layers whose weights are 2:4 already are stored so.</summary>
    public string? Mask { get; init; }

    /// <summary>Text or token ids that the model runs on.</summary>
    public required CorpusOptions Data { get; init; }

    /// <summary>The file; replaced where it exists. It appears whole or not at all.</summary>
    public required string Out { get; init; }

    /// <summary>Sequences of the data; fewer where a matrix of ids has fewer rows.</summary>
    public int Samples { get; init; } = 128;

    /// <summary>Tokens a sequence; null: the length of the rows of a matrix of ids, else 256 or the model's positions where these are
    /// fewer.</summary>
    public int? SequenceLength { get; init; }

    /// <summary>Draws the sequences from text.</summary>
    public ulong Seed { get; init; }
}
