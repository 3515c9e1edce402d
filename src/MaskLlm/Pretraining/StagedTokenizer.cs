using MaskLlm.Data;
using MaskLlm.Formats;
using MaskLlm.Models;
using MaskLlm.Runs;
using MaskLlm.Tokens;

namespace MaskLlm.Pretraining;

/// <summary>The tokenizer of a pretraining run, outside the run's folder until the run is known to start.</summary>
internal sealed class StagedTokenizer : IDisposable
{
    private const string FileName = "tokenizer.json";
    private readonly DirectoryInfo _temporary = Directory.CreateTempSubdirectory("maskllm-");
    private readonly string _target;
    private readonly string _trained;

    private StagedTokenizer(RunFolder folder)
    {
        _target = folder.File(FileName);
        _trained = Path.Combine(_temporary.FullName, FileName);
    }

    /// <summary>Trains a tokenizer, or takes the one of the run that is resumed.</summary>
    /// <param name="request">The text, and whether the run is resumed.</param>
    /// <param name="config">Gives the size of the vocabulary.</param>
    /// <param name="specialTokens">Texts of the special tokens.</param>
    /// <param name="folder">The run's folder.</param>
    /// <param name="progress">Told that the training begins.</param>
    internal static StagedTokenizer Prepare(
        PretrainRequest request, DecoderConfig config, IReadOnlyList<string> specialTokens, RunFolder folder, IProgress<RunProgress>? progress)
    {
        StagedTokenizer staged = new(folder);
        if (request.Resume && File.Exists(staged._target)) return staged;
        try
        {
            progress?.Report(new RunProgress("training the tokenizer", 0, 1));
            BpeTrainer.Train(CorpusText.Documents(request.Data), config.VocabularySize, specialTokens, staged._trained);
            return staged;
        }
        catch
        {
            staged.Dispose();
            throw;
        }
    }

    internal Tokenizer Load() => Tokenizer.FromFile(File.Exists(_trained) ? _trained : _target);

    /// <summary>Writes a new tokenizer into the run's folder.</summary>
    internal void Place()
    {
        if (File.Exists(_trained)) AtomicFile.Write(_target, stream => stream.Write(File.ReadAllBytes(_trained)));
    }

    public void Dispose() => _temporary.Delete(recursive: true);
}
