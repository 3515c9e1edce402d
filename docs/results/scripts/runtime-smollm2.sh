#!/usr/bin/env bash
# Dense and 2:4 files of one model in three types: size, a text, perplexity by the CPU runtime, and tokens a second as `bench` has them.
# Usage: runtime-smollm2.sh MASKLLM MODEL MASK TEXT OUT; OUT/*.json has what generate, eval and bench say.
set -euo pipefail
maskllm=$1; model=$2; mask=$3; text=$4; out=$5
mkdir -p "$out"
files=()
for type in bfloat16 int8 int4; do
  for weights in dense sparse; do
    file=$out/$weights-$type.safetensors
    options=(); [ $weights = dense ] || options=(--mask "$mask")
    [ -f "$file" ] || "$maskllm" export "$model" "${options[@]}" --type $type --out "$file"
    files+=("$file")
  done
done

for file in "${files[@]}"; do
  "$maskllm" generate "$file" --prompt "The capital of France is" --max-tokens 48 --json > "${file%.safetensors}.generate.json"
done

for file in "${files[@]}"; do
  "$maskllm" eval "$file" --data "$text" --seq-len 1024 --max-windows 40 --json > "${file%.safetensors}.eval.json"
done

# Dense and 2:4 in turns in one process, of the same number of tokens: nothing else should run.
for type in bfloat16 int8 int4; do
  "$maskllm" bench "$out/sparse-$type.safetensors" --repeats 5 --json > "$out/bench-$type.json"
done
