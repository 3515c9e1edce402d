namespace MaskLlm.Tokens;

/// <summary>Where a tokenizer goes over from characters to bytes.</summary>
internal enum ByteStage
{
    /// <summary>Nowhere.</summary>
    None,

    /// <summary>In the model, which takes the bytes of words.</summary>
    InModel,

    /// <summary>Before it, as steps cut words between their bytes.</summary>
    BeforeModel,
}
