using MaskLlm.Architectures;
using MaskLlm.Formats;
using MaskLlm.Formats.Gguf;
using MaskLlm.Formats.Safetensors;
using MaskLlm.Machine;
using MaskLlm.Masks;
using MaskLlm.Packing.Gguf;

namespace MaskLlm.Packing;

/// <summary>Checkpoints as GGUF files, which llama.cpp and what is built on it load.</summary>
public static class GgufExport
{
    /// <summary>
    /// Writes a checkpoint, its tokenizer and its chat template as one GGUF file. Matrices have the type asked for, or F16
    /// where their rows are no whole blocks of it; norms and biases stay F32. Pruned weights are 0 in every type.
    /// </summary>
    /// <param name="modelFolder">A Hugging Face folder with safetensors weights in float32, bfloat16 or float16.</param>
    /// <param name="masks">Masks by the checkpoint's name; tensors without one stay dense. Null for none.</param>
    /// <param name="type">How the matrices lie.</param>
    /// <param name="outFile">The file; replaced where it exists, whole or not at all.</param>
    /// <param name="progress">Told the bytes of weights done and the bytes in all.</param>
    /// <param name="cancellation">Stops within a row; no file is written then.</param>
    /// <returns>What was written, with sentences on what is otherwise than in the checkpoint.</returns>
    /// <exception cref="ArgumentException">A mask does not fit the checkpoint, or the file is one of its own.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidDataException">A file of the checkpoint is missing, broken or does not fit the others.</exception>
    /// <exception cref="NotSupportedException">llama.cpp would compute something else, or split text otherwise; the message says
    /// what.</exception>
    /// <exception cref="IOException">The disk refuses.</exception>
    public static GgufReport Write(
        string modelFolder, IReadOnlyDictionary<string, Mask>? masks, GgufType type, string outFile,
        IProgress<Progress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(outFile);
        DecoderConfig config = CheckpointConfig.Read(modelFolder);
        GgufRequirements.Require(modelFolder, config);
        using SafetensorsCheckpoint source = SafetensorsCheckpoint.Open(modelFolder);
        CheckpointFiles.RequireNone(modelFolder, outFile);
        IReadOnlyDictionary<string, StoredLayout> layouts = ParameterShapes.Layouts(config);
        foreach ((string name, Mask mask) in masks ?? new Dictionary<string, Mask>())
            MaskedCheckpoint.CheckMask(source, name, mask, MaskedCheckpoint.LayoutOf(layouts, name));
        GgufFields fields = new();
        List<string> notes = [];
        GgufKeys.Describe(fields, notes, Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(modelFolder))), config, type);
        GgufTokenizer.Describe(fields, notes, modelFolder, config.VocabularySize);
        GgufWeights weights = new(source, config, masks, type, progress, cancellation);
        IReadOnlyList<GgufTensor> tensors = weights.Plan(notes);
        GgufWriter.Write(outFile, fields, tensors);
        return new GgufReport(
            FileIdentity.LengthOf(outFile), tensors.CountBy(tensor => tensor.Type).ToDictionary(pair => pair.Key, pair => pair.Value),
                notes);
    }
}
