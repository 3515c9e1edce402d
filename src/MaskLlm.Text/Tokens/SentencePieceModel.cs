using System.Text;
using System.Text.Unicode;
using Kinds = MaskLlm.Tokens.ProtobufReader.FieldKind;

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

    /// <summary>How text is cut, by the numbers of the format: 1 unigram (and where nothing is said), 2 byte-pair, 3 words, 4
    /// characters.</summary>
    public int ModelKind { get; private set; } = 1;

    /// <summary>True for a byte-pair model.</summary>
    public bool IsBytePair => ModelKind == 2;

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

    /// <summary>True where the space of a word is put behind it.</summary>
    public bool PutsSpaceBehind { get; private set; }

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    /// <exception cref="NotSupportedException">It is a file of another format.</exception>
    public static SentencePieceModel Parse(ReadOnlySpan<byte> bytes, string file)
    {
        OtherFormats.Refuse(bytes, file);
        SentencePieceModel model = new();
        ProtobufReader reader = new(bytes, file);
        while (reader.TryRead(out ProtobufReader.Field field))
        {
            if (field.Number == 1)
                model.ReadPiece(new ProtobufReader(reader.Of(field, Kinds.Bytes, "pieces").Bytes, file), file);
            else if (field.Number == 2)
                model.ReadTrainer(new ProtobufReader(reader.Of(field, Kinds.Bytes, "trainer_spec").Bytes, file));
            else if (field.Number == 3)
                model.ReadNormalizer(new ProtobufReader(reader.Of(field, Kinds.Bytes, "normalizer_spec").Bytes, file));
        }

        if (model.Pieces.Count == 0)
            throw new InvalidDataException($"{file}: no pieces; a SentencePiece model has at least one. Fetch the file again.");
        // The piece that says so counts; the trainer's number is what it was asked for.
        int unknown = model.Pieces.FindIndex(piece => piece.Kind == PieceKind.Unknown);
        model.UnknownId = unknown >= 0
            ? unknown
            : throw new InvalidDataException($"{file}: no unknown piece; a SentencePiece model has one.");
        return model;
    }

    private void ReadPiece(ProtobufReader reader, string file)
    {
        (string text, float score, ulong kind) = ("", 0f, (ulong)PieceKind.Normal);
        while (reader.TryRead(out ProtobufReader.Field field))
        {
            if (field.Number == 1)
                text = ReadText(reader.Of(field, Kinds.Bytes, "piece").Bytes, file);
            else if (field.Number == 2)
                score = BitConverter.UInt32BitsToSingle((uint)reader.Of(field, Kinds.FourBytes, "score").Value);
            else if (field.Number == 3)
                kind = reader.Of(field, Kinds.Number, "type").Value;
        }

        if (float.IsNaN(score))
            throw new InvalidDataException($"{file}: piece {Pieces.Count} has a score that is not a number. Fetch the file again.");
        if (kind is < (ulong)PieceKind.Normal or > (ulong)PieceKind.Byte)
            throw new InvalidDataException($"{file}: piece {Pieces.Count} is of the type {kind}; there are 1 to 6. Fetch the file again.");
        Pieces.Add((text, score, (PieceKind)kind));
    }

    private string ReadText(ReadOnlySpan<byte> bytes, string file) => !bytes.IsEmpty && Utf8.IsValid(bytes)
        ? Encoding.UTF8.GetString(bytes)
        : throw new InvalidDataException(
            $"{file}: the text of piece {Pieces.Count} is {(bytes.IsEmpty ? "empty" : "no UTF-8")}. Fetch the file again.");

    private void ReadTrainer(ProtobufReader reader)
    {
        while (reader.TryRead(out ProtobufReader.Field field))
        {
            if (field.Number == 3)
                ModelKind = (int)reader.Of(field, Kinds.Number, "trainer_spec.model_type").Value;
            else if (field.Number == 24)
                PutsSpaceBehind = reader.Of(field, Kinds.Number, "trainer_spec.treat_whitespace_as_suffix").Value != 0;
            else if (field.Number == 35)
                HasByteFallback = reader.Of(field, Kinds.Number, "trainer_spec.byte_fallback").Value != 0;
            else if (field.Number == 41)
                BeginId = (int)reader.Of(field, Kinds.Number, "trainer_spec.bos_id").Value;
            else if (field.Number == 42)
                EndId = (int)reader.Of(field, Kinds.Number, "trainer_spec.eos_id").Value;
        }
    }

    private void ReadNormalizer(ProtobufReader reader)
    {
        while (reader.TryRead(out ProtobufReader.Field field))
        {
            if (field.Number == 2)
                HasCharacterMap = !reader.Of(field, Kinds.Bytes, "normalizer_spec.precompiled_charsmap").Bytes.IsEmpty;
            else if (field.Number == 3)
                AddsDummyPrefix = reader.Of(field, Kinds.Number, "normalizer_spec.add_dummy_prefix").Value != 0;
            else if (field.Number == 4)
                RemovesExtraSpaces = reader.Of(field, Kinds.Number, "normalizer_spec.remove_extra_whitespaces").Value != 0;
            else if (field.Number == 5)
                EscapesSpaces = reader.Of(field, Kinds.Number, "normalizer_spec.escape_whitespaces").Value != 0;
        }
    }
}
