#!/usr/bin/env bash
# Checks, and as root installs, what building and testing need from the system.
# usage: scripts/deps.sh build|test
set -euo pipefail
what=${1:-build}
missing=()
need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }

command -v go >/dev/null 2>&1 || { echo "Go is missing: install Go 1.26 or newer (https://go.dev/dl)." >&2; exit 1; }
need node nodejs
need npm npm
need make make
if [ "$what" = test ]; then
  need chromium chromium
  need curl curl
  ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing+=(postgresql)
  id postgres >/dev/null 2>&1 || [ "$(id -u)" != 0 ] || missing+=(postgresql)
fi
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  exit 0
fi
echo "These Debian packages are missing: ${missing[*]}" >&2
echo "Install them: sudo apt-get install ${missing[*]}" >&2
exit 1
