#!/usr/bin/env bash
# What to deploy of SmolLM2-135M-Instruct (unpacked by fixtures/smollm2/to_hf.py): dense, under a learned mask and tuned, in bfloat16, int8
# and int4 rounded on the mixture of tuned-smollm2.sh. Usage: deploy-smollm2.sh MASKLLM SHARED SMOLLM2 MASK TUNED OUT [options]
set -euo pipefail
maskllm=$1; shared=$2; model=$3; mask=$4; tuned=$5; out=$6
domains=$shared/data/domains; wikitext=$shared/data/wikitext-2
data=("$wikitext/train-first-1MB.raw.txt:3")
for source in books us-presidents movie-reviews dotnet-docs; do data+=("$domains/$source.train.txt.gz:1.25"); done
"$maskllm" experiment deploy "$model" --mask "$mask" --other "$tuned" --data "${data[@]}" --eval-text "$wikitext/test.raw.txt" \
  --seq-len 1024 --max-windows "${WINDOWS:-40}" --out "$out" "${@:7}"
