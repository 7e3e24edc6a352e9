#!/bin/sh
# What a routing decision costs on the bridge to Lua, beyond the same rule in C, the engine left out: ns of CPU, and
# instructions where valgrind is there, which do not depend on what else the machine does. The last policy looks at no
# instance: Lua's own loop.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
${CC:-cc} -O2 -I Sources/CLua/include Benchmarks/bridge.c Sources/CLua/*.c -o "$folder/bridge" \
  -l:liblua5.4.a -lm -ldl -lpthread

collected() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$folder/bridge" "$@" 2>&1 |
    sed -n 's/.*Collected : *//p'
}

# For each decision of a policy, once it is warm; the program makes fifteen rounds of as many as it is told.
instructions() {
  few=$(collected "$@" 100)
  more=$(collected "$@" 300)
  echo $(((more - few) / 3000))
}

echo "| policy | instances | changed | ns | instructions |"
echo "|---|---|---|---|---|"
for instances in 8 64 512; do
  for changed in 0 3; do
    decisions=$((1000000 / (instances + 50)))
    native=$("$folder/bridge" native $instances $changed $decisions)
    if command -v valgrind >/dev/null; then base=$(instructions native $instances $changed); fi
    for policy in Benchmarks/scan.lua policies/least_loaded.lua policies/least_kv.lua Benchmarks/floor.lua; do
      ns=$(($("$folder/bridge" $policy $instances $changed $decisions) - native))
      count=-
      if command -v valgrind >/dev/null; then count=$(($(instructions $policy $instances $changed) - base)); fi
      echo "| $policy | $instances | $changed | $ns | $count |"
    done
  done
done
