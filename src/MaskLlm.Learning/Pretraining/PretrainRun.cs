using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using MaskLlm.Architectures;
using MaskLlm.Architectures.Families;
using MaskLlm.Data;
using MaskLlm.Evaluation;
using MaskLlm.Formats;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Json;
using MaskLlm.Machine;
using MaskLlm.Models;
using MaskLlm.Runs;
using MaskLlm.Settings;
using MaskLlm.Tokens;
using TorchSharp;
using static TorchSharp.torch;

namespace MaskLlm.Pretraining;

/// <summary>Trains a tokenizer and a small dense model from scratch into a Hugging Face folder.</summary>
public static class PretrainRun
{
    private const string EndOfText = "<|endoftext|>";
    private const int HeldOutWindows = 128;

    /// <summary>Runs to the end, or to the last checkpoint before a cancellation.</summary>
    /// <param name="request">What to do.</param>
    /// <param name="progress">Told of every step.</param>
    /// <param name="cancellation">Stops after the step, with a checkpoint.</param>
    /// <returns>The run's record.</returns>
    /// <exception cref="ArgumentException">Options or folder make no sense.</exception>
    /// <exception cref="InvalidDataException">Configuration or data are broken.</exception>
    /// <exception cref="OperationCanceledException">Stopped; the checkpoint is saved.</exception>
    public static RunRecord Execute(PretrainRequest request, IProgress<Progress>? progress = null,
        CancellationToken cancellation = default)
    {
        request.Validate();
        DecoderConfig config = ReadConfig(request);
        using RunFolder folder =
            RunFolder.OpenModel(request.Out, request.Force, request.Resume, request.Data.Files().Prepend(request.ConfigPath));
        StagedTokenizer staged = StagedTokenizer.Prepare(request, config, [EndOfText], folder, progress, cancellation);
        Tokenizer tokenizer = staged.Load();
        tokenizer.TryGetId(EndOfText, out int separator);
        using Corpus corpus = Corpus.Open(
            request.Data, new TokenEncoding(text => tokenizer.Encode(text), tokenizer.Hash, config.VocabularySize, separator),
            progress, cancellation);
        BatchSampler batches = corpus.Batches(request.Options.BatchSize, request.Options.SequenceLength, request.Options.Seed);
        RequireMemory(request.ConfigPath, config);
        using Pretrainer trainer = new(config, request.Options);
        JsonObject options = OptionsOf(request, corpus), inputs = InputsOf(request, corpus), decisive = options.DeepClone().AsObject();
        decisive[DecisiveOptions.InputsKey] = inputs.DeepClone();
        long first = request.Resume ? LoadState(folder, trainer, decisive) : 0;
        folder.Create();
        staged.Place();
        Stopwatch watch = Stopwatch.StartNew();
        JsonObject curve = Train(request, folder, corpus, batches, trainer, first, decisive, progress, cancellation);
        SaveModel(request.ConfigPath, folder, trainer.Model);
        RunRecord record = Record(request, corpus, options, inputs, curve, first, watch.Elapsed.TotalSeconds);
        record.Write(folder.RecordPath);
        folder.RemoveCheckpoint();
        return record;
    }

    // Weights, gradients and two moments, float32; a configuration may ask for any size.
    private static void RequireMemory(string configPath, DecoderConfig config)
    {
        double values = ParameterShapes.All(config).Sum(parameter => parameter.Shape.Aggregate(1.0, (product, size) => product * size));
        AvailableMemory.Require(
            (long)Math.Min(values * 4 * sizeof(float), long.MaxValue / 2), $"{configPath}: training {values / 1e6:0} million weights",
                "lower its sizes");
    }

    private static DecoderConfig ReadConfig(PretrainRequest request)
    {
        if (!File.Exists(request.ConfigPath))
            throw new FileNotFoundException(
                $"`ConfigPath` {request.ConfigPath}: no such file; a config.json of a family that is known is needed.", request.ConfigPath);
        DecoderConfig config = ModelFamily.ReadFile(request.ConfigPath);
        if (request.Options.SequenceLength > config.MaxPositions)
            throw new ArgumentException(
                $"`SequenceLength` is {request.Options.SequenceLength}; {request.ConfigPath} gives the model "
                    + $"{config.MaxPositions} positions. Lower `SequenceLength`, or raise max_position_embeddings.");
        return config;
    }

    private static JsonObject Train(
        PretrainRequest request, RunFolder folder, Corpus corpus, BatchSampler batches, Pretrainer trainer, long first, JsonObject decisive,
        IProgress<Progress>? progress, CancellationToken cancellation)
    {
        PretrainOptions options = request.Options;
        IReadOnlyList<int[]> heldOut = corpus.HeldOutWindows(options.SequenceLength, HeldOutWindows);
        int[] ids = new int[options.BatchSize * (options.SequenceLength + 1)];
        JsonObject curve = [];
        using MetricsLog metrics = new(folder, first);
        for (long step = first; step < options.Steps; step++)
        {
            using DisposeScope scope = NewDisposeScope();
            batches.Fill(step, ids);
            (Tensor inputs, Tensor targets) = TokenBatch.Split(ids, options.BatchSize, CPU);
            double loss = trainer.Step(step, inputs, targets);
            List<(string, double)> figures = [("loss", loss)];
            bool last = step + 1 == options.Steps;
            if (heldOut.Count > 0 && ((step + 1) % request.EvalEvery == 0 || last))
            {
                double heldOutLoss = Math.Log(Perplexity.OfWindows(trainer.Model, heldOut, "the trained model", CancellationToken.None));
                figures.Add(("held_out_loss", heldOutLoss));
                curve[(step + 1).ToString(CultureInfo.InvariantCulture)] = heldOutLoss;
            }
            metrics.Write(step, figures);
            progress?.Report(new Progress("pretraining", step + 1, options.Steps,
                string.Create(CultureInfo.InvariantCulture, $"loss {loss:0.000}")));
            if (!last && (cancellation.IsCancellationRequested || (step + 1) % request.SaveEvery == 0))
                SaveState(folder, trainer, step + 1, decisive);
            if (!last) cancellation.ThrowIfCancellationRequested();
        }
        return curve;
    }

    private static void SaveModel(string configPath, RunFolder folder, Decoder model)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        IReadOnlyDictionary<string, StoredLayout> layouts = ParameterShapes.Layouts(model.Config);
        Tensor Stored(string name, Tensor parameter)
        {
            Tensor rounded = FiniteTensors.RequireWritable(name, parameter.to(ScalarType.BFloat16));
            return layouts.TryGetValue(name, out StoredLayout layout) ? StoredTensors.Write(layout, rounded) : rounded;
        }
        TensorState.Save(
            folder.File("model.safetensors"), [.. model.Parameters.Select(pair => (pair.Key, Stored(pair.Key, pair.Value)))],
            new Dictionary<string, string> { ["format"] = "pt" });
        AtomicFile.Write(folder.File("config.json"), stream => stream.Write(JsonSource.ReadFile(configPath)));
    }

    private static IEnumerable<(string, Tensor)> State(Pretrainer trainer) => trainer.Parameters.SelectMany(parameter =>
        parameter.Moments.State(parameter.Name + ".").Prepend((parameter.Name, parameter.Value)));

    private static void SaveState(RunFolder folder, Pretrainer trainer, long step, JsonObject decisive) => TensorState.SaveChecked(
        folder.CheckpointPath, State(trainer),
        new Dictionary<string, string>
        {
            [CheckpointStep.Key] = step.ToString(CultureInfo.InvariantCulture),
            [DecisiveOptions.Key] = decisive.ToJsonString()
        });

    private static long LoadState(RunFolder folder, Pretrainer trainer, JsonObject decisive)
    {
        if (!folder.HasCheckpoint) return 0;
        using SafetensorsFile file =
            SafetensorsFile.OpenChecked(folder.CheckpointPath, TensorState.Remedy(Path.GetDirectoryName(folder.CheckpointPath)!));
        long step = CheckpointStep.Read(file);
        DecisiveOptions.RequireSame(file, decisive);
        TensorState.Load(file, State(trainer));
        return step;
    }

    // Every option that decides the result, by its name on the command line.
    private static JsonObject OptionsOf(PretrainRequest request, Corpus corpus)
    {
        JsonObject options = new()
        {
            ["config"] = RecordedPath.Of(request.ConfigPath),
            ["data"] = DataRecord.Names(corpus.Sources),
            ["document-separator"] = request.Data.DocumentSeparator,
            ["text-column"] = request.Data.TextColumn,
        };
        foreach (Setting<PretrainOptions> setting in PretrainSettings.All) options[setting.Name] = setting.ToJson(request.Options);
        return options;
    }

    private static JsonObject InputsOf(PretrainRequest request, Corpus corpus)
    {
        JsonObject inputs = new() { [RecordedPath.Of(request.ConfigPath)] = InputHashes.Of(request.ConfigPath) };
        DataRecord.AddHashes(inputs, corpus.Sources);
        return inputs;
    }

    private static RunRecord Record(
        PretrainRequest request, Corpus corpus, JsonObject recorded, JsonObject inputs, JsonObject curve, long first, double seconds)
    {
        PretrainOptions options = request.Options;
        long tokens = (options.Steps - first) * options.BatchSize * options.SequenceLength;
        return new RunRecord("pretrain", recorded, options.Seed, "plain", inputs, new JsonObject
        {
            ["tokens"] = (long)options.Steps * options.BatchSize * options.SequenceLength,
            ["corpus_tokens"] = corpus.Sources.Sum(source => source.Tokens),
            ["seconds_since_start_or_resume"] = seconds,
            ["tokens_per_second"] = tokens / seconds,
            ["held_out_loss"] = curve,
        });
    }
}
