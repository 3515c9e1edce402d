using System.Security.Cryptography;
using System.Text;
using MaskLlm.Tokens;
using MaskLlm.Tokens.Expressions;

namespace MaskLlm.Tests.Tokens;

public sealed class UnicodeTablesTests
{
    /// <summary>
    /// Thousands of numbers, of which no text holds each. They were compared whole with Python's and Perl's Unicode database: every
    /// character of version 9 for the tables of normalization, every character of version 14 for those of patterns.
    /// </summary>
    [Fact]
    public void Tables_Entries_AreThoseThatWereCompared()
    {
        foreach ((string table, int count, string hash) in new[]
        {
            (UnicodeTables.NewerMarks, 87, "64525b72aeb76f9edcd29c1e5f2e15f3a10075fbd11fb54391dc08188a034e5d"),
            (UnicodeTables.Decompositions, 2060, "37c2d38bd4a5a6f0cdb28edffe2f29175d67f8aa26beef9eda61f8b008f597d0"),
            (UnicodeTables.CombiningClasses, 333, "d7e4cac1adab094d0310141d3b7854b7aa1780d13c2a37c4a3e751136eedbe79"),
            (UnicodeTables.CompatibleDecompositions, 2314, "f535e885d1133a68d318c0333105b10456ca12a9ece978be4dafaffb91bc634c"),
            (PropertyTables.Scripts, 1115, "98b4731776818401a2e5e03a4750a466f0347c41948e7af99250b8b6825d3b5e"),
            (PropertyTables.Others, 276, "9f6a33cf90d05ec7d31d378a9624a834033407dc22d2cc14c12b1eef04de6a40"),
        })
        {
            string[] entries = table.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(count, entries.Length);
            Assert.Equal(hash, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(' ', entries)))));
        }
    }
}
