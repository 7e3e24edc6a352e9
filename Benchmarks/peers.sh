#!/bin/sh
# Installs the peer that the Python package index offers into a virtual environment under Benchmarks/.peers (delete it at
# any time), and prepares the work that `make bench` measures for it: 10,000 requests, Poisson at 20 and 100 a second,
# 256 tokens in and 256 out, as JSONL. The CPU of simhost on the same work is printed beside.
#
# AISimulate: https://pypi.org/project/aisimulate. Where the index has no more than a note that the package is
# elsewhere, this says so and ends with 3.
set -eu
cd "$(dirname "$0")/.."
simhost=${SIMHOST:-.build/release/simhost}
[ -x "$simhost" ] || { echo "$simhost is not there: make build" >&2; exit 2; }

peers=Benchmarks/.peers
mkdir -p "$peers"
for rate in 20 100; do
  "$simhost" workload generate --rate "$rate" --num-reqs 10000 --prompt-tokens 256 --output-tokens 256 \
    --seed 1 --output "$peers/rate-$rate.jsonl" >/dev/null 2>&1
  echo "simhost, $rate requests/s, routing in Lua:"
  sh -c "time -p '$simhost' --cluster-config configs/cluster/single_node_4p4d.json --log-level WARNING \
    --policy policies/least_kv.lua --dataset '$peers/rate-$rate.jsonl' >/dev/null"
done

[ -x "$peers/bin/pip" ] || python3 -m venv "$peers"
if ! "$peers/bin/pip" install --quiet aisimulate >"$peers/pip.log" 2>&1; then
  echo "aisimulate cannot be installed from here: $peers/pip.log says why" >&2
  exit 3
fi
"$peers/bin/pip" show --files aisimulate | sed -n '1,3p;/bin\//p'
echo "Run its command on $peers/rate-20.jsonl and $peers/rate-100.jsonl under time -p."
