#!/usr/bin/env bash
# `maskllm learn --recipe tuned` on fixtures/trained/small with the data of its learning.json, 600 steps of 16 x 256 tokens, three seeds
# unless SEEDS says which, then the perplexity of every model on the 13 test texts.
# Usage: tuned-small.sh MASKLLM SHARED OUT [options of learn]
set -euo pipefail
maskllm=$1; shared=$2; out=$3
small=$shared/fixtures/trained/small; domains=$shared/data/domains
mkdir -p "$out"

# The fixture's protocol: a source counts by min(tokens, 2.5 million); tokens as learn counts them.
data=()
for source in books:2500000 c-headers:2500000 dotnet-docs:2500000 help-chinese:1143562 man-french:2299319 man-german:2394441 \
  man-japanese:2034509 man-spanish:775993 math-gsm8k:1508604 movie-reviews:2443537 python-stdlib:2500000 us-presidents:834780; do
  data+=("$domains/${source%%:*}.train.txt.gz:${source##*:}")
done

for seed in ${SEEDS:-0 1 2}; do
  [ -f "$out/seed$seed/run.json" ] || "$maskllm" learn "$small" --recipe tuned --data "${data[@]}" --document-separator '\n\n\n' \
    --seq-len 256 --seed $seed "${@:4}" --out "$out/seed$seed" --resume
  for text in "$domains"/*.test.txt.gz "$shared/data/wikitext-2/test.txt"; do
    "$maskllm" eval "$out/seed$seed/model" --data "$text" --seq-len 256 --max-windows 128 --json \
      > "$out/seed$seed/$(basename "$text").json"
  done
done
