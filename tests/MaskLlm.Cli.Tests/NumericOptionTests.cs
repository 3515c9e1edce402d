using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using MaskLlm.Learning;
using MaskLlm.Settings;

namespace MaskLlm.Cli.Tests;

/// <summary>Every number that an option of any verb takes: its default, its range, and what is no number.</summary>
public sealed class NumericOptionTests
{
    private const string Int = "2147483647", AboveInt = "2147483648", Float = "3.4028234663852886E+38", AboveFloat = "3.5E38",
        Tiny = "1E-30";

    private static readonly string[] Learning =
    [
        $"--batch-size 8 1 {Int} 0 {AboveInt}", $"--micro-batch-size - 1 {Int} 0 {AboveInt}", $"--seq-len 256 1 {Int} 0 {AboveInt}",
            "--seed 0 0 18446744073709551615 -1 18446744073709551616",
    ];

    private static readonly string[] Learned =
    [
        .. Learning, $"--learning-rate 0.0007 {Tiny} {Float} 0 {AboveFloat}", $"--epsilon 1E-05 {Tiny} {Float} 0 {AboveFloat}",
            $"--prior-strength 1 0 {Float} -0.1 {AboveFloat}", $"--weight-decay 0.1 0 {Float} -0.1 {AboveFloat}",
            $"--clip-norm 1 {Tiny} {Float} 0 {AboveFloat}",
        $"--score-strength 2 0 {Float} -0.1 {AboveFloat}", $"--initial-std 0.01 {Tiny} {Float} 0 {AboveFloat}",
            "--distillation 0.7 0 1 -0.1 1.1", $"--state-distillation 0 0 {Float} -0.1 {AboveFloat}",
        "--noise 0 0 100 0.0000009 100.1", "--noise 0 0.000001 100 -0.1 100.1", "--average-decay 0 0 0.999 -0.1 1",
        $"--weight-reward 1E-05 0 {Float} -1 {AboveFloat}", $"--weight-learning-rate 0.0001 {Tiny} {Float} 0 {AboveFloat}",
        $"--dropped-decay 0.0002 0 {Float} -0.1 {AboveFloat}", $"--prior-samples 64 1 {Int} 0 {AboveInt}",
        $"--min-expert-tokens 256 0 {Int} -1 {AboveInt}",
    ];

    private static readonly string[] Runtime = ["--threads - 1 1024 0 1025", $"--context - 1 {Int} 0 {AboveInt}"];

    // Verb: option, default, lowest, highest, too low, too high.
    private static readonly Dictionary<string, string[]> Ranges = new(StringComparer.Ordinal)
    {
        ["demo"] = [$"--steps 160 1 {Int} 0 {AboveInt}", "--seed 0 0 18446744073709551615 -1 18446744073709551616",
        "--threads - 1 1024 0 1025"],
        ["learn"] =
        [
            .. Learned, $"--steps 600 1 {Int} 0 {AboveInt}", $"--save-every 50 1 {Int} 0 {AboveInt}",
                $"--log-every 10 1 {Int} 0 {AboveInt}", $"--eval-every 0 0 {Int} -1 {AboveInt}",
            $"--eval-windows 128 1 {Int} 0 {AboveInt}", $"--limit - 1 {Int} 0 {AboveInt}", "--threads - 1 1024 0 1025",
        ],
        ["prune"] =
        [
            $"--samples 128 1 {Int} 0 {AboveInt}", $"--seq-len - 1 {Int} 0 {AboveInt}", $"--hidden-memory 2048 0 {Int} -1 {AboveInt}",
            $"--min-expert-tokens 256 0 {Int} -1 {AboveInt}",
                "--seed 0 0 18446744073709551615 -1 18446744073709551616", "--dense-share 0 0 0.999 -0.1 1",
            "--threads - 1 1024 0 1025",
        ],
        ["permute"] =
        [
            $"--samples 128 1 {Int} 0 {AboveInt}", $"--seq-len - 1 {Int} 0 {AboveInt}",
            "--seed 0 0 18446744073709551615 -1 18446744073709551616", "--threads - 1 1024 0 1025",
        ],
        ["eval"] =
        [
            $"--seq-len - 2 {Int} 1 {AboveInt}", $"--max-windows - 1 {Int} 0 {AboveInt}", $"--limit - 1 {Int} 0 {AboveInt}",
            "--threads - 1 1024 0 1025",
        ],
        ["sensitivity"] = [$"--seq-len - 2 {Int} 1 {AboveInt}", $"--max-windows - 1 {Int} 0 {AboveInt}",
        "--max-loss - 0 1.7976931348623157E+308 -0.1 1E309", "--threads - 1 1024 0 1025"],
        ["experiment"] =
        [
            .. Learned.Where(row => !row.StartsWith("--seed ", StringComparison.Ordinal)), $"--steps 100 1 {Int} 0 {AboveInt}",
                $"--samples 128 1 {Int} 0 {AboveInt}",
            "--seeds - 0 18446744073709551615 -1 18446744073709551616", $"--eval-seq-len - 2 {Int} 1 {AboveInt}",
            $"--max-windows 128 1 {Int} 0 {AboveInt}", $"--limit - 1 {Int} 0 {AboveInt}", "--threads - 1 1024 0 1025",
        ],
        ["export"] =
        [
            $"--samples 128 1 {Int} 0 {AboveInt}", $"--seq-len - 1 {Int} 0 {AboveInt}",
            "--seed 0 0 18446744073709551615 -1 18446744073709551616", "--threads - 1 1024 0 1025",
        ],
        ["generate"] =
        [
            .. Runtime, $"--max-tokens 128 1 {Int} 0 {AboveInt}", "--temperature 0 0 100 -0.1 100.1", $"--top-k 0 0 {Int} -1 {AboveInt}",
                $"--top-p 1 {Tiny} 1 0 1.1",
            "--repetition-penalty 1 0.01 100 0.009 100.1", "--seed 0 0 18446744073709551615 -1 18446744073709551616",
        ],
        ["serve"] =
        [
            .. Runtime, "--port 8080 0 65535 -1 65536", "--parallel 16 1 1024 0 1025", "--queue 64 0 1000000 -1 1000001",
                $"--max-prompt - 1 {Int} 0 {AboveInt}", $"--max-output 1024 1 {Int} 0 {AboveInt}",
            "--max-body 4194304 1 1073741824 0 1073741825", "--max-bodies - 1 1099511627776 0 1099511627777",
            $"--cache-mb 2048 1 {Int} 0 {AboveInt}",
        ],
        ["bench"] = [$"--repeats 9 1 {Int} 0 {AboveInt}", "--threads - 1 1024 0 1025"],
        ["bench learn"] = [.. Learning, $"--repeats 5 1 {Int} 0 {AboveInt}", "--threads - 1 1024 0 1025"],
        ["experiment deploy"] =
        [
            $"--seq-len - 2 {Int} 1 {AboveInt}", $"--max-windows 40 1 {Int} 0 {AboveInt}", $"--limit - 1 {Int} 0 {AboveInt}",
            $"--repeats 5 1 {Int} 0 {AboveInt}", $"--max-memory - 1 {Int} 0 {AboveInt}",
            $"--min-tokens-per-second - {Tiny} {Float} 0 {AboveFloat}", "--max-loss - 0 1.7976931348623157E+308 -0.1 1E309",
            "--threads - 1 1024 0 1025",
        ],
        ["bench tasks"] = [$"--limit - 1 {Int} 0 {AboveInt}", "--threads - 1 1024 0 1025"],
        ["bench busy"] =
        [
            "--processes 1 1 1024 0 1025", $"--repeats 3 1 {Int} 0 {AboveInt}", "--seconds 4 0 3600 -1 3600.1", "--threads - 1 1024 0 1025",
        ],
        ["info"] = ["--threads - 1 1024 0 1025"],
        ["pretrain"] =
        [
            $"--steps 3000 1 {Int} 0 {AboveInt}", $"--batch-size 32 1 {Int} 0 {AboveInt}", $"--seq-len 256 1 {Int} 0 {AboveInt}",
                $"--learning-rate 0.002 {Tiny} {Float} 0 {AboveFloat}", $"--warmup-steps 100 0 {Int} -1 {AboveInt}",
            $"--weight-decay 0.1 0 {Float} -0.1 {AboveFloat}", $"--clip-norm 1 {Tiny} {Float} 0 {AboveFloat}",
            $"--save-every 100 1 {Int} 0 {AboveInt}", $"--eval-every 100 1 {Int} 0 {AboveInt}",
                "--seed 0 0 18446744073709551615 -1 18446744073709551616", "--threads - 1 1024 0 1025",
        ],
    };

    private static readonly Type[] NumberTypes = [typeof(int), typeof(long), typeof(ulong), typeof(float), typeof(double)];

    public static TheoryData<string> NoNumbers() =>
        ["0,5", "1,000", "1_000", " 1", "1 ", "NaN", "Infinity", "-Infinity", "1e999", "\u0663", "\uFF11", "", "0x10", "(1)", "$1", "1%",
            "1 000", "--5", "ten", "\u22121"];

    [Fact]
    public void EveryNumericOption_HasARowOfTheTable() => Assert.Equal(
        Ranges.SelectMany(verb => verb.Value.Select(row => $"{verb.Key} {row.Split(' ')[0]}")).Distinct().Order(StringComparer.Ordinal),
        NumericOptions().Select(pair => $"{pair.Verb} {pair.Option.Name}").Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(NoNumbers))]
    public void EveryNumericOption_NoNumber_IsRefusedByName(string text)
    {
        foreach ((string verb, Option option) in NumericOptions())
        {
            // Not taken for another option: after an equals sign.
            string sentence = Assert.Single(Errors(verb, option, text));
            Assert.Contains(text.Length == 0 ? "\"\"" : text, sentence, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void EveryNumericOption_Range_IsThatOfTheTable()
    {
        Dictionary<string, Option> options = NumericOptions().ToDictionary(pair => $"{pair.Verb} {pair.Option.Name}", pair => pair.Option);
        foreach ((string verb, string row) in Ranges.SelectMany(verb => verb.Value.Select(row => (verb.Key, row))))
        {
            string[] cells = row.Split(' ');
            Option option = options[$"{verb} {cells[0]}"];
            Assert.Equal($"{cells[0]} {cells[1]}", $"{cells[0]} {Default(option)}");
            Assert.Equal([], Errors(verb, option, cells[2]).Concat(Errors(verb, option, cells[3])));
            Assert.StartsWith($"{cells[0]} is ", Assert.Single(Errors(verb, option, cells[4])), StringComparison.Ordinal);
            Assert.StartsWith($"{cells[0]} is ", Assert.Single(Errors(verb, option, cells[5])), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("0")]
    [InlineData("1")]
    [InlineData("fused,plain")]
    [InlineData("")]
    public void EveryNamedChoice_NumberOrSeveral_IsRefused(string text)
    {
        (string Verb, Option Option)[] choices = [.. AllOptions().Where(pair => SettingOf(pair.Option) is { Choices.Count: > 0 })];
        Assert.Equal(15, choices.Length);
        foreach ((string verb, Option option) in choices) Assert.Single(Errors(verb, option, text));
    }

    [Fact]
    public void Run_DecimalComma_EndsWithTwoAndOneSentence()
    {
        CommandRun run = CommandRun.Of("learn", "MODEL", "--data", "a.txt", "--out", "o", "--learning-rate", "0,0007");
        Assert.Equal(2, run.ExitCode);
        Assert.Equal("--learning-rate is \"0,0007\"; a positive number is needed, in digits with a point. maskllm learn --help lists what "
            + "it takes.", run.LastLine);
    }

    private static List<string> Errors(string verb, Option option, string text) =>
        [.. CommandLine.Root(CancellationToken.None)
            .Parse([.. verb.Split(' '), .. text.Length == 0 ? new[] { option.Name, "" } : [$"{option.Name}={text}"]]).Errors.Select(error =>
            error.Message).Where(message => message.StartsWith(option.Name, StringComparison.Ordinal))];

    private static string Default(Option option) =>
        !option.HasDefaultValue ? "-" : Convert.ToString(option.GetDefaultValue(), CultureInfo.InvariantCulture) is { Length: > 0 } text
            ? text : "-";

    private static IEnumerable<(string Verb, Option Option)> NumericOptions() => AllOptions().Where(pair =>
    {
        Type type = pair.Option.ValueType.GetElementType() ?? pair.Option.ValueType;
        return NumberTypes.Contains(Nullable.GetUnderlyingType(type) ?? type)
            || SettingOf(pair.Option)?.ToJson(new LearnOptions())?.GetValueKind() == JsonValueKind.Number
            || pair.Option.Name == "--warmup-steps";
    });

    private static Setting<LearnOptions>? SettingOf(Option option) => option.ValueType == typeof(string)
        ? LearnSettings.All.FirstOrDefault(setting => $"--{setting.Name}" == option.Name) : null;

    private static IEnumerable<(string Verb, Option Option)> AllOptions() => Of(CommandLine.Root(CancellationToken.None), "");

    private static IEnumerable<(string, Option)> Of(Command command, string path) => command.Options.Select(option => (path, option))
        .Concat(command.Subcommands.SelectMany(verb => Of(verb, path.Length == 0 ? verb.Name : $"{path} {verb.Name}")));
}
