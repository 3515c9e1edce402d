using System.IO.Compression;
using MaskLlm.Formats.Numpy;
using MaskLlm.Masks;

namespace MaskLlm.Formats.MaskNpz;

/// <summary>
/// The mask file of the original MaskLLM project: a zip of <c>PARAMETER.mask.npy</c>, each a one-dimensional uint8 array
/// of the mask's bits packed by <c>numpy.packbits</c>, flat and row-major. Shapes are not stored: the model has them.
/// </summary>
public static class MaskNpz
{
    // The earliest date that zip can store; the same masks give the same bytes.
    private static readonly DateTimeOffset NoTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Reads the packed bits without the model.</summary>
    /// <param name="path">The file.</param>
    /// <returns>Packed bits by parameter name, in the order of the file.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is damaged or is no mask file.</exception>
    public static IReadOnlyDictionary<string, byte[]> ReadPacked(string path)
    {
        using NpzArchive archive = NpzArchive.Open(path);
        archive.RequireModestSize();
        OrderedDictionary<string, byte[]> packed = new(StringComparer.Ordinal);
        foreach ((string parameter, ZipArchiveEntry entry) in archive.Members()) packed.Add(parameter, archive.Packed(parameter, entry));
        archive.RequireComment(packed);
        return packed;
    }

    /// <summary>Reads the masks of a model.</summary>
    /// <param name="path">The file.</param>
    /// <param name="shapes">The (rows, columns) of the model's weight matrices by parameter name; may have more than are masked.</param>
    /// <returns>Masks by parameter name, in the order of the file.</returns>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, or its masks belong to another model.</exception>
    public static IReadOnlyDictionary<string, Mask> Read(string path, IReadOnlyDictionary<string, (int Rows, int Columns)> shapes)
    {
        ArgumentNullException.ThrowIfNull(shapes);
        using NpzArchive archive = NpzArchive.Open(path);
        OrderedDictionary<string, Mask> masks = new(StringComparer.Ordinal);
        OrderedDictionary<string, byte[]> packed = new(StringComparer.Ordinal);
        foreach ((string parameter, ZipArchiveEntry entry) in archive.Members())
        {
            if (!shapes.TryGetValue(parameter, out (int Rows, int Columns) shape))
                throw OtherModel(path, $"it masks '{parameter}', which the model does not have");
            // Before unpacking, so that a mask of a larger model is not read first.
            if (entry.Length > Mask.PackedLength(shape.Rows, shape.Columns) + NpyHeader.LargestBytes)
                throw WrongLength(path, parameter, "more", shape);
            packed.Add(parameter, archive.Packed(parameter, entry));
            masks.Add(parameter, ToMask(path, parameter, packed[parameter], shape));
        }
        archive.RequireComment(packed);
        return masks;
    }

    /// <summary>Whether a file is a mask file that <see cref="Write"/> wrote.</summary>
    internal static bool IsOwn(string path)
    {
        try
        {
            using NpzArchive archive = NpzArchive.Open(path);
            return NpzComment.IsOwn(archive.Comment);
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>Writes masks; the same masks give the same bytes.</summary>
    /// <param name="path">The file; replaced where it exists.</param>
    /// <param name="masks">Masks by parameter name, written in the order in which they enumerate.</param>
    /// <remarks>The original project reads only masks whose number of weights is a multiple of 8.</remarks>
    /// <exception cref="IOException">The folder is missing, or the disk refuses.</exception>
    public static void Write(string path, IReadOnlyDictionary<string, Mask> masks)
    {
        ArgumentNullException.ThrowIfNull(masks);
        AtomicFile.Write(path, stream =>
        {
            using ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true);
            foreach ((string parameter, Mask mask) in masks) WriteMember(zip, parameter, mask);
            zip.Comment = NpzComment.Of(masks);
        });
    }

    private static void WriteMember(ZipArchive zip, string parameter, Mask mask)
    {
        ZipArchiveEntry entry = zip.CreateEntry(NpzArchive.MemberName(parameter), CompressionLevel.Optimal);
        entry.LastWriteTime = NoTime;
        using Stream stream = entry.Open();
        stream.Write(NpyHeader.Format(NpyType.UInt8, [mask.Packed.Length]));
        stream.Write(mask.Packed);
    }

    private static Mask ToMask(string path, string parameter, byte[] packed, (int Rows, int Columns) shape)
    {
        if (packed.Length != Mask.PackedLength(shape.Rows, shape.Columns)) throw WrongLength(path, parameter, $"{packed.Length}", shape);
        if ((packed[^1] & Mask.UnusedBits(shape.Rows, shape.Columns)) != 0)
            throw OtherModel(path, $"its mask of '{parameter}' goes on after the {(long)shape.Rows * shape.Columns} weights of "
                + $"{shape.Rows} x {shape.Columns}");
        return new Mask(shape.Rows, shape.Columns, packed);
    }

    private static InvalidDataException WrongLength(string path, string parameter, string found, (int Rows, int Columns) shape) =>
        OtherModel(path, $"its mask of '{parameter}' has {found} bytes and the model's {shape.Rows} x {shape.Columns} weights need "
            + $"{Mask.PackedLength(shape.Rows, shape.Columns)}");

    private static InvalidDataException OtherModel(string path, string wrong) =>
        new($"{path} is a mask of another model: {wrong}; name the mask that was made for this model.");
}
