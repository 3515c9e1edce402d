using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MaskLlm.Cli.Output;

/// <summary>Results for programs: one JSON object on standard output.</summary>
internal static class JsonOutput
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping
    };

    internal static void Print(TextWriter output, JsonObject value) => output.WriteLine(value.ToJsonString(Indented));
}
