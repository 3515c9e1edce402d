namespace MaskLlm.Chat.Values;

/// <summary>A dict: keys and values in the order in which the keys came.</summary>
internal sealed class Mapping
{
    private readonly OrderedDictionary<MappingKey, object?> _items;

    /// <summary>Makes a dict; of equal keys the last one's value counts.</summary>
    /// <exception cref="TemplateFault">A key cannot be one, or the dict would be nested too deep.</exception>
    public Mapping(IEnumerable<(object? Key, object? Value)> items)
    {
        _items = [];
        foreach ((object? key, object? value) in items)
            _items[new MappingKey(key)] = value;
        Extent = Extent.Around(Keys.Concat(Values));
    }

    /// <summary>The keys.</summary>
    public IEnumerable<object?> Keys => _items.Keys.Select(key => key.Value);

    /// <summary>The values, in the order of the keys.</summary>
    public IEnumerable<object?> Values => _items.Values;

    /// <summary>Keys with their values.</summary>
    public IEnumerable<(object? Key, object? Value)> Items => _items.Select(item => (item.Key.Value, item.Value));

    /// <summary>How many keys there are.</summary>
    public int Count => _items.Count;

    /// <summary>How large it is, with all that is in it.</summary>
    public Extent Extent { get; }

    /// <summary>The value of a key.</summary>
    /// <exception cref="TemplateFault">The key cannot be one.</exception>
    public bool TryGet(object? key, out object? value) => _items.TryGetValue(new MappingKey(key), out value);
}
