#!/usr/bin/env bash
# `maskllm learn` with its own settings on SmolLM2-135M-Instruct (unpacked by fixtures/smollm2/to_hf.py), 614,400 tokens, three of eight of
# WikiText-2's training text and the others of four English sources; then the perplexity of the dense and the masked model.
# Usage: frozen-smollm2.sh MASKLLM SHARED SMOLLM2 OUT [options of learn]
set -euo pipefail
maskllm=$1; shared=$2; model=$3; out=$4
domains=$shared/data/domains; wikitext=$shared/data/wikitext-2
data=("$wikitext/train-first-1MB.raw.txt:3")
for source in books us-presidents movie-reviews dotnet-docs; do data+=("$domains/$source.train.txt.gz:1.25"); done
"$maskllm" learn "$model" --data "${data[@]}" --prior "$shared/fixtures/smollm2/masks/sparsegpt_no_update.npz" --seq-len 512 \
  --batch-size 2 --steps 600 --precision float32 --seed 0 --eval-text "$wikitext/test.raw.txt" --eval-windows 16 --eval-every 600 \
  --save-every 60 --out "$out" --resume "${@:5}"
"$maskllm" eval "$model" --data "$wikitext/test.raw.txt" --seq-len 1024 --max-windows 40 --mask "$out/mask.npz" --json \
  > "$out/wikitext-2.json"
