#!/usr/bin/env bash
# One of the experiments on fixtures/trained/small: table, CSV and plot under OUT/NAME. One thread: run two at once on two cores.
# Usage: experiments.sh MASKLLM SHARED OUT compare|prior|tau|kappa|alpha|reward|tokens|domains|transfer
set -euo pipefail
maskllm=$1; shared=$2; out=$3; name=$4
small=$shared/fixtures/trained/small; domains=$shared/data/domains
# A worker of OpenMP that waits must not spin: it has the core of the one that it waits for.
export OMP_WAIT_POLICY=PASSIVE OMP_NUM_THREADS=1

# The blend of learn-small.sh, and its 13 test texts.
data=(); texts=("$shared/data/wikitext-2/test.txt")
for source in books:2500000 c-headers:2500000 dotnet-docs:2500000 help-chinese:1143562 man-french:2299319 man-german:2394441 \
  man-japanese:2034509 man-spanish:775993 math-gsm8k:1508604 movie-reviews:2443537 python-stdlib:2500000 us-presidents:834780; do
  data+=("$domains/${source%%:*}.train.txt.gz:${source##*:}"); texts+=("$domains/${source%%:*}.test.txt.gz")
done
blend=(--data "${data[@]}" --document-separator '\n\n\n' --eval-text "${texts[@]}" --prior "$small/masks/sparsegpt_no_update.npz")
sweep=("${blend[@]}" --max-windows 32)

case $name in
  compare) options=("${blend[@]}" --steps 600) ;;
  prior) options=(--data "${data[@]}" --document-separator '\n\n\n' --eval-text "${texts[@]}" --max-windows 32) ;;
  tau) options=("${sweep[@]}" --values 1:0.03 1:0.1 1:0.3 0.3:0.03 4:0.05 10:0.05) ;;
  kappa) options=("${sweep[@]}" --values 1:5 30:60 100:200 100:500 1000:5000) ;;
  alpha | reward) options=("${sweep[@]}") ;;
  tokens) options=("${sweep[@]}") ;;
  domains) options=(--domains "$domains" --document-separator '\n\n\n' --distillation 0.3) ;;
  transfer)
    mkdir -p "$out/six-domains"
    for domain in books c-headers help-chinese man-spanish math-gsm8k us-presidents; do ln -sf "$domains/$domain".{train,test}.txt.gz "$out/six-domains/"; done
    options=(--domains "$out/six-domains" --document-separator '\n\n\n' --distillation 0.3 --values 25 50) ;;
esac
"$maskllm" experiment "$name" "$small" "${options[@]}" --seq-len 256 --precision bfloat16 --threads 1 --out "$out/$name"
