#!/usr/bin/env bash
# A checkpoint in bfloat16, int8 and int4, the last rounded to the nearest and, with three seeds, on 128 sequences of 256 tokens of the
# small model's own data; then the perplexities of every file on the 13 test texts, 32 windows of 256, and their geometric means over
# bfloat16's. Usage: int4-small.sh MASKLLM SHARED OUT MODEL [--mask MASK]
set -euo pipefail
maskllm=$1; shared=$2; out=$3; model=$4
domains=$shared/data/domains
mkdir -p "$out"
measure() {
  "$maskllm" export "$model" --type "${1%-*}" --out "$out/model.maskllm" --force "${@:2}" >&2
  for text in "$domains"/*.test.txt.gz "$shared/data/wikitext-2/test.txt"; do
    "$maskllm" eval "$out/model.maskllm" --data "$text" --seq-len 256 --max-windows 32 --json > "$out/$1.$(basename "$text" .gz).json"
  done
  rm "$out/model.maskllm"
}
for type in bfloat16 int8 int4; do measure "$type" "${@:5}"; done
for seed in 0 1 2; do measure "int4-$seed" --data "$domains"/*.train.txt.gz --seed "$seed" "${@:5}"; done
python3 - "$out" << 'P'
import glob, json, math, os, sys
logs = {}
for path in sorted(glob.glob(sys.argv[1] + "/*.json")):
    name, text = os.path.basename(path).split(".", 1)
    logs.setdefault(name, {})[text] = math.log(json.load(open(path))["rows"][-1]["perplexity"])
for name, own in sorted(logs.items()):
    mean = sum(own.values()) / len(own)
    dense = sum(logs["bfloat16"].values()) / len(own)
    print(f"{name}: {math.exp(mean):.4f}, {math.exp(mean - dense):.5f} of bfloat16")
P
