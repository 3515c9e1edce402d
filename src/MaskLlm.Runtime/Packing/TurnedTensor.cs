using MaskLlm.Formats.Safetensors;

namespace MaskLlm.Packing;

/// <summary>Reads a matrix that the checkpoint stores (I, O) as (O, I), or several one after another; a vector (O) counts as (1,
/// O).</summary>
internal static class TurnedTensor
{
    /// <returns>(O, I) float32, row-major.</returns>
    /// <exception cref="InvalidDataException">A value is not finite.</exception>
    internal static float[] Read(SafetensorsCheckpoint file, TensorEntry entry)
    {
        int outputs = (int)entry.Shape[^1], inputs = entry.Shape.Count == 1 ? 1 : (int)entry.Shape[^2];
        int parts = entry.Shape.Count < 3 ? 1 : (int)entry.Shape[0];
        float[] row = new float[outputs], turned = new float[(long)parts * inputs * outputs];
        for (int part = 0; part < parts; part++)
            for (int input = 0; input < inputs; input++)
            {
                CheckpointRows.ReadFinite(file, entry, ((long)part * inputs + input) * outputs, row);
                for (int output = 0; output < outputs; output++) turned[((long)part * outputs + output) * inputs + input] = row[output];
            }
        return turned;
    }
}
