namespace MaskLlm.Data;

/// <summary>Parts of a token file read as one stream.</summary>
internal sealed class TokenRanges(TokenFile file)
{
    private readonly List<long> _filePositions = [];
    private readonly List<long> _positions = []; // in the joined stream, where each part begins

    /// <summary>Ids in all parts.</summary>
    public long Length { get; private set; }

    /// <summary>Adds a part; one that continues the part before is joined to it.</summary>
    public void Add(long start, long end)
    {
        if (start == end)
            return;
        bool continues = _positions.Count > 0 && _filePositions[^1] + (Length - _positions[^1]) == start;
        if (!continues)
        {
            _filePositions.Add(start);
            _positions.Add(Length);
        }

        Length += end - start;
    }

    /// <summary>Copies ids of the joined stream.</summary>
    public void Read(long position, Span<int> ids)
    {
        int part = _positions.BinarySearch(position);
        if (part < 0)
            part = ~part - 1;
        while (!ids.IsEmpty)
        {
            long partEnd = part + 1 < _positions.Count ? _positions[part + 1] : Length;
            int count = (int)Math.Min(ids.Length, partEnd - position);
            file.Read(_filePositions[part] + position - _positions[part], ids[..count]);
            ids = ids[count..];
            position += count;
            part++;
        }
    }
}
