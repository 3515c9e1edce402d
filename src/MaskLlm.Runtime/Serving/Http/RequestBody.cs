using System.Buffers;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http;

namespace MaskLlm.Serving.Http;

/// <summary>The JSON of a request, with its share of the budget: both go back when it is disposed.</summary>
internal sealed class RequestBody : IDisposable
{
    // Names that come twice would mean one thing here and another to a proxy.
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false };
    private const string JsonType = "application/json";
    private const int FirstBytes = 16 << 10;

    // ASCII is UTF-8 too, and whether it is UTF-8 is looked at.
    private static readonly string[] Utf8Names = ["utf-8", "utf8", "us-ascii"];

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    private readonly BodyBudget.Charge _charge;
    private byte[] _bytes;
    private JsonDocument? _document;

    private RequestBody(BodyBudget.Charge charge, int length)
    {
        _charge = charge;
        _bytes = ArrayPool<byte>.Shared.Rent(length);
    }

    /// <summary>The body.</summary>
    internal JsonElement Root => _document!.RootElement;

    /// <summary>Reads a body whole.</summary>
    /// <param name="request">Its body was not read yet.</param>
    /// <param name="intake">What all requests share.</param>
    /// <exception cref="ApiException">It is of another type, comes too slowly, or is no Unicode text.</exception>
    /// <exception cref="JsonException">It is no JSON.</exception>
    /// <exception cref="MaskLlm.Serving.RefusedException">Too much is being read.</exception>
    internal static async Task<RequestBody> Read(HttpRequest request, BodyIntake intake)
    {
        CheckType(request.ContentType);
        if (request.Headers.ContentEncoding.Any(coding => !string.Equals(coding, "identity", StringComparison.OrdinalIgnoreCase)))
            throw Unsupported("the body has a Content-Encoding, which is not read; send it as it is");
        if (request.ContentLength > intake.MaxBytes) throw new BadHttpRequestException("", StatusCodes.Status413PayloadTooLarge);
        RequestBody body = new(intake.Budget.Take(request.ContentLength ?? 0), (int)Math.Max(FirstBytes, request.ContentLength ?? 0));
        try
        {
            int length = await body.Fill(request, intake);
            // Some clients put a byte order mark before their text, and JSON's parser takes none.
            int start = body._bytes.AsSpan(0, length).StartsWith(ByteOrderMark) ? ByteOrderMark.Length : 0;
            CheckText(body._bytes.AsSpan(start, length - start));
            body._document = JsonDocument.Parse(body._bytes.AsMemory(start, length - start), Options);
            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _document?.Dispose();
        _document = null;
        if (_bytes.Length > 0) ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
        _charge.Dispose();
    }

    // A page of another site can send text/plain and forms to a server of this machine without asking it first; JSON it cannot.
    private static void CheckType(string? contentType)
    {
        bool isJson = MediaTypeHeaderValue.TryParse(contentType?.TrimEnd(' ', ';'), out MediaTypeHeaderValue? type)
            && string.Equals(type.MediaType, JsonType, StringComparison.OrdinalIgnoreCase)
            && (type.CharSet is null || Utf8Names.Contains(type.CharSet.Trim('"'), StringComparer.OrdinalIgnoreCase));
        if (isJson) return;
        string found = contentType is null ? "the body has no Content-Type" : "the body's Content-Type is not JSON in UTF-8";
        throw Unsupported($"{found}; send `Content-Type: {JsonType}`");
    }

    private static ApiException Unsupported(string found) =>
        new(StatusCodes.Status415UnsupportedMediaType, $"{found}.", null, "unsupported_media_type");

    private async Task<int> Fill(HttpRequest request, BodyIntake intake)
    {
        using CancellationTokenSource late = new(intake.Patience, intake.Clock);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(late.Token,
            request.HttpContext.RequestAborted);
        int length = 0;
        try
        {
            while (true)
            {
                int read = await request.Body.ReadAsync(_bytes.AsMemory(length), either.Token);
                if (read == 0) return length;
                length += read;
                if (length > intake.MaxBytes) throw new BadHttpRequestException("", StatusCodes.Status413PayloadTooLarge);
                _charge.GrowTo(length);
                // Asked for more, Kestrel takes a client that sends no more for one whose body is cut off.
                if (length == request.ContentLength) return length;
                if (length == _bytes.Length) Grow(length, intake.MaxBytes);
            }
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            throw new ApiException(StatusCodes.Status408RequestTimeout,
                $"the body took longer than {intake.Patience.TotalSeconds:0} seconds to come.", null, "body_timeout");
        }
    }

    private void Grow(int length, long most)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(2L * length, length + 1L, Math.Min(most + 1, Array.MaxLength)));
        _bytes.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }

    // JSON's parser looks into strings and names when they are read, which may be never.
    private static void CheckText(ReadOnlySpan<byte> bytes)
    {
        if (!Utf8.IsValid(bytes)) throw new ApiException(StatusCodes.Status400BadRequest, "the body is not UTF-8.");
        if (bytes.IndexOf((byte)'\\') < 0) return;
        Utf8JsonReader reader = new(bytes);
        string? field = null;
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.PropertyName or JsonTokenType.String)) continue;
            bool isField = reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 1;
            if (isField) field = null;
            if (!reader.ValueIsEscaped && !isField) continue;
            try
            {
                string text = reader.GetString()!;
                if (isField) field = text;
            }
            catch (InvalidOperationException)
            {
                throw new ApiException(StatusCodes.Status400BadRequest,
                    $"{field ?? "a name in the body"}: half a surrogate pair is no Unicode text.", field);
            }
        }
    }
}
