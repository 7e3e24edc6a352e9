#!/bin/sh
# test-install.sh: what make install has put somewhere runs from there, has a manual page for every command and completions
# for three shells, and make uninstall takes away all of it and nothing else.
set -eu
cd "$(dirname "$0")/.."
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
fail() {
  echo "test-install: $1" >&2
  exit 1
}

# Files of others, in folders that are shared with them.
for folder in bin share/man/man1 share/bash-completion/completions share/fish/vendor_completions.d; do
  mkdir -p "$place/$folder"
  echo other >"$place/$folder/simhost-other.1"
done
make --no-print-directory install PREFIX="$place" >/dev/null

# Its own policies, clusters and report's page, found from anywhere.
(cd / && "$place/bin/simhost" --policy policies/least_kv.lua --num-reqs 20 --quiet --report "$place/report.html" >/dev/null) ||
  fail "the installed program does not run"
rm "$place/report.html"

# commands PREFIX: the commands below a command, itself first, as `simhost.workload.generate`.
commands() {
  echo "$1"
  # shellcheck disable=SC2046 # words of a command
  "$place/bin/simhost" help $(echo "$1" | tr . ' ' | cut -d ' ' -f 2- -s) |
    sed -n '/^SUBCOMMANDS:/,/^ *See /p' | sed -n 's/^  \([a-z][a-z-]*\).*/\1/p' | while read -r name; do
    commands "$1.$name"
  done
}
commands simhost | sort >"$place/commands"
(cd "$place/share/man/man1" && ls) | grep -v other | sed 's/\.1$//' | grep -v '\.help$' | sort >"$place/pages"
diff "$place/commands" "$place/pages" || fail "commands (<) and manual pages (>) differ"
[ "$(wc -l <"$place/commands")" -gt 20 ] || fail "there are more commands than $(wc -l <"$place/commands")"
while read -r page; do
  grep -q '^\.Sh EXAMPLE\|EXAMPLE' "$place/share/man/man1/$page.1" || case $page in
    *calibrate*) ;;
    *) fail "$page.1 shows no example" ;;
  esac
done <"$place/pages"
count=$(wc -l <"$place/pages")
rm "$place/commands" "$place/pages"
for file in bash-completion/completions/simhost zsh/site-functions/_simhost fish/vendor_completions.d/simhost.fish; do
  [ -s "$place/share/$file" ] || fail "share/$file is not there"
done

make --no-print-directory uninstall PREFIX="$place" >/dev/null
left=$(find "$place" -type f ! -name 'simhost-other.1')
[ -z "$left" ] || fail "left behind: $left"
[ "$(find "$place" -type f | wc -l)" -eq 4 ] || fail "files of others are gone"
echo "installed, tried, removed: $count manual pages"
