#!/usr/bin/env bash
# SmolLM2-135M-Instruct (unpacked by fixtures/smollm2/to_hf.py) pruned by admm on 128 sequences of 512, three of eight of WikiText-2's
# training text and the others of four English sources; then, unless TUNE is 0, its kept weights trained on the same mixture; then the
# perplexity of the dense model and of each on five texts. Usage: tuned-smollm2.sh MASKLLM SHARED SMOLLM2 OUT [options of learn]
set -euo pipefail
maskllm=$1; shared=$2; model=$3; out=$4
domains=$shared/data/domains; wikitext=$shared/data/wikitext-2
mkdir -p "$out"
data=("$wikitext/train-first-1MB.raw.txt:3")
for source in books us-presidents movie-reviews dotnet-docs; do data+=("$domains/$source.train.txt.gz:1.25"); done

[ -f "$out/shot/run.json" ] || "$maskllm" prune "$model" --data "${data[@]}" --samples 128 --seq-len 512 \
  --blockwise "${BLOCKWISE:-false}" --seed 0 --out "$out/shot" $([ -d "$out/shot" ] && echo --resume)
models=("$model" "$out/shot/model")
if [ "${TUNE:-1}" != 0 ]; then
  [ -f "$out/tuned/run.json" ] || "$maskllm" learn "$model" --recipe tuned --data "${data[@]}" --prior "$out/shot/mask.npz" \
    --start-weights "$out/shot/model" --seq-len 512 --seed 0 --eval-text "$wikitext/test.raw.txt" \
    --eval-windows 16 --out "$out/tuned" --resume "${@:5}"
  models+=("$out/tuned/model")
fi

for each in "${models[@]}"; do
  name=$([ "$each" = "$model" ] && echo dense || basename "$(dirname "$each")")
  "$maskllm" eval "$each" --data "$wikitext/test.raw.txt" --seq-len 1024 --max-windows 40 --json > "$out/$name.wikitext-2.json"
  for text in books dotnet-docs math-gsm8k movie-reviews; do
    "$maskllm" eval "$each" --data "$domains/$text.test.txt.gz" --seq-len 1024 --max-windows 15 --json > "$out/$name.$text.json"
  done
done
