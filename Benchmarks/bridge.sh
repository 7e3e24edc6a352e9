#!/bin/sh
# What a routing decision costs on the bridge to Lua, the engine left out: ns of CPU, and instructions where valgrind is
# there, which do not depend on what else the machine does. The last policy looks at no instance: Lua's own loop.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
${CC:-cc} -O2 -I Sources/CLua/include Benchmarks/bridge.c Sources/CLua/*.c -o "$folder/bridge" \
  -l:liblua5.4.a -lm -ldl -lpthread

instructions() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$folder/bridge" "$@" 2>&1 |
    sed -n 's/.*Collected : *//p'
}

echo "| policy | instances | changed | ns | instructions |"
echo "|---|---|---|---|---|"
for policy in Benchmarks/scan.lua policies/least_loaded.lua policies/least_kv.lua Benchmarks/floor.lua; do
  for instances in 8 64 512; do
    for changed in 0 3; do
      ns=$("$folder/bridge" $policy $instances $changed $((10000000 / (instances + 50))))
      count=-
      if command -v valgrind >/dev/null; then
        few=$(instructions $policy $instances $changed 300)
        more=$(instructions $policy $instances $changed 900)
        count=$(((more - few) / 600))
      fi
      echo "| $policy | $instances | $changed | $ns | $count |"
    done
  done
done
