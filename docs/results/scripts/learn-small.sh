#!/usr/bin/env bash
# Three seeds of `maskllm learn` on fixtures/trained/small with the recipe and budget of its learning.json, then the
# perplexity of every mask on the 13 test texts. Usage: learn-small.sh MASKLLM SHARED OUT [options of learn in place of the paper's recipe]
set -euo pipefail
maskllm=$1; shared=$2; out=$3
small=$shared/fixtures/trained/small; domains=$shared/data/domains
mkdir -p "$out"
recipe=("${@:4}")
[ ${#recipe[@]} -gt 0 ] || recipe=(--recipe maskllm --learning-rate 1e-3 --batch-size 16 --steps 300)

# The fixture's protocol: a source counts by min(tokens, 2.5 million); tokens as learn counts them.
data=()
for source in books:2500000 c-headers:2500000 dotnet-docs:2500000 help-chinese:1143562 man-french:2299319 man-german:2394441 \
  man-japanese:2034509 man-spanish:775993 math-gsm8k:1508604 movie-reviews:2443537 python-stdlib:2500000 us-presidents:834780; do
  data+=("$domains/${source%%:*}.train.txt.gz:${source##*:}")
done

masks=()
for seed in 0 1 2; do
  [ -f "$out/seed$seed/mask.npz" ] || "$maskllm" learn "$small" --data "${data[@]}" --document-separator '\n\n\n' \
    --prior "$small/masks/sparsegpt_no_update.npz" --pattern 2:4 --seq-len 256 --seed $seed "${recipe[@]}" --out "$out/seed$seed" --resume
  masks+=(--mask "$out/seed$seed/mask.npz")
done

for text in "$domains"/*.test.txt.gz "$shared/data/wikitext-2/test.txt"; do
  "$maskllm" eval "$small" --data "$text" --seq-len 256 --max-windows 128 --mask "$small/masks/magnitude.npz" \
    --mask "$small/masks/sparsegpt_no_update.npz" "${masks[@]}" --json > "$out/$(basename "$text").json"
done
