namespace MaskLlm.MaskKernels;

/// <summary>One update of AdamW (Loshchilov and Hutter 2019), its constants worked out for the step.</summary>
/// <param name="Clip">Factor on the gradient.</param>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Keep">1 - learning rate * weight decay.</param>
/// <param name="StepSize">Learning rate / (1 - beta1^t).</param>
/// <param name="InverseRoot">1 / sqrt(1 - beta2^t).</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
internal readonly record struct AdamWStep(float Clip, float Beta1, float Beta2, float Keep, float StepSize, float InverseRoot,
    float Epsilon);
