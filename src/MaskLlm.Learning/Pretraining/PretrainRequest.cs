using MaskLlm.Data;
using MaskLlm.Numerals;

namespace MaskLlm.Pretraining;

/// <summary>A pretraining run: what, on what, where to.</summary>
public sealed record PretrainRequest
{
    /// <summary>A Hugging Face <c>config.json</c> of a family that is known; its vocabulary size is the tokenizer's too.</summary>
    public required string ConfigPath { get; init; }

    /// <summary>Text sources.</summary>
    public required CorpusOptions Data { get; init; }

    /// <summary>The folder that becomes a Hugging Face checkpoint.</summary>
    public required string Out { get; init; }

    /// <summary>Sizes, rates, seed.</summary>
    public PretrainOptions Options { get; init; } = new();

    /// <summary>Steps between checkpoints.</summary>
    public int SaveEvery { get; init; } = 100;

    /// <summary>Steps between held-out evaluations.</summary>
    public int EvalEvery { get; init; } = 100;

    /// <summary>Replace the files of an earlier run.</summary>
    public bool Force { get; init; }

    /// <summary>Go on from the checkpoint in <see cref="Out"/>.</summary>
    public bool Resume { get; init; }

    /// <summary>Checks the numbers.</summary>
    /// <exception cref="ArgumentException">One of them makes no sense.</exception>
    public void Validate()
    {
        Options.Validate();
        OptionRanges.SaveEvery.Require(SaveEvery);
        OptionRanges.PretrainEvalEvery.Require(EvalEvery);
    }
}
