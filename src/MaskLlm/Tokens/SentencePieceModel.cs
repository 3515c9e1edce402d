using System.Text;

namespace MaskLlm.Tokens;

/// <summary>The fields of a SentencePiece model file that encoding depends on; numbers are those of its protocol buffer.</summary>
internal sealed class SentencePieceModel
{
    /// <summary>Text, score (higher merges first) and kind of every id.</summary>
    public List<(string Text, float Score, PieceKind Kind)> Pieces { get; } = [];

    /// <summary>Id of the unknown token.</summary>
    public int UnknownId { get; private set; }

    /// <summary>Id of the begin token; negative for none.</summary>
    public int BeginId { get; private set; } = 1;

    /// <summary>Id of the end token; negative for none.</summary>
    public int EndId { get; private set; } = 2;

    /// <summary>True for a byte-pair model.</summary>
    public bool IsBytePair { get; private set; }

    /// <summary>True where unknown characters become bytes.</summary>
    public bool HasByteFallback { get; private set; }

    /// <summary>True where a space is put in front of the text.</summary>
    public bool AddsDummyPrefix { get; private set; } = true;

    /// <summary>True where runs of spaces shrink to one.</summary>
    public bool RemovesExtraSpaces { get; private set; } = true;

    /// <summary>True where spaces become U+2581.</summary>
    public bool EscapesSpaces { get; private set; } = true;

    /// <summary>True where characters are mapped before encoding.</summary>
    public bool HasCharacterMap { get; private set; }

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public static SentencePieceModel Parse(ReadOnlySpan<byte> bytes, string file)
    {
        var model = new SentencePieceModel();
        var reader = new ProtobufReader(bytes, file);
        while (reader.TryRead(out var field))
        {
            if (field.Number == 1)
                model.Pieces.Add(ReadPiece(new ProtobufReader(field.Bytes, file)));
            else if (field.Number == 2)
                model.ReadTrainer(new ProtobufReader(field.Bytes, file));
            else if (field.Number == 3)
                model.ReadNormalizer(new ProtobufReader(field.Bytes, file));
        }

        return model.Pieces.Count > 0
            ? model
            : throw new InvalidDataException($"{file}: no pieces; a SentencePiece model has at least one. Fetch the file again.");
    }

    private static (string Text, float Score, PieceKind Kind) ReadPiece(ProtobufReader reader)
    {
        var (text, score, kind) = ("", 0f, PieceKind.Normal);
        while (reader.TryRead(out var field))
        {
            if (field.Number == 1)
                text = Encoding.UTF8.GetString(field.Bytes);
            else if (field.Number == 2)
                score = BitConverter.UInt32BitsToSingle((uint)field.Value);
            else if (field.Number == 3)
                kind = (PieceKind)field.Value;
        }

        return (text, score, kind);
    }

    private void ReadTrainer(ProtobufReader reader)
    {
        const ulong BytePair = 2;
        while (reader.TryRead(out var field))
        {
            if (field.Number == 3)
                IsBytePair = field.Value == BytePair;
            else if (field.Number == 35)
                HasByteFallback = field.Value != 0;
            else if (field.Number == 40)
                UnknownId = (int)field.Value;
            else if (field.Number == 41)
                BeginId = (int)field.Value;
            else if (field.Number == 42)
                EndId = (int)field.Value;
        }
    }

    private void ReadNormalizer(ProtobufReader reader)
    {
        while (reader.TryRead(out var field))
        {
            if (field.Number == 2)
                HasCharacterMap = !field.Bytes.IsEmpty;
            else if (field.Number == 3)
                AddsDummyPrefix = field.Value != 0;
            else if (field.Number == 4)
                RemovesExtraSpaces = field.Value != 0;
            else if (field.Number == 5)
                EscapesSpaces = field.Value != 0;
        }
    }
}
