using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MaskLlm.Chat;
using MaskLlm.Chat.Syntax;
using MaskLlm.Chat.Values;
using MaskLlm.Json;
using MaskLlm.Numerals;
using JsonValue = MaskLlm.Json.JsonValue;

namespace MaskLlm.Tasks;

/// <summary>A task of the user's own: a JSON file with templates (Jinja) over the members of a record.</summary>
/// <remarks>docs/tasks.md shows one.</remarks>
internal sealed class TemplateTask
{
    private static readonly string[] Members = ["name", "files", "context", "choices", "gold", "delimiter", "acc_norm"];

    // lm-evaluation-harness refuses what a record lacks too.
    private static readonly RenderLimits Strict = new() { RefusesUndefined = true };

    private readonly JsonValue _file;
    private readonly ChatTemplate _context;
    private readonly ChatTemplate? _gold, _list;
    private readonly IReadOnlyList<ChatTemplate>? _choices;
    private readonly int? _index;
    private readonly string _delimiter;
    private readonly bool _isNormalized;

    private TemplateTask(JsonValue file)
    {
        _file = file;
        _context = Template(file.Required("context"));
        JsonValue gold = file.Required("gold");
        if (gold.Kind == JsonValueKind.Number) _index = gold.Int();
        else _gold = Template(gold);
        if (file.Member("choices") is { } choices)
        {
            if (choices.Kind == JsonValueKind.Array) _choices = [.. choices.Items().Select(Template)];
            else _list = Template(choices);
        }
        else if (_index is not null) throw gold.Wrong("a template of the right text, where there are no choices");
        _delimiter = file.Member("delimiter")?.Text() ?? " ";
        _isNormalized = HasChoices && (file.Member("acc_norm")?.Flag() ?? true);
    }

    private bool HasChoices => _choices is not null || _list is not null;

    /// <summary>Reads the file of a task.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="InvalidDataException">It is no task.</exception>
    internal static TaskDefinition Read(string path)
    {
        JsonValue file = JsonValue.Read(path), files = file.Required("files"), name = file.Required("name");
        if (file.Members().Select(member => member.Key).FirstOrDefault(member => !Members.Contains(member)) is { } unknown)
            throw new InvalidDataException($"{path}: there is no member {JsonValue.Shortened(unknown)}"
                + $"{NearestName.Hint(unknown, Members)}; a task has {string.Join(", ", Members)}.");
        if (name.Text() is var text && (text.Length == 0 || !text.All(letter => char.IsLetterOrDigit(letter) || "-_.".Contains(letter))))
            throw name.Wrong("letters, digits, -, _ and .");
        TemplateTask task = new(file);
        string[] globs = files.Kind == JsonValueKind.Array ? [.. files.Items().Select(one => one.Text())] : [files.Text()];
        return TaskDefinition.OfRecords(text, globs, task.Document);
    }

    private TaskDocument Document(JsonValue record)
    {
        (string Key, JsonNode? Value)[] members = [.. record.Members().Select(member => (member.Key, member.Value.ToNode()))];
        string Render(ChatTemplate template)
        {
            try
            {
                return template.Render(members.Select(member => KeyValuePair.Create(member.Key, member.Value)), Strict);
            }
            catch (ArgumentException e)
            {
                throw new InvalidDataException($"{_file.File}: with {record.File}: {Own(e.Message)}", e);
            }
        }
        string context = Render(_context);
        if (!HasChoices) return new([new TaskRequest(context, _delimiter + Render(_gold!))], null);
        string[] choices = _list is null ? [.. _choices!.Select(Render)] : Listed(record, Render(_list));
        return new([.. choices.Select(choice => new TaskRequest(context, _delimiter + choice))],
            Gold(record, choices, _index is null ? Render(_gold!) : ""))
        {
            Lengths = _isNormalized ? [.. choices.Select(TaskDocument.CodePoints)] : null,
        };
    }

    private string[] Listed(JsonValue record, string json)
    {
        if (JsonSource.Parse(Encoding.UTF8.GetBytes(json), out JsonElement root) is null && root.ValueKind == JsonValueKind.Array
            && root.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String))
            return [.. root.EnumerateArray().Select(item => item.GetString()!)];
        throw new InvalidDataException($"{_file.File}: with {record.File}: choices gives {JsonValue.Shortened(json)}; a JSON list of texts "
            + $"is needed, such as of {{{{ options | tojson }}}}.");
    }

    // A number from 0, or the text of a choice.
    private int Gold(JsonValue record, string[] choices, string rendered)
    {
        int gold = _index ?? (int.TryParse(rendered.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? index
            : Array.IndexOf(choices, rendered));
        return gold >= 0 && gold < choices.Length ? gold : throw new InvalidDataException(
            $"{_file.File}: with {record.File}: gold is {JsonValue.Shortened(_index is null ? rendered : $"{_index}")}; the number of one "
            + $"of {choices.Length} choices, from 0, or its text is needed.");
    }

    private static ChatTemplate Template(JsonValue value)
    {
        string source = value.Text();
        try
        {
            // A template for chats loses its last line end, one for tasks keeps it.
            return ChatTemplate.Parse(source.EndsWith('\n') ? source + '\n' : source);
        }
        catch (Exception e) when (e is InvalidDataException or NotSupportedException)
        {
            throw new InvalidDataException($"{value.File}: {value.Key}: {Own(e.Message)}", e);
        }
    }

    private static string Own(string message) => message.Replace(SyntaxErrors.Template, "template", StringComparison.Ordinal);
}
