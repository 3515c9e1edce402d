using System.Text;
using MaskLlm.Data;

namespace MaskLlm.Fuzz;

/// <summary>Training text in each of its forms, and the caches of it.</summary>
internal static class TextReaders
{
    private const string Text = "The fox sees the river.\n\nA heron, two; \u00e9\u4e2d\ud83d\ude42\r\nthe end\n";

    private const string Lines = """
        {"text":"one fox","meta":{"n":1}}
        {"id":7,"text":"two \u00e9 \ud83d\ude42\n"}

        {"text":""}
        """;

    internal static IReadOnlyList<FuzzReader> All { get; } =
    [
        FuzzReaders.Make("text", () => Packed("a.txt", Text), input => WholeText.Read(input.Path())),
        FuzzReaders.Make("documents", () => Packed("a.txt", Text), input => Read(input, stream => TextDocuments.Read(stream, "\n\n", 16))),
        FuzzReaders.Make("jsonl", () => Packed("a.jsonl", Lines), input =>
            Read(input, stream => JsonLinesDocuments.Read(stream, "text", 16))),
        FuzzReaders.Make("token-cache", () =>
            new[] { 100, 100_000 }.Select(vocabulary => FuzzSeed.Of("a.tokens", Tokens(vocabulary), Containers.TokenCache)), input =>
        {
            using TokenFile? file = TokenFile.TryOpen(input.Path(), CancellationToken.None);
            if (file is null) return;
            foreach (TokenDocument document in file.Documents()) GC.KeepAlive(document);
            int[] ids = new int[Math.Min(file.Tokens, 1000)];
            file.Read(0, ids);
        }),
    ];

    private static IEnumerable<FuzzSeed> Packed(string name, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        yield return FuzzSeed.Of(name, bytes);
        yield return FuzzSeed.Of(name + ".gz", Containers.Gzip(bytes), Containers.Gzip);
        yield return FuzzSeed.Of(name + ".zst", Containers.Zstandard(bytes), Containers.Zstandard);
    }

    private static void Read(FuzzInput input, Func<SourceStream, IEnumerable<TextPiece>> read)
    {
        using SourceStream stream = SourceFile.At(input.Path()).Open();
        foreach (TextPiece piece in read(stream)) GC.KeepAlive(piece);
    }

    private static byte[] Tokens(int vocabulary) => SeedModel.Made(path =>
    {
        using TokenFileWriter writer = new(path, vocabulary);
        for (int document = 0; document < 3; document++)
        {
            writer.BeginDocument();
            writer.AddHash((ulong)document);
            writer.Append([1, 2, 3, document]);
        }
        writer.Complete(4);
    });
}
