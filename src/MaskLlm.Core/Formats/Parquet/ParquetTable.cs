using System.Globalization;
using System.Text.Json.Nodes;
using Parquet;
using Parquet.Schema;
using Parquet.Serialization;

namespace MaskLlm.Formats.Parquet;

/// <summary>Tables in files of Apache Parquet, a group of rows in memory at a time.</summary>
internal static class ParquetTable
{
    private const string Damaged = "no Parquet file, or a damaged one; fetch or write it again";
    private const int MostNamed = 20, MostRows = 1 << 26;

    /// <summary>The texts of a column, in order.</summary>
    /// <param name="path">The file.</param>
    /// <param name="column">Its name.</param>
    /// <exception cref="InvalidDataException">There is no such column of texts, a row has none, or the file is damaged.</exception>
    internal static IEnumerable<string> Texts(string path, string column)
    {
        using FileStream file = Open(path);
        ParquetReader reader = Read(path, () => ParquetReader.CreateAsync(file));
        try
        {
            // What the file says of itself is decoded when it is asked for.
            (int groups, string[] names, DataField? field) = Read(path, () => Task.FromResult((reader.RowGroupCount,
                reader.Schema.Fields.Select(each => each.Name).ToArray(), TextField(reader, column))));
            if (field is null)
                throw new InvalidDataException($"{path}: no column {column} of texts; it has {Shown(names)}. Name one with `TextColumn`.");
            long row = 0;
            for (int group = 0; group < groups; group++)
                foreach (string? text in Read(path, () => Column(reader, group, field)))
                {
                    row++;
                    yield return text ?? throw new InvalidDataException(
                        FormattableString.Invariant($"{path}: row {row} has no {column}; take it out, or name another column."));
                }
        }
        finally
        {
            reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    /// <summary>The rows with all their columns, lists and structures as those of JSON.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, or a value is of a kind that JSON has not.</exception>
    internal static IEnumerable<JsonObject> Rows(string path)
    {
        int groups = Read(path, async () =>
        {
            using FileStream file = Open(path);
            await using ParquetReader reader = await ParquetReader.CreateAsync(file).ConfigureAwait(false);
            return reader.RowGroupCount;
        });
        for (int group = 0; group < groups; group++)
        {
            IList<Dictionary<string, object>> rows = Read(path, async () =>
            {
                await using FileStream file = File.OpenRead(path);
                return (await ParquetSerializer.DeserializeUntypedAsync(file, null, group).ConfigureAwait(false)).Data;
            });
            foreach (Dictionary<string, object> row in rows) yield return (JsonObject)Node(path, row)!;
        }
    }

    private static FileStream Open(string path)
    {
        FileStream file = File.OpenRead(path);
        if (ParquetFooter.IsSound(file)) return file;
        file.Dispose();
        throw new InvalidDataException($"{path}: {Damaged}.");
    }

    private static DataField? TextField(ParquetReader reader, string column) => reader.Schema.GetDataFields()
        .FirstOrDefault(field => field.Path.Length == 1 && field.Name == column && IsText(field));

    private static string Shown(string[] names) =>
        string.Join(", ", names.Take(MostNamed)) + (names.Length > MostNamed ? ", ..." : "");

    private static bool IsText(DataField field) => field.ClrType == typeof(string) || field.ClrType == typeof(ReadOnlyMemory<char>);

    private static async Task<string?[]> Column(ParquetReader reader, int group, DataField field)
    {
        using ParquetRowGroupReader rows = reader.OpenRowGroupReader(group);
        if (rows.RowCount is < 0 or > MostRows) throw new InvalidDataException("a group of more rows than are read at once");
        string?[] texts = new string?[(int)rows.RowCount];
        await rows.ReadAsync(field, texts.AsMemory()!).ConfigureAwait(false);
        return texts;
    }

    private static JsonNode? Node(string path, object? value) => value switch
    {
        null => null,
        string text => text,
        bool flag => flag,
        float or double or decimal => Convert.ToDouble(value, CultureInfo.InvariantCulture),
        sbyte or byte or short or ushort or int or uint or long => Convert.ToInt64(value, CultureInfo.InvariantCulture),
        System.Collections.IDictionary map => new JsonObject(map.Keys.Cast<object>()
            .Select(key => KeyValuePair.Create($"{key}", Node(path, map[key])))),
        byte[] bytes => Convert.ToBase64String(bytes),
        System.Collections.IEnumerable list => new JsonArray([.. list.Cast<object?>().Select(item => Node(path, item))]),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    private static IEnumerable<Exception> Causes(Exception e)
    {
        for (Exception? cause = e; cause is not null; cause = cause.InnerException) yield return cause;
    }

    // The library has many exceptions for damaged bytes, index and null ones among them.
    private static T Read<T>(string path, Func<Task<T>> read)
    {
        try
        {
            return Task.Run(read).GetAwaiter().GetResult();
        }
        catch (Exception e) when (e.Message != $"{path}: {Damaged}." && e is not (UnauthorizedAccessException or FileNotFoundException))
        {
            string fault = Causes(e).Any(cause => cause is NotImplementedException)
                ? "it has lists in data pages of version 2, which are not read; write them in version 1, as pyarrow and DuckDB do"
                : Damaged;
            throw new InvalidDataException($"{path}: {fault}.", e);
        }
    }
}
