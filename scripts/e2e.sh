#!/usr/bin/env bash
# Runs the browser tests against the real binary with a small demo shop.
# usage: scripts/e2e.sh [CUSTOMERS]
set -euo pipefail
cd "$(dirname "$0")/.."
people=${1:-400}
work=$(mktemp -d)
pids=()
cleanup() { kill "${pids[@]}" 2>/dev/null && wait "${pids[@]}" 2>/dev/null; rm -rf "$work"; }
trap cleanup EXIT
bin/ciclo demo --data "$work/data" --listen 127.0.0.1:0 --customers "$people" --no-live >"$work/out" 2>"$work/err" &
pids+=($!)
bin/ciclo serve --data "$work/fresh" --listen 127.0.0.1:0 >"$work/fresh.out" 2>&1 &
pids+=($!)
get() { sed -n "s/^$1: //p" "$work/out"; }
for _ in $(seq 100); do [ -n "$(get 'write key')" ] && break; sleep 0.2; done
export BASE_URL EMAIL PASSWORD SETUP_URL
SETUP_URL=$(sed -n 's/^url: //p' "$work/fresh.out")
BASE_URL=$(get url) EMAIL=$(get email) PASSWORD=$(get password)
[ -n "$PASSWORD" ] || { cat "$work/err" >&2; exit 1; }
for _ in $(seq 300); do grep -q 'demo history is in' "$work/err" && break; sleep 0.2; done
cd web
# Each scheme and each language once; `make e2e` walks all six pairs.
ONLY=${E2E_WALKS-light:en,dark:it,light:ro} node e2e/walk.mjs
node e2e/keyboard.mjs
node e2e/tasks.mjs
