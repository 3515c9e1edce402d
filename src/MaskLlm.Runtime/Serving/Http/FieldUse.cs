namespace MaskLlm.Serving.Http;

/// <summary>What becomes of a field of a request.</summary>
internal enum FieldUse
{
    /// <summary>It is read.</summary>
    Served,

    /// <summary>It cannot change the answer, and is not read.</summary>
    Ignored,

    /// <summary>It would change the answer and that is not done: 400, unless its value asks for nothing.</summary>
    Refused,
}
