using MaskLlm.Experiments;

namespace MaskLlm.Tests.Experiments;

/// <summary>What texts, domains and arms are called.</summary>
public sealed class TextNamesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Named_Files_HaveNoEndingsAndTheirFolderWhereNeeded()
    {
        DomainTexts[] domains = [new("books", "b.train.txt", "b.test.txt")];
        string[] files = ["a/test.txt.gz", "b/test.txt", "one.TXT", "two.npy.zst", ".txt", "notes.md"];
        Assert.Equal(
            [
                ("books", "b.test.txt"), ("a/test", files[0]), ("b/test", files[1]), ("one", files[2]), ("two", files[3]),
                    (".txt", files[4]),
                ("notes.md", files[5]),
            ],
            EvaluationTexts.Named(files, domains).Select(pair => (pair.Key, pair.Value)));
        string message = Assert.Throws<ArgumentException>(() => EvaluationTexts.Named(["a/x.txt", "a/x.npy"], [])).Message;
        Assert.Equal("`EvalTexts` a/x.npy: another text has the same name and folder; name each once.", message);
    }

    [Theory]
    [InlineData("a", null, null, "a")]
    [InlineData("A b", null, null, "a-b")]
    [InlineData("sparsegpt, weights updated", "Man, Spanish", 3UL, "sparsegpt-weights-updated-man-spanish-seed3")]
    [InlineData("(tau) 10:0.05 !", null, 0UL, "tau-10-0.05-seed0")]
    public void Slug_Arm_IsItsNamesInSmallLetters(string label, string? domain, ulong? seed, string slug) =>
        Assert.Equal(slug, new Arm(label, []) { Domain = domain, Seed = seed }.Slug);

    [Fact]
    public void Find_Folder_GivesItsDomainsByName()
    {
        Write("b.train.txt", "b.test.txt.gz", "a.test.npy", "a.train.npy", "other.txt");
        Assert.Equal(
            [new DomainTexts("a", At("a.train.npy"), At("a.test.npy")), new DomainTexts("b", At("b.train.txt"), At("b.test.txt.gz"))],
            DomainTexts.Find(_folder.Path));
    }

    [Fact]
    public void Find_OneDomain_IsEnough()
    {
        Write("a.train.txt", "a.test.txt");
        Assert.Single(DomainTexts.Find(_folder.Path));
    }

    [Theory]
    [InlineData("a.train.txt has no a.test.* beside it.", "a.train.txt", "b.train.txt", "b.test.txt")]
    [InlineData("c.test.txt has no c.train.* beside it.", "c.test.txt", "b.train.txt", "b.test.txt")]
    [InlineData("no X.train.* and X.test.* in there", "a.txt")]
    [InlineData("are one domain; leave one of them.", "a.train.txt", "a.train.npy", "a.test.txt")]
    public void Find_HalvesThatDoNotMatch_AreNamed(string expected, params string[] files)
    {
        Write(files);
        string message = Assert.Throws<ArgumentException>(() => DomainTexts.Find(_folder.Path)).Message;
        Assert.StartsWith($"`Domains` {_folder.Path}: ", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    private void Write(params string[] names)
    {
        foreach (string name in names) _folder.Write(name, []);
    }

    private string At(string name) => _folder.File(name);
}
