using Microsoft.AspNetCore.Http;

namespace MaskLlm.Serving.Http;

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

    /// <summary>The methods that the path has, where another was asked for.</summary>
    internal string? Allow { get; private init; }

    /// <summary>A path has other methods.</summary>
    internal static ApiException WrongMethod(string method, string path, string allow) =>
        new(StatusCodes.Status405MethodNotAllowed, $"{path} has no {method}; it has {allow}.", null,
            "method_not_allowed")
        { Allow = allow };

    /// <summary>A field asks for what is not done.</summary>
    internal static ApiException Wrong(string field, string message) => new(StatusCodes.Status400BadRequest, $"{field}: {message}", field);
}
