using System.Collections;
using System.Diagnostics.CodeAnalysis;
using MaskLlm.Architectures;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Masks;

namespace MaskLlm.Evaluation;

/// <summary>Masks of the weights that are not zero, by name: each is taken from its file when it is asked for, and not kept.</summary>
/// <param name="source">Closed with this.</param>
/// <param name="tensors">Matrices, and how they are stored.</param>
/// <param name="cancellation">Stops before a tensor.</param>
internal sealed class NonZeroMasks(
    IDisposable source, IReadOnlyList<(SafetensorsFile File, TensorEntry Entry, StoredLayout Layout)> tensors,
    CancellationToken cancellation)
    : IReadOnlyDictionary<string, Mask>, IDisposable
{
    private readonly OrderedDictionary<string, (SafetensorsFile File, TensorEntry Entry, StoredLayout Layout)> _tensors =
        new(tensors.Select(tensor => KeyValuePair.Create(tensor.Entry.Name, tensor)), StringComparer.Ordinal);

    public IEnumerable<string> Keys => _tensors.Keys;

    public IEnumerable<Mask> Values => _tensors.Keys.Select(name => this[name]);

    public int Count => _tensors.Count;

    public Mask this[string key]
    {
        get
        {
            cancellation.ThrowIfCancellationRequested();
            (SafetensorsFile file, TensorEntry entry, StoredLayout layout) = _tensors[key];
            return layout.Turn(NonZeroValues.Of(file, entry));
        }
    }

    public bool ContainsKey(string key) => _tensors.ContainsKey(key);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out Mask value)
    {
        value = _tensors.ContainsKey(key) ? this[key] : null;
        return value is not null;
    }

    public IEnumerator<KeyValuePair<string, Mask>> GetEnumerator() =>
        _tensors.Keys.Select(name => KeyValuePair.Create(name, this[name])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public void Dispose() => source.Dispose();
}
