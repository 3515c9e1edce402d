#!/usr/bin/env bash
# Zero-shot accuracy in six whole tasks: SmolLM2-135M-Instruct (unpacked by fixtures/smollm2/to_hf.py), dense and under a mask, and a
# checkpoint of SparseGPT with updated weights, which is made where it is missing. One task after the other, each kept when it is done:
# the same command goes on. Usage: tasks-smollm2.sh MASKLLM SHARED SMOLLM2 MASK OUT [options of eval]
set -euo pipefail
maskllm=$1; shared=$2; model=$3; mask=$4; out=$5
mkdir -p "$out"
[ -f "$out/sparsegpt/run.json" ] || "$maskllm" prune "$model" --method sparsegpt --update-weights own --data \
  "$shared/data/wikitext-2/train-first-1MB.raw.txt" --samples 128 --seq-len 512 --seed 0 --out "$out/sparsegpt" \
  $([ -d "$out/sparsegpt" ] && echo --resume)
ask() {
  [ -f "$out/$1.$2.json" ] || { "$maskllm" eval "${@:4}" --tasks "$2" --task-data "$shared/data/tasks" --json > "$out/$1.$2.part" \
    && mv "$out/$1.$2.part" "$out/$1.$2.json"; }
}
blimp=$(tar -tzf "$shared/data/tasks/blimp.tar.gz" | sed -n 's#.*/\(.*\)\.jsonl$#blimp_\1#p' | sort)
for task in openbookqa winogrande piqa arc_easy lambada_openai $blimp; do
  ask masked "$task" - "$model" --mask "$mask" "${@:6}"
  ask sparsegpt "$task" - "$out/sparsegpt/model" "${@:6}"
done
