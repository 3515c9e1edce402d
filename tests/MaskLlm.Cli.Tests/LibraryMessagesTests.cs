using System.CommandLine;
using System.Reflection;
using System.Text.RegularExpressions;
using MaskLlm.Cli.Output;
using MaskLlm.Decoding;
using MaskLlm.Learning;
using MaskLlm.Numerals;
using MaskLlm.Patterns;
using MaskLlm.Tests;
using MaskLlm.Tokens;

namespace MaskLlm.Cli.Tests;

/// <summary>The libraries' messages name properties and parameters in backticks; whoever runs the program reads options.</summary>
[Collection(TorchTests.Name)]
public sealed partial class LibraryMessagesTests : IDisposable
{
    private const string Cards = "Card.cs";

    private static readonly Assembly[] Libraries =
        [typeof(NmPattern).Assembly, typeof(Tokenizer).Assembly, typeof(RuntimeModel).Assembly, typeof(LearnOptions).Assembly];

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Source_OfLibraries_NamesNoOption()
    {
        HashSet<string> options = [.. Options(CommandLine.Root(CancellationToken.None))];
        Assert.Empty(Sources().Where(file => !file.Path.EndsWith(Cards, StringComparison.Ordinal))
            .SelectMany(file => OptionsIn(file.Text, options).Select(option => $"{file.Path}: {option}")));
    }

    [Fact]
    public void OptionsIn_KnownTexts_AreFound()
    {
        HashSet<string> options = ["--out", "--host"];
        Assert.Equal(["--out", "--host", "--what-ever"], OptionsIn("\"--out x\" (--host) /// --what-ever", options));
        Assert.Empty(OptionsIn("words[--at] (--depth) a--out ---out `maskllm apply M --out D` `hf \"\n + $\"download {a} --local-dir b`", options));
    }

    /// <summary>Each is known to who writes .NET, and to the command line.</summary>
    [Fact]
    public void Source_OfLibraries_NamesPropertiesThatAreOptions()
    {
        HashSet<string> members = [.. Libraries.SelectMany(library => library.GetExportedTypes()).SelectMany(Members)];
        OptionNames names = OptionNames.Of(CommandLine.Root(CancellationToken.None).Parse(["inspect"]));
        string[] named =
        [
            .. Sources().SelectMany(file => Quoted().Matches(file.Text).Select(match => match.Groups[1].Value))
                .Where(name => char.IsAsciiLetterUpper(name[0]) || names.In($"`{name}`") != $"`{name}`").Distinct(),
        ];
        Assert.True(named.Length > 30);
        Assert.All(named, name => Assert.Contains(name, members));
        Assert.All(named, name => Assert.StartsWith("--", names.In($"`{name}`"), StringComparison.Ordinal));
    }

    /// <summary>A number is called after a property, and that after the option that takes it.</summary>
    [Fact]
    public void Ranges_Subjects_ArePropertiesOfTheirOptions()
    {
        HashSet<string> members = [.. Libraries.SelectMany(library => library.GetExportedTypes()).SelectMany(Members)];
        foreach (FieldInfo field in typeof(OptionRanges).GetFields())
        {
            object range = field.GetValue(null)!;
            string subject = Text(range, "Subject"), name = Text(range, "Name");
            Assert.Equal($"--{name}", OptionNames.InAll(subject));
            // Which only the command line takes.
            if (name != "max-tokens") Assert.Contains(subject.Trim('`'), members);
        }
    }

    [Fact]
    public void Help_OfEveryVerb_NamesOptions()
    {
        foreach (Command verb in CommandLine.Root(CancellationToken.None).Subcommands)
            Assert.DoesNotMatch("`[A-Z]", CommandRun.Of(verb.Name, "--help").Output);
        string[] words = CommandRun.Of("learn", "--help").Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("or 32 with --parametrization items.", string.Join(' ', words), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("learn FILLED TEXT", "--out {0}: the folder already holds files, and no run of this program that --force could replace or --resume")]
    [InlineData("learn OUT TEXT --force --resume", "--force and --resume exclude each other")]
    [InlineData("learn FILLED TEXT --resume", "--out {0}: the folder holds files but no run for --resume to go on with")]
    [InlineData("learn OUT TEXT --seq-len 65", "--seq-len is 65; the model has 64 positions. Lower --seq-len to that or less.")]
    [InlineData("learn OUT TEXT --skip nothing", "--skip nothing matches no parameter")]
    [InlineData("learn OUT TEXT --skip *", "--skip leaves no layer to mask.")]
    [InlineData("learn OUT TEXT --device gpu", "--device gpu: cpu or cuda is expected.")]
    [InlineData("learn OUT TEXT --prior absent", "--prior absent: no such file")]
    [InlineData("learn OUT TEXT --eval-text absent", "--eval-text absent: no such file")]
    [InlineData("learn OUT TEXT --save-logits --train-weights only", "--save-logits: --train-weights only has no logits")]
    [InlineData("learn OUT TEXT --train-weights only --prior none", "--prior none: --train-weights only trains under a mask")]
    [InlineData("learn OUT TEXT --steps 0", "--steps is 0; at least 1 is needed.")]
    [InlineData("learn OUT TEXT --recipe x", "--recipe is \"x\"; distilled, maskllm, tuned are known.")]
    [InlineData("learn OUT TEXT --precision fp16", "--precision fp16: float32 or bfloat16 is expected.")]
    [InlineData("learn OUT TEXT --micro-batch-size 3", "--micro-batch-size is 3; a divisor of the batch size 8 is needed.")]
    [InlineData("learn OUT TEXT --pattern 8:16", "--pattern 8:16: a group has too many masks for a logit each; add --parametrization items.")]
    [InlineData("learn OUT TEXT --moments int8 --parametrization items", "--moments int8 is for --parametrization candidates; with items")]
    [InlineData("learn OUT TEXT --moments int8 --kernel plain", "--moments int8 is for --kernel fused; with --kernel plain leave it")]
    [InlineData("generate --prompt a --top-k -1", "--top-k is -1; at least 0 is needed.")]
    [InlineData("learn OUT TEXT --kappa 1", "\"1\" is not a schedule, as --kappa and --tau are")]
    [InlineData("prune OUT --method x", "--method x is not known")]
    [InlineData("prune OUT --method wanda", "--method wanda looks at activations; give it text or token ids with --data.")]
    [InlineData("prune OUT --method magnitude --update-weights own", "--update-weights own belongs to --method sparsegpt")]
    [InlineData("prune OUT TEXT --mask MASK --method wanda --update-weights", "--method wanda: the masks are those of --mask ")]
    [InlineData("learn OUT TEXT --start-weights some", "--start-weights some: --train-weights none starts from the model's own weights")]
    [InlineData("learn OUT TEXT --recipe tuned --start-weights some", "--start-weights some: its mask is needed too; name it by --prior")]
    [InlineData("learn OUT TEXT --train-weights dense --prior wanda", "--prior wanda: --train-weights dense has no mask to start from")]
    [InlineData("prune OUT TEXT --method wanda --seq-len 65", "--seq-len is 65; 1 to 64, the model's positions, is needed.")]
    [InlineData("eval TEXT --seq-len 65", "--seq-len is 65; the model has 64 positions. Lower --seq-len to that or less.")]
    [InlineData("eval TEXT --max-windows 1 --mask FILE", "")]
    [InlineData("sensitivity TEXT --mask magnitude --seq-len 65", "--seq-len is 65; the model has 64 positions")]
    [InlineData("apply FILLED --mask MASK", "--out {0}: the folder already holds files, and no checkpoint of this program that --force could replace")]
    [InlineData("export FOLDER", "--out {0} is a folder; name a file.")]
    [InlineData("export FILE", "--out {0}: a file is there; name another, or replace it with --force.")]
    [InlineData("export FILE --force", "--out {0}: --force replaces files that export wrote")]
    [InlineData("generate --prompt a --type float32 --context 1 --mask absent", "")]
    [InlineData("serve --cors x", "--cors x: an origin such as https://example.org")]
    [InlineData("serve --allowed-host a:80", "--allowed-host a:80: a host's name is expected, without a port.")]
    [InlineData("serve --max-body 10 --max-bodies 5", "--max-bodies 5: at least one body of --max-body (10) must fit in.")]
    [InlineData("serve --api-key \u00e4", "--api-key has characters that a request cannot bring")]
    [InlineData("serve --host no.such.host.invalid", "--host no.such.host.invalid: it has no address here")]
    [InlineData("bench", "bench measures either a runtime file or a --shape; name one of them.")]
    [InlineData("bench --shape big", "--shape big: llama-1b, llama-7b, olmoe-1b-7b, qwen3-30b-a3b, tiny are known.")]
    [InlineData("experiment domains OUT", "domains needs --domains, a folder")]
    [InlineData("experiment compare OUT", "compare needs --data, the text to learn and to calibrate on.")]
    [InlineData("experiment compare OUT TEXT", "compare needs --eval-text, a text or more")]
    [InlineData("experiment compare OUT TEXT --eval-text FILE --values 1", "compare varies no value; leave --values out.")]
    [InlineData("experiment alpha OUT TEXT --eval-text FILE --values x", "--values x: a number is expected.")]
    [InlineData("experiment alpha OUT TEXT --eval-text FILE --seq-len 65", "--seq-len is 65; the model has 64 positions. Lower --seq-len to that")]
    [InlineData("experiment alpha OUT TEXT --eval-text FILE --seq-len 16 --eval-seq-len 65",
        "--eval-seq-len is 65; the model has 64 positions. Lower --eval-seq-len to that")]
    [InlineData("experiment alpha FILLED TEXT --eval-text FILE", "--out {0}: the folder holds files and no experiment")]
    [InlineData("pretrain OUT TEXT --config absent", "--config absent: no such file")]
    public void Run_ThatTheLibrariesRefuse_NamesOptionsOfTheVerb(string arguments, string expected)
    {
        string filled = _folder.File("filled"), file = _folder.Write("file.txt", "some words"u8.ToArray());
        Directory.CreateDirectory(filled);
        File.WriteAllText(Path.Combine(filled, "other.txt"), "");
        string verb = arguments.Split(' ')[0], target = filled;
        List<string> all = [];
        foreach (string word in arguments.Split(' '))
            all.AddRange(word switch
            {
                "OUT" => ["--out", target = _folder.File("out")],
                "FILLED" => ["--out", target = filled],
                "FOLDER" => ["--out", target = filled],
                "FILE" when verb == "export" => ["--out", target = file],
                "FILE" => [file],
                "TEXT" => ["--data", TinyModel.TextPath],
                "MASK" => [MaskOf(TinyModel.Folder)],
                _ => [word],
            });
        if (verb is not ("bench" or "pretrain")) all.Insert(verb == "experiment" ? 2 : 1, TinyModel.Folder);
        if (verb is "learn" or "experiment" && !all.Contains("--seq-len")) all.AddRange(["--seq-len", "16"]);
        CommandRun run = CommandRun.Of([.. all]);

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith(string.Format(null, expected, target), run.LastLine, StringComparison.Ordinal);
        Assert.DoesNotMatch("`[A-Z]", run.Error);
        Command command = CommandLine.Root(CancellationToken.None).Subcommands.Single(one => one.Name == verb);
        string[] its = [.. Options(command), "--help"];
        Assert.All(Option().Matches(run.LastLine), option => Assert.Contains(option.Value, its));
    }

    public void Dispose() => _folder.Dispose();

    private string MaskOf(string model)
    {
        string folder = _folder.File("mask");
        CommandRun.Of("prune", model, "--method", "magnitude", "--out", folder).AssertSuccess();
        return Path.Combine(folder, "mask.npz");
    }

    private static IEnumerable<(string Path, string Text)> Sources()
    {
        string source = Path.Combine(ReadmeTests.RepositoryRoot(), "src");
        return Libraries.Select(library => Path.Combine(source, library.GetName().Name!))
            .SelectMany(folder => Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories))
            .Select(file => (Path.GetRelativePath(source, file), File.ReadAllText(file)));
    }

    // Commands for people are commands: in backticks, and those of model cards. What counts down is no option's name.
    private static IEnumerable<string> OptionsIn(string text, HashSet<string> options) =>
        Option().Matches(CommandForPeople().Replace(text, "")).Select(match => match.Value)
            .Where(name => options.Contains(name) || name.LastIndexOf('-') > 1);

    private static IEnumerable<string> Options(Command command) => command.Options.Select(option => option.Name)
        .Concat(command.Subcommands.SelectMany(Options));

    private static string Text(object range, string property) => (string)range.GetType().GetProperty(property)!.GetValue(range)!;

    private static IEnumerable<string> Members(Type type) => type.GetProperties().Select(property => property.Name)
        .Concat(type.GetMethods().SelectMany(method => method.GetParameters()).Select(parameter => parameter.Name!));

    [GeneratedRegex(@"(?<![-\w])--[a-z][a-z-]+")]
    private static partial Regex Option();

    [GeneratedRegex("`(?:maskllm|hf) [^`]*`")]
    private static partial Regex CommandForPeople();

    [GeneratedRegex("`([A-Za-z]+)`")]
    private static partial Regex Quoted();
}
