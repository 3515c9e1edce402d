// The npm client `openai` against `maskllm serve`: completions and chat, whole and streamed, then many at a time.
// npm install openai; node serve-openai.mjs http://127.0.0.1:8080 [AT_ONCE] [--no-chat]
import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";
import path from "node:path";

// The client is where the command is run, not beside this file.
const OpenAI = createRequire(path.join(process.cwd(), "package.json"))("openai");
const [base, atOnce = "64"] = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const hasChat = !process.argv.includes("--no-chat");
const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: process.env.MASKLLM_API_KEY ?? "none", maxRetries: 0, timeout: 600_000 });
const model = (await client.models.list()).data[0].id;
const messages = [{ role: "user", content: "Name three rivers of France." }];
const settings = { model, max_tokens: 24, temperature: 0.8, seed: 7 };

function same(what, a, b) {
  if (a !== b) throw new Error(`${what}: whole ${JSON.stringify(a)}, streamed ${JSON.stringify(b)}`);
  console.log(`${what}: ${JSON.stringify(a)}`);
}

async function collect(stream, textOf) {
  let text = "", usage;
  for await (const piece of stream) {
    if (piece.choices.length > 0) text += textOf(piece.choices[0]) ?? "";
    usage = piece.usage ?? usage;
  }
  if (!(usage?.completion_tokens > 0)) throw new Error("the stream counted no tokens");
  return text;
}

const completion = { ...settings, prompt: "The longest river of France is" };
const streamed = { stream: true, stream_options: { include_usage: true } };
same("completion", (await client.completions.create(completion)).choices[0].text,
  await collect(await client.completions.create({ ...completion, ...streamed }), (choice) => choice.text));
if (hasChat) {
  const chat = { ...settings, messages };
  same("chat", (await client.chat.completions.create(chat)).choices[0].message.content,
    await collect(await client.chat.completions.create({ ...chat, ...streamed }), (choice) => choice.delta.content));
}
for (const [what, fields] of [["n", { n: 2 }], ["presence_penalty", { presence_penalty: 1 }], ["model", { model: "another" }]]) {
  const error = await client.completions.create({ ...completion, ...fields }).then(() => null, (e) => e);
  if (!(error instanceof OpenAI.APIError) || error.param !== what) throw new Error(`${what} was not refused as the client knows it: ${error}`);
  console.log(`refused: ${error.message}`);
}

const start = performance.now();
const texts = await Promise.all(Array.from({ length: Number(atOnce) }, async (_, i) => {
  const request = { ...completion, seed: i % 8, prompt: `${i % 8} rivers:` };
  return i % 2 === 0
    ? (await client.completions.create(request)).choices[0].text
    : collect(await client.completions.create({ ...request, ...streamed }), (choice) => choice.text);
}));
const seconds = (performance.now() - start) / 1000;
texts.forEach((text, i) => {
  if (text !== texts[i % 8]) throw new Error(`the same request gave ${JSON.stringify(text)} and ${JSON.stringify(texts[i % 8])}`);
});
console.log(`${atOnce} at a time: no error, same seed same text, ${seconds.toFixed(1)} s, at most ${(Number(atOnce) * settings.max_tokens / seconds).toFixed(0)} new tokens a second`);
