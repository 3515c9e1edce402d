using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace MaskLlm.Cli.Serving;

/// <summary>The key that requests must bring, if any.</summary>
/// <param name="key">The key, or null where none is asked for.</param>
internal sealed class ApiKey(string? key)
{
    internal const string Variable = "MASKLLM_API_KEY";
    private const string Scheme = "Bearer ";

    private readonly byte[]? _hash = key is null ? null : Hash(key);

    /// <exception cref="ApiException">The request has no key, or another.</exception>
    internal void Check(HttpRequest request)
    {
        if (_hash is null) return;
        string header = request.Headers.Authorization.ToString();
        bool isRight = header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && CryptographicOperations.FixedTimeEquals(Hash(header[Scheme.Length..].Trim()), _hash);
        if (!isRight) throw new ApiException(StatusCodes.Status401Unauthorized, "the API key is missing or wrong; send it as `Authorization: Bearer KEY`.", null, "invalid_api_key");
    }

    // Of one length whatever the key: the time of a comparison tells nothing.
    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
