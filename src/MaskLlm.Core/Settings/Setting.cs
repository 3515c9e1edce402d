using System.Text.Json.Nodes;

namespace MaskLlm.Settings;

/// <summary>A value of a record of options, written once: checks, records of runs, experiments and the command line read it.</summary>
/// <typeparam name="TRecord">The record that has the value.</typeparam>
/// <param name="Name">As people and files write it, such as batch-size.</param>
/// <param name="Description">What it means, for people.</param>
public sealed record Setting<TRecord>(string Name, string Description)
{
    /// <summary>What is written after the name.</summary>
    public SettingForm Form { get; init; }

    /// <summary>What it is found under where there are many; null for those that people use first.</summary>
    public string? Heading { get; init; }

    /// <summary>The values that are known, in words; none where there are too many to list.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Whether another value stands in for it where it is not set.</summary>
    public bool IsOptional { get; init; }

    internal Func<TRecord, JsonNode?> Value { get; init; } = _ => null;

    internal Func<TRecord, IReadOnlyList<string>, TRecord> Change { get; init; } = (record, _) => record;

    internal Action<TRecord> Check { get; init; } = _ => { };

    /// <summary>The value as a record of a run has it.</summary>
    public JsonNode? ToJson(TRecord record) => Value(record);

    /// <summary>The record with another value.</summary>
    /// <param name="record">The record.</param>
    /// <param name="texts">What was written; for a flag nothing, true or false.</param>
    /// <exception cref="ArgumentException">The texts are no such value.</exception>
    public TRecord With(TRecord record, IReadOnlyList<string> texts) => Change(record, texts);

    /// <summary>Checks the value by itself.</summary>
    /// <exception cref="ArgumentException">It is out of its range.</exception>
    public void Require(TRecord record) => Check(record);
}
