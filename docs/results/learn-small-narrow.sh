#!/usr/bin/env bash
# Three seeds of `maskllm learn` on fixtures/trained/small in bfloat16, with moments of 1 and 2 bytes; recipe, data and budget as in
# learn-small.sh. Then the perplexity of every mask on the 13 test texts, in float32. Usage: learn-small-narrow.sh MASKLLM SHARED OUT
set -euo pipefail
maskllm=$1; shared=$2; out=$3
small=$shared/fixtures/trained/small; domains=$shared/data/domains
mkdir -p "$out"

data=()
for source in books:2500000 c-headers:2500000 dotnet-docs:2500000 help-chinese:1143562 man-french:2299319 man-german:2394441 \
  man-japanese:2034509 man-spanish:775993 math-gsm8k:1508604 movie-reviews:2443537 python-stdlib:2500000 us-presidents:834780; do
  data+=("$domains/${source%%:*}.train.txt.gz:${source##*:}")
done

masks=()
for moments in int8 bfloat16; do
  for seed in 0 1 2; do
    run=$out/bfloat16-$moments-seed$seed
    [ -f "$run/mask.npz" ] || "$maskllm" learn "$small" --data "${data[@]}" --document-separator '\n\n\n' \
      --prior "$small/masks/sparsegpt_no_update.npz" --pattern 2:4 --recipe maskllm --learning-rate 1e-3 --batch-size 16 \
      --seq-len 256 --steps 300 --seed $seed --precision bfloat16 --moments $moments --out "$run" --resume
    masks+=(--mask "$run/mask.npz")
  done
done

for text in "$domains"/*.test.txt.gz "$shared/data/wikitext-2/test.txt"; do
  "$maskllm" eval "$small" --data "$text" --seq-len 256 --max-windows 128 "${masks[@]}" --json > "$out/$(basename "$text").json"
done
