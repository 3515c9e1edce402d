using MaskLlm.Packing;
using MaskLlm.Runs;
using MaskLlm.Tests.Models;

namespace MaskLlm.Tests.Runs;

/// <summary>Whether a run may write its model to OUT/model, or leave there what it does not write.</summary>
[Collection(TorchTests.Name)]
public sealed class RunModelFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Target => _folder.File("model");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Require_NothingThere_IsFree()
    {
        Require(null);
        Require("`SaveModel`");
        Directory.CreateDirectory(Target);
        Require(null);
        Require("`SaveModel`");
    }

    [Fact]
    public void Require_ModelOfAnEarlierRun_IsReplacedOrInTheWay()
    {
        Earlier();
        Require("`SaveModel`");
        Assert.EndsWith("which this one without `SaveModel` does not replace; remove it, or name another folder.", Refused(null),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Require_ModelThatIsRead_IsNeverReplaced()
    {
        Earlier();
        Require(null, Target);
        Assert.EndsWith("which is the model itself; name another folder.", Refused("`SaveModel`", Target), StringComparison.Ordinal);
    }

    [Fact]
    public void Require_FileInItsPlace_IsInTheWayOfAModelOnly()
    {
        File.WriteAllText(Target, "");
        Require(null);
        Assert.EndsWith("and a file is there; name another folder.", Refused("`SaveModel`"), StringComparison.Ordinal);
    }

    private void Earlier() => MaskedCheckpoint.Write(
        ModelMasks.Folder("llama-gqa-tied"), ModelMasks.Of("llama-gqa-tied"), Target, cancellation: TestContext.Current.CancellationToken);

    private void Require(string? writes, string model = "/models/other") =>
        RunModelFolder.Require(_folder.Path, model, writes, "`SaveModel`");

    private string Refused(string? writes, string model = "/models/other") =>
        Assert.Throws<ArgumentException>(() => Require(writes, model)).Message;
}
