namespace MaskLlm.Serving.Http;

/// <summary>How bodies are taken in.</summary>
/// <param name="Budget">What all of them share.</param>
/// <param name="MaxBytes">The longest body.</param>
/// <param name="Clock">Tells when a body is late.</param>
internal sealed record BodyIntake(BodyBudget Budget, long MaxBytes, TimeProvider Clock)
{
    /// <summary>How long a body can take to come.</summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);
}
