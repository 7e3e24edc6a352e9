#!/bin/sh
# install-package.sh PACKAGE WITNESS: installs a Debian package unless WITNESS, a file or a command, is there.
set -eu
package=$1
witness=$2

if [ -e "$witness" ] || command -v "$witness" >/dev/null 2>&1; then
  exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo "simhost needs $witness, and apt-get is not here to install it: install what your system calls $package." >&2
  exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "simhost needs the package $package: ask an administrator for 'apt-get install $package'." >&2
    exit 1
  fi
  as_root=sudo
fi
echo "installing $package" >&2
export DEBIAN_FRONTEND=noninteractive
# Package lists may be missing or old: fetch them only when the install does not work without.
if ! $as_root apt-get install -y -q "$package" >&2; then
  $as_root apt-get update -q >&2
  $as_root apt-get install -y -q "$package" >&2
fi
