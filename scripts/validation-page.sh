#!/bin/sh
# Prints docs/validation.md with what its commands print now.
#
#   scripts/validation-page.sh DATA
#
# DATA is the folder of the reference data. Each ```console block holds one command and its output; commands run in the
# root of the repository, with `simhost` from the PATH.
set -eu
DATA=$1
export DATA
cd "$(dirname "$0")/.."
TMP=$(mktemp -d)
export TMP
trap 'rm -rf "$TMP"' EXIT
state=text
while IFS= read -r line; do
  case $state in
  text)
    printf '%s\n' "$line"
    if [ "$line" = '```console' ]; then state=command; fi
    ;;
  command)
    printf '%s\n' "$line"
    sh -euc "${line#\$ }" </dev/null
    state=output
    ;;
  output)
    if [ "$line" = '```' ]; then
      printf '%s\n' "$line"
      state=text
    fi
    ;;
  esac
done <docs/validation.md
