using MaskLlm.Data;

namespace MaskLlm.Tests.Data;

public sealed class TokenFileHeaderTests
{
    [Theory]
    [InlineData(2, 12, 3, 4)]
    [InlineData(4, 0, 0, 0)]
    [InlineData(4, 1L << 48, 1L << 48, 1L << 48)]
    public void Read_WhatWasWritten_IsTheSame(int tokenBytes, long tokens, long documents, long rowTokens)
    {
        TokenFileHeader header = new(tokenBytes, tokens, documents, rowTokens);
        Assert.Equal(header, Written(header));
        Assert.Equal(72 + tokens * tokenBytes, header.DocumentsOffset);
        Assert.Equal(72 + tokens * tokenBytes + documents * 16, header.FileBytes);
    }

    /// <summary>Counts below nothing or beyond any file, with which the length of the file could come out right by overflow.</summary>
    [Theory]
    [InlineData(3, 12, 3, 4)]
    [InlineData(0, 12, 3, 4)]
    [InlineData(2, -1, 3, 4)]
    [InlineData(2, 12, -1, 4)]
    [InlineData(2, 12, 3, -1)]
    [InlineData(2, (1L << 48) + 1, 3, 4)]
    [InlineData(2, 12, long.MaxValue, 4)]
    public void Read_CountsThatNoFileHas_IsNull(int tokenBytes, long tokens, long documents, long rowTokens) =>
        Assert.Null(Written(new TokenFileHeader(tokenBytes, tokens, documents, rowTokens)));

    [Fact]
    public void Read_AnotherMagicOrVersion_IsNull()
    {
        byte[] bytes = new byte[TokenFileHeader.FieldBytes];
        new TokenFileHeader(2, 1, 1, 0).Write(bytes);
        foreach (int at in (int[])[0, 7, 8])
        {
            bytes[at] ^= 1;
            Assert.Null(TokenFileHeader.Read(bytes));
            bytes[at] ^= 1;
        }
        Assert.NotNull(TokenFileHeader.Read(bytes));
    }

    private static TokenFileHeader? Written(TokenFileHeader header)
    {
        byte[] bytes = new byte[TokenFileHeader.FieldBytes];
        header.Write(bytes);
        return TokenFileHeader.Read(bytes);
    }
}
