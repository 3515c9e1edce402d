"""Draws docs/results/smollm2-curve.svg: perplexity against tokens of two runs, by their metrics.jsonl and run.json. Usage: smollm2-curve.py (no options)"""
import json
import math
import pathlib

RESULTS = pathlib.Path(__file__).resolve().parent.parent
RUNS = [  # file, tokens a step, colour, what
    ("learn-smollm2-default-hour", 2 * 512, "#1f77b4", "learned, the default"),
    ("learn-smollm2-hour", 4 * 512, "#ff7f0e", "learned, the paper's recipe"),
]
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 380, 60, 40, 40, 50
MOST_TOKENS, LOWEST, HIGHEST = 1_000_000, 30, 3000


def x(tokens):
    return round(LEFT + (WIDTH - LEFT - RIGHT) * tokens / MOST_TOKENS, 1)


def y(perplexity):
    share = math.log(perplexity / LOWEST) / math.log(HIGHEST / LOWEST)
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share, 1)


def text(at_x, at_y, words, anchor="start", colour="#333"):
    return f'<text x="{at_x}" y="{at_y}" text-anchor="{anchor}" fill="{colour}">{words}</text>'


def line(x1, y1, x2, y2, colour, dashes=""):
    style = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{colour}"{style}/>'


def points(name, tokens_a_step):
    lines = (RESULTS / "raw" / f"{name}.metrics.jsonl").read_text(encoding="utf-8").splitlines()
    measured = [row for row in map(json.loads, lines) if "held_out_perplexity" in row]
    figures = json.loads((RESULTS / "raw" / f"{name}.run.json").read_text(encoding="utf-8"))["figures"]
    curve = {(row["step"] + 1) * tokens_a_step: row["held_out_perplexity"] for row in measured}
    curve[figures["tokens"]] = figures["perplexity"]["learned"]
    return measured[-1], sorted(curve.items())


parts = [
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
    f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    text(WIDTH / 2, 20, "SmolLM2-135M-Instruct, 2:4: perplexity on WikiText-2 (16 windows of 512)", "middle"),
]
for tick in (30, 50, 100, 200, 500, 1000, 2000):
    parts += [line(LEFT, y(tick), WIDTH - RIGHT, y(tick), "#e5e5e5"), text(LEFT - 6, y(tick) + 4, tick, "end")]
for tick in range(0, MOST_TOKENS + 1, 200_000):
    parts += [line(x(tick), TOP, x(tick), HEIGHT - BOTTOM, "#e5e5e5"), text(x(tick), HEIGHT - BOTTOM + 18, f"{tick:,}", "middle")]
parts.append(text(WIDTH / 2, HEIGHT - 10, "tokens seen", "middle"))
for name, tokens_a_step, colour, what in RUNS:
    last, curve = points(name, tokens_a_step)
    if name == RUNS[0][0]:
        for value, words, level in ((last["held_out_dense"], "dense", "#666"), (last["held_out_prior"], "the prior: SparseGPT without update", "#999")):
            parts += [line(LEFT, y(value), WIDTH - RIGHT, y(value), level, "6 4"), text(WIDTH - RIGHT - 4, y(value) - 5, f"{words}, {value:.1f}", "end", level)]
    parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{" ".join(f"{x(t)},{y(p)}" for t, p in curve)}"/>')
    parts += [f'<circle cx="{x(t)}" cy="{y(p)}" r="3" fill="{colour}"/>' for t, p in curve]
    at_x, at_y = x(curve[-1][0]), y(curve[-1][1])
    parts.append(text(at_x, at_y + (18 if name == RUNS[0][0] else -22), f"{what}, {curve[-1][1]:.1f}", "end", colour))
(RESULTS / "smollm2-curve.svg").write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")
