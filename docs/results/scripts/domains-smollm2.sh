#!/usr/bin/env bash
# SmolLM2-135M-Instruct (unpacked by fixtures/smollm2/to_hf.py) for one domain at equal tokens: a 2:4 mask over the frozen weights, a 2:4
# model whose kept weights are trained, and the dense model trained; then what to deploy of them, on the domain's text and on WikiText-2.
# What is done stays: the same command goes on. Usage: domains-smollm2.sh MASKLLM SHARED SMOLLM2 DOMAIN OUT [STEPS [SEED]]
set -euo pipefail
maskllm=$1; shared=$2; model=$3; domain=$4; out=$5/$4; steps=${6:-600}; seed=${7:-0}
train=$shared/data/domains/$domain.train.txt.gz
mkdir -p "$out"
resume() { [ -d "$1" ] && echo --resume || true; }
learn() {
  [ -f "$out/$1/run.json" ] || "$maskllm" learn "$model" --data "$train" --steps "$steps" --batch-size 2 --seq-len 512 --seed "$seed" \
    --save-every 60 --out "$out/$1" $(resume "$out/$1") "${@:2}"
}
learn mask --distillation 0.3
[ -f "$out/shot/run.json" ] || "$maskllm" prune "$model" --data "$train" --samples 128 --seq-len 512 --blockwise false --seed "$seed" \
  --out "$out/shot" $(resume "$out/shot")
learn tuned --recipe tuned --prior "$out/shot/mask.npz" --start-weights "$out/shot/model" --weight-learning-rate 4e-4
learn dense --recipe tuned --train-weights dense --weight-learning-rate 4e-4
"$maskllm" experiment deploy "$model" --mask "$out/mask/mask.npz" --other "$out/tuned/model" "$out/dense/model" --data "$train" \
  --eval-text "$shared/data/domains/$domain.test.txt.gz" "$shared/data/wikitext-2/test.raw.txt" --seq-len 1024 --max-windows 16 \
  --out "$out/deploy"
