using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace MaskLlm.Serving.Http;

/// <summary>The key that requests must bring, if any.</summary>
public sealed class ApiKey
{
    /// <summary>The environment variable that names a key.</summary>
    public const string Variable = "MASKLLM_API_KEY";

    private const string Scheme = "Bearer ", Property = "`Key`";

    private readonly byte[]? _hash;

    private ApiKey(byte[]? hash) => _hash = hash;

    /// <summary>No key: everybody may ask.</summary>
    public static ApiKey None { get; } = new(null);

    /// <summary>Whether one is asked for.</summary>
    public bool IsAsked => _hash is not null;

    /// <summary>A key that was given, or else that of the environment.</summary>
    /// <param name="given">The key; null for that of the environment.</param>
    /// <param name="variable">What the environment says; null where the variable is not set.</param>
    /// <exception cref="ArgumentException">The key is empty, or one that no request could bring.</exception>
    public static ApiKey Of(string? given, string? variable)
    {
        (string? key, string name) = given is null ? (variable, Variable) : (given, Property);
        if (key is null) return None;
        // A script whose secret is missing sets it to nothing, and means no open server.
        if (key.Length == 0) throw new ArgumentException($"{name} is empty; give a key, or leave it out to ask for none.");
        if (key.Trim().Length < key.Length)
            throw new ArgumentException($"{name} has spaces or line ends round the key, which a request cannot bring; take them off.");
        if (key.Any(letter => letter is < ' ' or > '~'))
            throw new ArgumentException(
                $"{name} has characters that a request cannot bring; ASCII letters, digits and signs are expected.");
        return new ApiKey(Hash(key));
    }

    /// <exception cref="ApiException">The request has no key, or another.</exception>
    internal void Check(HttpRequest request)
    {
        if (_hash is null) return;
        string header = request.Headers.Authorization.ToString();
        bool isRight = header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(Hash(header[Scheme.Length..].Trim()), _hash);
        if (!isRight)
            throw new ApiException(StatusCodes.Status401Unauthorized,
                "the API key is missing or wrong; send it as `Authorization: Bearer KEY`.", null, "invalid_api_key");
    }

    // Of one length whatever the key: the time of a comparison tells nothing.
    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
