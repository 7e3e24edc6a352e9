#!/bin/sh
# report-screenshots.sh [FOLDER]: makes the pictures of docs/images from reports of the built program, in headless Chromium.
set -eu
cd "$(dirname "$0")/.."
simhost=${SIMHOST:-.build/release/simhost}
pictures=${1:-docs/images}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# shoot PAGE PICTURE HEIGHT
shoot() {
  chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$scratch/browser" \
    --window-size=1180,"$3" --screenshot="$2" "file://$1" 2>/dev/null
  echo "wrote $2" >&2
}

$simhost --cluster-config configs/cluster/single_node_2p1d.json --dataset workloads/bursty_long_prompts.jsonl \
  --policy policies/least_kv.lua --goodput "ttft:500 tpot:20" --report "$scratch/one.html" >/dev/null 2>&1
for policy in random least_kv join_shortest_queue; do
  $simhost --cluster-config configs/cluster/single_node_4p4d.json --dataset workloads/bursty_long_prompts.jsonl \
    --policy policies/$policy.lua --goodput "ttft:400 tpot:14" --run "$scratch/$policy.json" >/dev/null 2>&1
done
$simhost report "$scratch/random.json" "$scratch/least_kv.json" "$scratch/join_shortest_queue.json" \
  -o "$scratch/compared.html" 2>/dev/null
$simhost compare policies/random.lua policies/least_kv.lua policies/join_shortest_queue.lua --num-reqs 300 \
  --cluster-config configs/cluster/single_node_4p4d.json --dataset workloads/overload.jsonl \
  --goodput "ttft:100 tpot:14" --report "$scratch/differences.html" >/dev/null 2>&1
$simhost sweep --set rate=80 --set prompt-scale=0.25,1,4 --set split=1:7..7:1 --goodput "ttft:500 tpot:20" --seeds 3 \
  --cluster-config configs/cluster/single_node_4p4d.json --dataset workloads/overload.jsonl \
  -o "$scratch/split.csv" --report "$scratch/sweep.html" >/dev/null 2>&1

mkdir -p "$pictures"
shoot "$scratch/one.html" "$pictures"/report-one-run.png 1260
shoot "$scratch/compared.html" "$pictures"/report-compared.png 980
shoot "$scratch/differences.html" "$pictures"/report-differences.png 1090
shoot "$scratch/sweep.html" "$pictures"/report-sweep.png 1670
