using System.CommandLine;
using MaskLlm.Cli.Output;
using MaskLlm.Decoding;
using MaskLlm.Numerals;
using MaskLlm.Products;

namespace MaskLlm.Cli.Commands;

/// <summary>The model of the verbs that run on the CPU runtime: a runtime file, or a folder that is packed first.</summary>
internal sealed class RuntimeModelOptions
{
    private readonly Argument<string> _model =
        new("MODEL") { Description = "A runtime file of `maskllm export`, or a Hugging Face folder, which is packed first." };
    private readonly Option<string?> _mask = new("--mask") { Description = "For a folder: a 2:4 mask.npz of it." };
    private readonly Option<string> _type = TypeOption();
    private readonly Option<bool> _map = new("--map")
    {
        Description = "For a file larger than memory: leave the weights in it and read what is looked at; nobody may write the file then.",
    };
    private readonly Option<int?> _threads = SharedOptions.Threads();
    private readonly Option<int?> _context = NumberOption.Optional(OptionRanges.Context,
        "The longest a text can be, in tokens; the model's own limit by default.");

    internal Argument<string> Model => _model;

    internal IReadOnlyList<Option> All => [_mask, _type, _map, _threads, _context];

    internal static Option<string> TypeOption() => new("--type")
    {
        Description = "For a folder: how its weights are packed, float32, bfloat16, int8 or int4. A file keeps its own.",
        DefaultValueFactory = _ => WeightTypes.NameOf(WeightType.BFloat16),
    };

    internal RuntimeModel Open(ParseResult parsed, CancellationToken stop)
    {
        using ProgressLine progress = new(parsed.InvocationConfiguration.Error);
        return RuntimeModel.OpenOrPack(
            parsed.GetValue(_model)!, WeightTypes.Parse(parsed.GetValue(_type)!), parsed.GetValue(_mask),
            progress, parsed.GetValue(_map), stop);
    }

    internal RuntimeDecoderOptions DecoderOptions(ParseResult parsed) =>
        new() { Threads = parsed.GetValue(_threads), ContextLength = parsed.GetValue(_context) };
}
