namespace MaskLlm.Models;
/// <summary>x</summary>
public static class MaskedCheckpoint { 
/// <summary>x</summary>
public static void Write(string a, IReadOnlyDictionary<string, MaskLlm.Masks.Mask> m, string o, CancellationToken cancellationToken = default) {} }
