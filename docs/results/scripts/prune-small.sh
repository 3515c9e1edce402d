#!/usr/bin/env bash
# `maskllm prune` on fixtures/trained/small with 256 sequences of 256 tokens of its own data, three seeds unless SEEDS says which, then
# the perplexity of every model on the 13 test texts. Usage: prune-small.sh MASKLLM SHARED OUT [options of prune]
set -euo pipefail
maskllm=$1; shared=$2; out=$3
small=$shared/fixtures/trained/small; domains=$shared/data/domains
mkdir -p "$out"
for seed in ${SEEDS:-0 1 2}; do
  [ -f "$out/seed$seed/run.json" ] || "$maskllm" prune "$small" --data "$domains"/*.train.txt.gz --samples 256 --seq-len 256 \
    --seed $seed "${@:4}" --out "$out/seed$seed" --force
  for text in "$domains"/*.test.txt.gz "$shared/data/wikitext-2/test.txt"; do
    "$maskllm" eval "$out/seed$seed/model" --data "$text" --seq-len 256 --max-windows 128 --json \
      > "$out/seed$seed/$(basename "$text").json"
  done
done
