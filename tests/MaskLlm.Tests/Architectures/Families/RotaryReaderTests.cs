using MaskLlm.Architectures;
using MaskLlm.Architectures.Families;

namespace MaskLlm.Tests.Architectures.Families;

/// <summary>Which of the spellings of rotary settings counts, where a file has several.</summary>
public sealed class RotaryReaderTests
{
    private const string Linear = "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2.0}";

    [Theory]
    [InlineData("{}", 10000)]
    [InlineData("""{"rope_theta": 500}""", 500)]
    [InlineData("""{"rope_parameters": {"rope_theta": 700, "rope_type": "default"}}""", 700)]
    [InlineData("""{"rope_theta": 500, "rope_parameters": {"rope_theta": 700, "rope_type": "default"}}""", 700)]
    [InlineData("""{"rope_theta": 500, "rope_parameters": {"rope_type": "default"}}""", 500)]
    [InlineData("""{"rope_theta": 500, "rope_scaling": {}}""", 500)]
    [InlineData("""{"rope_scaling": {}, "rope_parameters": {"rope_theta": 700}}""", 700)]
    [InlineData("""{"rope_scaling": null, "rope_parameters": {"rope_theta": 700}}""", 700)]
    [InlineData("""{"rope_scaling": {"rope_type": "default", "rope_theta": 900}, "rope_theta": 500}""", 900)]
    public void Read_WithoutScaling_TakesTheTheta(string changes, double theta) =>
        Assert.Equal(new RotaryConfig(theta), ConfigCase.Read("llama", changes).Rotary);

    // transformers: rope_parameters = rope_scaling or rope_parameters, and the base is looked for in it, beside it, and is 10000.
    [Theory]
    [InlineData("{" + Linear + "}", 10000)]
    [InlineData("{" + Linear + ", \"rope_theta\": 500}", 500)]
    [InlineData("{" + Linear + ", \"rope_parameters\": {\"rope_theta\": 700, \"rope_type\": \"default\"}}", 10000)]
    [InlineData("{" + Linear + ", \"rope_theta\": 500, \"rope_parameters\": {\"rope_theta\": 700, \"rope_type\": \"default\"}}", 500)]
    public void Read_ScalingBesideParameters_TakesScalingAsAWhole(string changes, double theta) =>
        Assert.Equal(new RotaryConfig(theta, new RotaryScaling(RotaryScalingKind.Linear, 2)), ConfigCase.Read("llama", changes).Rotary);

    [Theory]
    [InlineData("{" + Linear + ", \"rope_parameters\": {\"rope_theta\": 700}}", 1)]
    [InlineData("{" + Linear + "}", 0)]
    [InlineData("""{"rope_parameters": {"rope_theta": 700}}""", 0)]
    public void Read_ScalingBesideParameters_IsSaidOnce(string changes, int notes)
    {
        ConfigFile file = ConfigCase.File("llama", changes);
        ModelFamily.Read(file);
        Assert.Equal(notes, file.Notes.Count);
        Assert.All(file.Notes, note => Assert.Contains(
            "rope_scaling is taken and rope_parameters beside it is not read", note, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("\"original_max_position_embeddings\": 16", "", 16)]
    [InlineData("\"original_max_position_embeddings\": 16", "\"original_max_position_embeddings\": 32, ", 32)]
    [InlineData("\"other\": 1", "\"max_position_embeddings\": 77, ", 77)]
    public void Read_Llama3_TakesTheOriginalLengthBesideBeforeTheOneAmong(string inside, string beside, int length)
    {
        const string Llama3 = "\"rope_scaling\": {\"rope_type\": \"llama3\", \"type\": \"linear\", \"factor\": 8, ";
        string changes = "{" + beside + Llama3 + "\"low_freq_factor\": 1, \"high_freq_factor\": 4, " + inside + "}}";
        Assert.Equal(new RotaryScaling(RotaryScalingKind.Llama3, 8, 1, 4, length), ConfigCase.Read("llama", changes).Rotary!.Scaling);
    }
}
