using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;

namespace MaskLlm.Serving.Http;

/// <summary>Answers requests for text, whole or piece by piece.</summary>
/// <param name="model">What is served.</param>
/// <param name="shape">Completions or chat.</param>
/// <param name="intake">How bodies are taken in.</param>
internal sealed class TextEndpoint(ServedModel model, ITextShape shape, BodyIntake intake)
{
    // Often enough to notice who is gone, and not with every token.
    private const long ProbeMilliseconds = 200;

    internal async Task Answer(HttpContext http)
    {
        // Before the body is read: a full server does little for those that it refuses.
        if (model.Batch.Refusal is { } refusal) throw new RefusedException(refusal);
        TextCall call = await Read(http.Request);
        ReplyFrame frame = new(shape, model.Name, call.Request.Prompt.Count);
        ChannelReader<TextPiece> pieces = model.Batch.Submit(call.Request, http.RequestAborted);
        if (call.IsStream) await Stream(http, call, frame, pieces);
        else await Whole(http, frame, pieces);
    }

    // What is left of the body afterwards is tokens and a few settings.
    private async Task<TextCall> Read(HttpRequest request)
    {
        using RequestBody body = await RequestBody.Read(request, intake);
        return TextCall.Read(body.Root, model, shape);
    }

    private static async Task Whole(HttpContext http, ReplyFrame frame, ChannelReader<TextPiece> pieces)
    {
        StringBuilder text = new();
        int tokens = 0;
        FinishReason finish = FinishReason.Length;
        long probed = Environment.TickCount64;
        await foreach (TextPiece piece in pieces.ReadAllAsync(CancellationToken.None))
        {
            text.Append(piece.Text);
            tokens++;
            finish = piece.Finish ?? finish;
            if (http.Features.Get<ClientLifetime>() is not { IsSilent: true } client
                || Environment.TickCount64 - probed < ProbeMilliseconds) continue;
            probed = Environment.TickCount64;
            await JsonReply.Probe(http.Response);
            client.Check();
        }
        await JsonReply.Write(http.Response, frame.Whole(text.ToString(), tokens, finish));
    }

    // Nothing is sent before the first token: until then the answer can still be an error.
    private static async Task Stream(HttpContext http, TextCall call, ReplyFrame frame, ChannelReader<TextPiece> pieces)
    {
        int tokens = 0;
        await foreach (TextPiece piece in pieces.ReadAllAsync(CancellationToken.None))
        {
            if (tokens++ == 0) EventStream.Begin(http.Response);
            if (piece.Text.Length == 0 && piece.Finish is null && tokens > 1) continue;
            await EventStream.Send(http.Response, frame.Piece(piece.Text, tokens == 1, piece.Finish), http.RequestAborted);
            http.Features.Get<ClientLifetime>()?.Check();
        }
        if (call.WantsUsage) await EventStream.Send(http.Response, frame.UsagePiece(tokens), http.RequestAborted);
        await EventStream.End(http.Response, http.RequestAborted);
    }
}
