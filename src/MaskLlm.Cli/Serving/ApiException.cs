using Microsoft.AspNetCore.Http;

namespace MaskLlm.Cli.Serving;

/// <summary>A request that is answered with an error of OpenAI's shape.</summary>
/// <param name="status">Of HTTP.</param>
/// <param name="message">One sentence.</param>
/// <param name="field">The request's field that is wrong, or null.</param>
/// <param name="code">OpenAI's word for it, or null.</param>
internal sealed class ApiException(int status, string message, string? field = null, string? code = null) : Exception(message)
{
    internal int Status { get; } = status;

    internal string? Field { get; } = field;

    internal string? Code { get; } = code;

    /// <summary>A field asks for what is not done.</summary>
    internal static ApiException Wrong(string field, string message) => new(StatusCodes.Status400BadRequest, $"{field}: {message}", field);
}
