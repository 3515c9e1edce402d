// Twice what a server takes, for some minutes: every answer is whole or a 429, and memory does not grow after minute 2.
// node serve-soak.mjs http://127.0.0.1:8080 MINUTES [CLIENTS]: CLIENTS is twice --parallel and --queue together, 160 by default.
import { performance } from "node:perf_hooks";

const [base, minutes, clients = "160"] = process.argv.slice(2);
const end = performance.now() + Number(minutes) * 60_000, settled = performance.now() + Math.min(2, Number(minutes) / 2) * 60_000;
const headers = { "Content-Type": "application/json", Authorization: `Bearer ${process.env.MASKLLM_API_KEY ?? "none"}` };
const counts = { whole: 0, streamed: 0, left: 0, busy: 0 };
const mostResidentGrowth = 1.05;

async function metric(name) {
  const text = await (await fetch(`${base}/metrics`, { headers })).text();
  return Number(text.match(new RegExp(`^maskllm_${name} (.+)$`, "m"))[1]);
}

async function ask(client, round) {
  const stream = round % 2 === 1, leaves = round % 7 === 3;
  const aborter = new AbortController();
  const body = JSON.stringify({
    prompt: "river ".repeat(1 + ((client * 31 + round * 17) % 60)), max_tokens: 1 + ((client + round * 13) % 48), seed: client, stream, stop: round % 3 === 0 ? ["\n\n"] : null,
  });
  const response = await fetch(`${base}/v1/completions`, { method: "POST", headers, body, signal: aborter.signal });
  if (response.status === 429) {
    if (!response.headers.get("retry-after")) throw new Error("429 without Retry-After");
    await response.text();
    counts.busy++;
    await new Promise((done) => setTimeout(done, 1000 * response.headers.get("retry-after") * (1 + 2 * Math.random())));
    return;
  }
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  if (leaves) {
    aborter.abort();
    counts.left++;
    return;
  }
  const text = await response.text();
  if (stream ? !/"finish_reason":"(stop|length)"/.test(text) || !text.endsWith("data: [DONE]\n\n") : !JSON.parse(text).choices[0].finish_reason) throw new Error(`cut off: ${text.slice(-300)}`);
  counts[stream ? "streamed" : "whole"]++;
}

async function watch() {
  let resident = 0;
  while (performance.now() < end) {
    await new Promise((done) => setTimeout(done, 5000));
    if (resident === 0 && performance.now() > settled) resident = await metric("resident_bytes");
  }
  return resident;
}

const early = watch();
await Promise.all(Array.from({ length: Number(clients) }, async (_, client) => {
  for (let round = client; performance.now() < end; round++) await ask(client, round);
}));
const before = await early, after = await metric("resident_bytes");
console.log(JSON.stringify({ ...counts, residentAtMinute2: before, residentAtEnd: after, ratio: after / before, running: await metric("requests_running"), queued: await metric("requests_queued") }));
if (after > mostResidentGrowth * before) throw new Error("memory grew");
