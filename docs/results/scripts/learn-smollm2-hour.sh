#!/usr/bin/env bash
# An hour of `maskllm learn` on SmolLM2-135M-Instruct with the data, recipe and curve of the fixture's learning.json, in bfloat16.
# Usage: learn-smollm2-hour.sh MASKLLM SHARED SMOLLM2 OUT
set -euo pipefail
maskllm=$1; shared=$2; model=$3; out=$4
data=$shared/data; domains=$data/domains

# A source counts by min(tokens, 2.5 million), as in the fixture.
"$maskllm" learn "$model" --data "$data/wikitext-2/train-first-1MB.raw.txt:229411" "$domains/books.train.txt.gz:2077588" \
  "$domains/us-presidents.train.txt.gz:548810" "$domains/movie-reviews.train.txt.gz:1760336" "$domains/dotnet-docs.train.txt.gz:2500000" \
  --prior "$shared/fixtures/smollm2/masks/sparsegpt_no_update.npz" --pattern 2:4 --recipe maskllm --learning-rate 1e-3 \
  --batch-size 4 --seq-len 512 --steps 460 --precision bfloat16 --seed 0 \
  --eval-text "$data/wikitext-2/test.raw.txt" --eval-windows 16 --eval-every 46 --save-every 46 --out "$out" --resume

"$maskllm" eval "$model" --data "$data/wikitext-2/test.raw.txt" --seq-len 1024 --max-windows 40 \
  --mask "$shared/fixtures/smollm2/masks/sparsegpt_no_update.npz" --mask "$out/mask.npz" --json > "$out/wikitext-2.json"
