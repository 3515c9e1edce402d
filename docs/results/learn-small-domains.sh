#!/usr/bin/env bash
# From a general mask of fixtures/trained/small to a mask for each domain, 150 steps of 8 x 256 tokens of its own text, then dense, general and
# domain mask on its test text. One thread. Usage: learn-small-domains.sh MASKLLM SHARED GENERAL_MASK SEED OUT
set -euo pipefail
maskllm=$1; shared=$2; general=$3; seed=$4; out=$5
small=$shared/fixtures/trained/small; domains=$shared/data/domains
export OMP_WAIT_POLICY=PASSIVE OMP_NUM_THREADS=1
mkdir -p "$out"
for text in "$domains"/*.train.txt.gz; do
  domain=$(basename "$text" .train.txt.gz)
  [ -f "$out/$domain/mask.npz" ] || "$maskllm" learn "$small" --data "$text" --document-separator '\n\n\n' --prior "$general" --seq-len 256 \
    --batch-size 8 --steps 150 --distillation 0.3 --seed "$seed" --precision bfloat16 --threads 1 --out "$out/$domain" --resume
  "$maskllm" eval "$small" --data "$domains/$domain.test.txt.gz" --seq-len 256 --max-windows 128 --threads 1 --mask "$general" --mask "$out/$domain/mask.npz" \
    --json > "$out/$domain.json"
done
