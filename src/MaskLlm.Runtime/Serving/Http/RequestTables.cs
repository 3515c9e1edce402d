using static MaskLlm.Serving.Http.FieldRow;

namespace MaskLlm.Serving.Http;

/// <summary>The fields of OpenAI's API, and those beyond it that are known here: docs/serving.md shows these tables.</summary>
internal static class RequestTables
{
    private const string Positive = "a number from 0 to 100";

    internal static FieldTable Completions { get; } = new("POST /v1/completions",
    [
        Served("prompt", "a string, a list of token ids, or a list of one of these"),
        .. Common,
        Refused("best_of", "a request gives one answer", "1"),
        Refused("echo", "the prompt is not given back", "false"),
        Refused("logprobs", "probabilities are not given; 0 asks for those of the chosen tokens", "false"),
        Refused("suffix", "text is added at the end only", "\"\""),
        Refused("add_special_tokens", "the tokenizer's special tokens are always added", "true"),
    ]);

    internal static FieldTable Chat { get; } = new("POST /v1/chat/completions",
    [
        Served("messages", "a list of messages; their fields are below"),
        .. Common,
        Served("continue_final_message",
            "true: the answer goes on with the final message, which the template leaves open; not together with `add_generation_prompt` "
            + "true"),
        Served("add_generation_prompt",
            "false: the template does not begin the assistant's turn; by default it does unless `continue_final_message` is true"),
        Refused("audio", "only text is served"),
        Refused("function_call", "calls of functions are not served", "\"none\"", "\"auto\""),
        Refused("functions", "calls of functions are not served", "[]"),
        Refused("logprobs", "probabilities are not given", "false", "0"),
        Refused("top_logprobs", "probabilities are not given", "0"),
        Refused("modalities", "only text is served", "[\"text\"]", "[]"),
        Refused("moderation", "answers are not moderated"),
        Refused("reasoning_effort", "how much the model reasons cannot be set", "\"none\""),
        Refused("response_format", "only text is served", "{\"type\":\"text\"}"),
        Refused("tool_choice", "calls of tools are not served", "\"none\"", "\"auto\""),
        Refused("tools", "calls of tools are not served", "[]"),
        Refused("verbosity", "how much the model says cannot be set", "\"medium\""),
        Refused("web_search_options", "nothing is searched"),
        Refused("add_special_tokens", "the template writes the special tokens", "false"),
        Refused("chat_template", "the checkpoint's own template is used"),
        Refused("chat_template_kwargs", "the template gets nothing but the conversation", "{}"),
        Refused("documents", "the template gets nothing but the conversation", "[]"),
        Refused("echo", "the prompt is not given back", "false"),
        Refused("include_reasoning", "what the model reasons is part of its text", "true"),
        Ignored("parallel_tool_calls", "there are no tool calls in answers"),
        Ignored("prediction", "OpenAI's only makes the same answer faster"),
        Ignored("prompt_cache_key", "where a prompt is cached changes no answer"),
        Ignored("prompt_cache_options", "where a prompt is cached changes no answer"),
        Ignored("prompt_cache_retention", "where a prompt is cached changes no answer"),
        Ignored("safety_identifier", "who asks changes no answer"),
        Ignored("service_tier", "there is one"),
        Ignored("store", "nothing is kept"),
        Ignored("metadata", "nothing is kept"),
    ]);

    internal static FieldTable Message { get; } = new("a message of `messages`",
        Served("role", "a string that the template knows"),
        Served("content", "a string or a list of parts; null or left out only beside `tool_calls` or `function_call` of an assistant"),
        Served("name", "reaches the template"),
        Served("tool_calls", "of an assistant: a list of objects with `function`; they reach the template, `arguments` as an object where "
            + "the template takes one; 400 where the template does not read them"),
        Served("tool_call_id", "of a tool: reaches the template"),
        Served("function_call", "of an assistant: an object; it reaches the template; 400 where the template does not read it"),
        Served("reasoning_content", "of an assistant: a string; it reaches the template"),
        Refused("audio", "only text is served"),
        Refused("refusal", "refusals are not part of the conversation; give the text as `content`", "\"\""),
        Ignored("annotations", "they say where a text is from"));

    internal static FieldTable Part { get; } = new("a part of `content`",
        Served("type", "`\"text\"`; images, sound, files and refusals are refused"),
        Served("text", "a string; parts follow each other without anything between"),
        Ignored("cache_control", "where a prompt is cached changes no answer"),
        Ignored("prompt_cache_breakpoint", "where a prompt is cached changes no answer"),
        Ignored("annotations", "they say where a text is from"));

    internal static FieldTable StreamOptions { get; } = new("`stream_options`",
        Served("include_usage", "true: one more piece at the end counts tokens"),
        Refused("include_obfuscation", "pieces are as long as their text", "false"),
        Refused("continuous_usage_stats", "tokens are counted at the end only", "false"));

    internal static IReadOnlyList<FieldTable> All { get; } = [Completions, Chat, Message, Part, StreamOptions];

    private static IEnumerable<FieldRow> Common =>
    [
        Served("model", "the served model's name; another is a 404"),
        Served("max_tokens",
            "a whole number from 1; 16 for completions, else what the limits leave; more than the server's limit is cut to it"),
        Served("max_completion_tokens", "the same; two that differ are refused"),
        Served("temperature", $"{Positive}; 1 by default, 0 takes the most probable token"),
        Served("top_p", "above 0 and at most 1; 1 by default"),
        Served("seed", "a whole number; without it each request draws its own"),
        Served("stop", "a string or up to four of at most 1000 characters: the text ends before the first that comes; one can be, or "
            + "hold, the text of a special token"),
        Served("stream", "true or false"),
        Served("stream_options", "an object; its fields are below"),
        Served("top_k", "a whole number; 0 or -1 for all, the default"),
        Served("repetition_penalty", "a number from 0.01 to 100; 1 by default"),
        Served("stop_token_ids", "a list of token ids: each ends the text, and is no part of it"),
        Refused("frequency_penalty", "this is not served, `repetition_penalty` is", "0"),
        Refused("presence_penalty", "this is not served, `repetition_penalty` is", "0"),
        Refused("logit_bias", "this is not served", "{}"),
        Refused("n", "a request gives one answer", "1"),
        Refused("min_p", "this is not served", "0"),
        Refused("min_tokens", "this is not served", "0"),
        Refused("ignore_eos", "the model's end tokens end a text", "false"),
        Refused("include_stop_str_in_output", "a text ends before its stop text", "false"),
        Refused("skip_special_tokens", "special tokens leave no text", "true"),
        Refused("spaces_between_special_tokens", "special tokens leave no text", "true"),
        Refused("length_penalty", "this is not served", "1"),
        Refused("use_beam_search", "this is not served", "false"),
        Refused("bad_words", "this is not served", "[]"),
        Refused("return_token_ids", "ids are not given", "false"),
        Refused("return_tokens_as_token_ids", "ids are not given", "false"),
        Ignored("user", "who asks changes no answer"),
        Ignored("request_id", "answers have identifiers of their own"),
        Ignored("priority", "who comes first runs first"),
        Ignored("cache_prompt", "where a prompt is cached changes no answer"),
        Ignored("cache_salt", "where a prompt is cached changes no answer"),
    ];
}
