using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MaskLlm.Formats;
using MaskLlm.Formats.Safetensors;
using ZstdSharp;

namespace MaskLlm.Fuzz;

/// <summary>Changes inside of containers: a changed byte of a checked or compressed file is found by the check, and what reads the content
/// sees nothing of it.</summary>
internal static class Containers
{
    /// <summary>The header of a safetensors file, with its right length before it; or the data behind it.</summary>
    internal static byte[] Safetensors(byte[] whole, Mutator mutator)
    {
        const int Prefix = sizeof(long);
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(whole);
        byte[] header = whole[Prefix..(Prefix + length)], data = whole[(Prefix + length)..];
        if (mutator.Random.Next(8) == 0) data = mutator.Change(data);
        else header = mutator.Change(header);
        byte[] prefix = new byte[Prefix];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, header.Length);
        return [.. prefix, .. header, .. data];
    }

    /// <summary>The same of a file with a checksum in its header, which is right again: of all bytes, its own digits as zeros.</summary>
    internal static byte[] CheckedSafetensors(byte[] whole, Mutator mutator)
    {
        byte[] changed = Safetensors(whole, mutator);
        ReadOnlySpan<byte> name = "\"checksum\":\""u8;
        int found = changed.AsSpan().IndexOf(name), at = found + name.Length;
        if (found < 0 || changed.Length - at < SafetensorsChecksum.Unknown.Length) return changed;
        Span<byte> digits = changed.AsSpan(at, SafetensorsChecksum.Unknown.Length);
        digits.Fill((byte)'0');
        Encoding.ASCII.GetBytes(Checksum.Of(changed)).CopyTo(digits);
        return changed;
    }

    /// <summary>An object of JSON with a checksum in it, which is right again.</summary>
    internal static byte[] CheckedJson(byte[] whole, Mutator mutator)
    {
        byte[] changed = mutator.Change(whole);
        try
        {
            if (JsonNode.Parse(changed) is not JsonObject value) return changed;
            return SeedModel.Made(path => Runs.CheckedJson.Write(path, value));
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            return changed;
        }
    }

    /// <summary>A member of a zip file, or its name; now and then one is gone or there twice.</summary>
    internal static byte[] Zip(byte[] whole, Mutator mutator)
    {
        List<(string Name, byte[] Bytes)> members = [];
        using (ZipArchive archive = new(new MemoryStream(whole)))
            foreach (ZipArchiveEntry entry in archive.Entries)
            {
                using Stream content = entry.Open();
                using MemoryStream bytes = new();
                content.CopyTo(bytes);
                members.Add((entry.FullName, bytes.ToArray()));
            }
        int at = mutator.Random.Next(members.Count);
        switch (mutator.Random.Next(8))
        {
            case 0:
                members.RemoveAt(at);
                break;
            case 1:
                members.Add(members[at]);
                break;
            case 2:
                members[at] = (members[at].Name.Replace("mask", "m\u00e4sk", StringComparison.Ordinal), members[at].Bytes);
                break;
            default:
                members[at] = (members[at].Name, mutator.Change(members[at].Bytes));
                break;
        }
        using MemoryStream changed = new();
        using (ZipArchive archive = new(changed, ZipArchiveMode.Create, leaveOpen: true))
            foreach ((string name, byte[] bytes) in members)
            {
                using Stream content = archive.CreateEntry(name, CompressionLevel.NoCompression).Open();
                content.Write(bytes);
            }
        return changed.ToArray();
    }

    /// <summary>What a gzip file holds.</summary>
    internal static byte[] Gzip(byte[] whole, Mutator mutator)
    {
        using GZipStream packed = new(new MemoryStream(whole), CompressionMode.Decompress);
        using MemoryStream content = new();
        packed.CopyTo(content);
        return Gzip(mutator.Change(content.ToArray()));
    }

    internal static byte[] Gzip(byte[] content)
    {
        using MemoryStream packed = new();
        using (GZipStream stream = new(packed, CompressionLevel.Fastest)) stream.Write(content);
        return packed.ToArray();
    }

    /// <summary>What a Zstandard file holds.</summary>
    internal static byte[] Zstandard(byte[] whole, Mutator mutator)
    {
        using Decompressor open = new();
        return Zstandard(mutator.Change(open.Unwrap(whole).ToArray()));
    }

    internal static byte[] Zstandard(byte[] content)
    {
        using Compressor close = new();
        return close.Wrap(content).ToArray();
    }

    /// <summary>A token cache whose checksum is right again: 40 bytes of fields, SHA-256 over what follows and the fields.</summary>
    internal static byte[] TokenCache(byte[] whole, Mutator mutator)
    {
        const int Fields = 40, Head = Fields + 32;
        byte[] changed = mutator.Change(whole);
        if (changed.Length < Head) return changed;
        SHA256.HashData([.. changed[Head..], .. changed[..Fields]]).CopyTo(changed, Fields);
        return changed;
    }
}
