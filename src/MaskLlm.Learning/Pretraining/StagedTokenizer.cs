using MaskLlm.Architectures;
using MaskLlm.Data;
using MaskLlm.Formats;
using MaskLlm.Machine;
using MaskLlm.Runs;
using MaskLlm.Tokens;

namespace MaskLlm.Pretraining;

/// <summary>The tokenizer of a pretraining run, in memory until the run is known to start.</summary>
internal sealed class StagedTokenizer
{
    private const string FileName = "tokenizer.json";
    private readonly string _target;
    private readonly byte[]? _trained;

    private StagedTokenizer(string target, byte[]? trained) => (_target, _trained) = (target, trained);

    /// <summary>Trains a tokenizer, or takes the one of the run that is resumed.</summary>
    /// <param name="request">The text, and whether the run is resumed.</param>
    /// <param name="config">Gives the size of the vocabulary.</param>
    /// <param name="specialTokens">Texts of the special tokens.</param>
    /// <param name="folder">The run's folder.</param>
    /// <param name="progress">Told that the training begins.</param>
    /// <param name="cancellation">Stops between documents.</param>
    internal static StagedTokenizer Prepare(
        PretrainRequest request, DecoderConfig config, IReadOnlyList<string> specialTokens, RunFolder folder,
            IProgress<Progress>? progress, CancellationToken cancellation)
    {
        string target = folder.File(FileName);
        if (request.Resume && folder.HasCheckpoint && File.Exists(target)) return new StagedTokenizer(target, null);
        progress?.Report(new Progress("training the tokenizer", 0, 1));
        IEnumerable<string> documents = CorpusText.Documents(request.Data).TakeWhile(_ => !cancellation.IsCancellationRequested);
        byte[] trained = BpeTrainer.Train(documents, config.VocabularySize, specialTokens);
        cancellation.ThrowIfCancellationRequested();
        return new StagedTokenizer(target, trained);
    }

    internal Tokenizer Load() => _trained is null ? Tokenizer.FromFile(_target) : Tokenizer.FromBytes(_target, _trained);

    /// <summary>Writes a new tokenizer into the run's folder.</summary>
    internal void Place()
    {
        if (_trained is not null) AtomicFile.Write(_target, stream => stream.Write(_trained));
    }
}
