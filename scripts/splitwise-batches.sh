#!/bin/sh
# Prints Splitwise's measured batches as a table of requests that `simhost validate` reads.
#
#   scripts/splitwise-batches.sh FILE HARDWARE TP BATCH
#
# The requests of a batch arrive together, batches 1,000 s apart: nothing queues behind another batch. Of 128 tokens, which
# are enough to tell a token's time, and prompts that fit into one iteration of Llama 2.
set -eu
awk -F, -v hardware="$2-80gb" -v tp="$3" -v batch="$4" '
  BEGIN { print "arrival_s,prompt_tokens,output_tokens,ttft_ms,latency_ms" }
  $2 == hardware && $11 == tp && $4 == batch && $5 == 128 && $3 * batch <= 2048 {
    for (i = 0; i < batch; i++) printf "%d,%d,%d,%s,%s\n", time, $3, $5, $8, $8 + $9 * ($5 - 1)
    time += 1000
  }' "$1"
