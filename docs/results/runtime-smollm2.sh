#!/usr/bin/env bash
# Dense and 2:4 files of one model in three types: size, perplexity by the CPU runtime, and tokens a second of five rounds in which the files take turns.
# Usage: runtime-smollm2.sh MASKLLM MODEL MASK TEXT OUT; OUT/*.json has what generate and eval say.
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

for round in 1 2 3 4 5; do
  for file in "${files[@]}"; do
    "$maskllm" generate "$file" --prompt "The capital of France is" --max-tokens 96 --json > "${file%.safetensors}.generate$round.json"
  done
done

for file in "${files[@]}"; do
  "$maskllm" eval "$file" --data "$text" --seq-len 1024 --max-windows 40 --json > "${file%.safetensors}.eval.json"
done
