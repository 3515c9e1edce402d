using MaskLlm.Tests;

namespace MaskLlm.Cli.Tests;

/// <summary>The tiny model with a chat template, in a folder that goes with the test.</summary>
internal static class ChatModel
{
    internal static string In(TemporaryFolder folder)
    {
        string model = TinyModel.CopyTo(folder.File("model"));
        File.WriteAllText(Path.Combine(model, "tokenizer_config.json"), """
            { "chat_template": "{% for m in messages %}{% if m.role == 'tool' %}{{ raise_exception('tools cannot talk') }}{% endif %}{{ m.role[0] }}:{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}a:{% endif %}" }
            """);
        return model;
    }
}
