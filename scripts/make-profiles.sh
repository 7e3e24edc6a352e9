#!/bin/sh
# make-profiles.sh [SYSTEM [ARGUMENT…]]: profiles of an accelerator from the measured operator tables of the Python
# package aiconfigurator-core, in the user's cache. Arguments go to tools/operator_tables.py.
set -eu
# Newer ones may rename columns: raise it together with tools/tables.
version=0.12.0
cache=${XDG_CACHE_HOME:-$HOME/.cache}/simhost
tables=$cache/operator-tables-$version
data=$tables/aiconfigurator_core/systems/data

if ! command -v python3 >/dev/null 2>&1; then
  echo "error: this needs python3 3.9 or newer" >&2
  exit 2
fi
if [ ! -x "$cache/venv/bin/pip" ]; then
  python3 -c 'import ensurepip' 2>/dev/null || scripts/install-package.sh python3-venv python3-venv-is-absent
  python3 -m venv "$cache/venv"
fi
"$cache/venv/bin/python" -c 'import pyarrow' 2>/dev/null || {
  echo "installing pyarrow into $cache/venv" >&2
  "$cache/venv/bin/pip" install -q pyarrow
}
if [ ! -d "$data" ]; then
  echo "fetching aiconfigurator-core $version (82 MB) into $tables" >&2
  rm -rf "$tables.new"
  mkdir -p "$tables.new"
  # Its tables are wanted, not its code: any Python and any system can read the wheel of one of them.
  "$cache/venv/bin/pip" download -q --no-deps --only-binary=:all: --python-version 3.11 --implementation cp \
    --abi abi3 --platform manylinux_2_28_x86_64 -d "$tables.new" "aiconfigurator-core==$version"
  "$cache/venv/bin/python" -m zipfile -e "$tables.new"/*.whl "$tables.new"
  rm "$tables.new"/*.whl
  mv "$tables.new" "$tables"
fi
if [ $# -eq 0 ]; then
  echo "error: say which accelerator: make profiles GPU=h100_sxm; there are" >&2
  ls "$data" | sed 's/^/  /' >&2
  exit 2
fi
system=$1
shift
exec "$cache/venv/bin/python" tools/operator_tables.py --tables "$data" --gpu "$system" "$@"
