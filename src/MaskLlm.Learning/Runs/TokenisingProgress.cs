using MaskLlm.Data;

namespace MaskLlm.Runs;

/// <summary>Passes the progress of a corpus on as that of a run.</summary>
/// <param name="progress">Who is told; null for nobody.</param>
internal sealed class TokenisingProgress(IProgress<RunProgress>? progress) : IProgress<CorpusProgress>
{
    public void Report(CorpusProgress value) =>
        progress?.Report(new RunProgress($"tokenising {value.Path}", value.BytesRead, value.BytesTotal));
}
