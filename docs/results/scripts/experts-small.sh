#!/usr/bin/env bash
# A mixture of 8 experts (experts-small.json, 4 million parameters) trained from scratch on the .NET documentation of `../shared/data`,
# pruned by every method and learned; perplexity on the held-out file, choices of the routers that changed, files and decoding.
# The same command goes on. Usage: experts-small.sh MASKLLM SHARED OUT [SEED [options of all verbs]]
set -euo pipefail
maskllm=$1; shared=$2; out=$3; seed=${4:-0}; all=("${@:5}")
text=$shared/data/domains/dotnet-docs
data=(--data "$text.train.txt.gz" --document-separator '\n\n\n')
mkdir -p "$out"
run() { [ -f "$out/$1.done" ] || { "$maskllm" "${@:2}" --out "$out/$1" "${all[@]}" --resume && touch "$out/$1.done"; }; }

run dense pretrain --config "$(dirname "$0")/experts-small.json" "${data[@]}" --steps 1500 --batch-size 16 --seed "$seed"
model=$out/dense/model; [ -d "$model" ] || model=$out/dense
run magnitude prune "$model" --method magnitude
run wanda prune "$model" --method wanda "${data[@]}" --samples 256 --seq-len 256 --seed "$seed"
run sparsegpt prune "$model" --method sparsegpt --update-weights own "${data[@]}" --samples 256 --seq-len 256 --seed "$seed"
run admm prune "$model" "${data[@]}" --samples 256 --seq-len 256 --seed "$seed"
run learned learn "$model" "${data[@]}" --seq-len 256 --seed "$seed"
test=(--data "$text.test.txt.gz" --seq-len 256 --max-windows 512 "${all[@]}")
"$maskllm" eval "$model" "${test[@]}" --mask "$out/magnitude/mask.npz" --mask "$out/wanda/mask.npz" --mask "$out/sparsegpt/mask.npz" \
  --mask "$out/learned/mask.npz" --json > "$out/masks.json"
for method in sparsegpt admm; do "$maskllm" eval "$out/$method/model" "${test[@]}" --json > "$out/$method.json"; done
for type in bfloat16 int8; do
  "$maskllm" export "$model" --type $type --out "$out/dense-$type.mllm" --force
  "$maskllm" export "$model" --type $type --mask "$out/learned/mask.npz" --out "$out/learned-$type.mllm" --force
  "$maskllm" bench "$out/learned-$type.mllm" --json "${all[@]}" > "$out/bench-$type.json"
done
