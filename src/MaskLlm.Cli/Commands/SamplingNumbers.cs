using System.CommandLine;
using MaskLlm.Runtime;

namespace MaskLlm.Cli.Commands;

/// <summary>Options of how tokens are drawn.</summary>
internal sealed class SamplingNumbers
{
    private static readonly SamplingOptions Defaults = new();

    private readonly Option<float> _temperature = new("--temperature") { Description = "Divides the logits; 0 always takes the most probable token.", DefaultValueFactory = _ => Defaults.Temperature };
    private readonly Option<int> _topK = new("--top-k") { Description = "Draw from this many of the most probable tokens; 0 for all.", DefaultValueFactory = _ => Defaults.TopK };
    private readonly Option<float> _topP = new("--top-p") { Description = "Draw from the most probable tokens that have this much probability together.", DefaultValueFactory = _ => Defaults.TopP };
    private readonly Option<float> _penalty = new("--repetition-penalty") { Description = "Above 1, tokens that the text has already become less probable.", DefaultValueFactory = _ => Defaults.RepetitionPenalty };
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
