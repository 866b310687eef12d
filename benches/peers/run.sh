#!/usr/bin/env bash
# Times training steps and operations in wengert, PyTorch and JAX, taking turns, and appends JSON lines to a file.
#
#   run.sh OUT.jsonl
#
# Settings, from the environment:
#   PEERS="wengert torch torch-fused torch-compile jax"   whom to run; also torch-last, with channels last in
#                 memory, and torch-foreach, for updates
#   THREADS="1 2"   numbers of threads        FILTER=W1,W8   parts of workload names; default all
#   BUDGET=1        seconds per workload      REPEAT=5       how often everything takes its turn
#   PYTHON=python3  one with torch, jax and numpy
#   MEMORY=1        peaks of memory in the place of times; REPEAT=1 is enough
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(realpath "${1:?usage: run.sh OUT.jsonl}")
: "${PEERS:=wengert torch torch-fused torch-compile jax}" "${THREADS:=1 2}" "${FILTER:=}" "${BUDGET:=1}" "${REPEAT:=5}"
: "${PYTHON:=python3}" "${MEMORY:=}"
[[ $PYTHON == */* ]] && PYTHON=$(realpath -s "$PYTHON")
cd "$here/../.." # the crate
[[ " $PEERS " == *" wengert "* ]] && cargo build --release -p wengert-bench

for ((turn = 1; turn <= REPEAT; turn++)); do
    for n in $THREADS; do
        for peer in $PEERS; do
            case $peer in
            wengert) program=(cargo run --release --quiet -p wengert-bench --) ;;
            torch) program=("$PYTHON" "$here/torch_bench.py") ;;
            torch-fused) program=("$PYTHON" "$here/torch_bench.py" --variant fused) ;;
            torch-foreach) program=("$PYTHON" "$here/torch_bench.py" --variant foreach) ;;
            torch-compile) program=("$PYTHON" "$here/torch_bench.py" --variant compile) ;;
            torch-last) program=("$PYTHON" "$here/torch_bench.py" --variant last) ;;
            jax) program=("$PYTHON" "$here/jax_bench.py") ;;
            *) echo "unknown peer: $peer" >&2 && exit 2 ;;
            esac
            cpus=0
            ((n == 1)) || cpus=0-$((n - 1))
            echo "turn $turn of $REPEAT, $n thread(s): $peer" >&2
            # Each library is told the number of threads its own way, and is bound to as many CPUs.
            RAYON_NUM_THREADS=$n OMP_NUM_THREADS=$n MKL_NUM_THREADS=$n JAX_PLATFORMS=cpu PYTHONDONTWRITEBYTECODE=1 \
                taskset -c "$cpus" "${program[@]}" --threads "$n" --filter "$FILTER" --budget "$BUDGET" ${MEMORY:+--memory} \
                >>"$out" 2>>"${out%.jsonl}.log" || echo "$peer failed: see ${out%.jsonl}.log" >&2
        done
    done
done
