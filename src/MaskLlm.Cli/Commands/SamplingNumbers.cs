using System.CommandLine;
using MaskLlm.Decoding;
using MaskLlm.Numerals;

namespace MaskLlm.Cli.Commands;

/// <summary>Options of how tokens are drawn.</summary>
internal sealed class SamplingNumbers
{
    private static readonly SamplingOptions Defaults = new();

    private readonly Option<float> _temperature = NumberOption.Of(OptionRanges.Temperature, Defaults.Temperature,
        "Divides the logits; 0 always takes the most probable token.");
    private readonly Option<int> _topK = NumberOption.Of(OptionRanges.TopK, Defaults.TopK,
        "Draw from this many of the most probable tokens; 0 for all.");
    private readonly Option<float> _topP = NumberOption.Of(OptionRanges.TopP, Defaults.TopP,
        "Draw from the most probable tokens that have this much probability together.");
    private readonly Option<float> _penalty = NumberOption.Of(OptionRanges.RepetitionPenalty, Defaults.RepetitionPenalty,
        "Above 1, tokens that the text has already become less probable.");
    private readonly Option<ulong> _seed = SharedOptions.Seed();

    internal IReadOnlyList<Option> All => [_temperature, _topK, _topP, _penalty, _seed];

    internal SamplingOptions Read(ParseResult parsed)
    {
        SamplingOptions options = new()
        {
            Temperature = parsed.GetValue(_temperature),
            TopK = parsed.GetValue(_topK),
            TopP = parsed.GetValue(_topP),
            RepetitionPenalty = parsed.GetValue(_penalty),
            Seed = parsed.GetValue(_seed),
        };
        options.Validate();
        return options;
    }
}
