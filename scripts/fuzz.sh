#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the libFuzzer targets of fuzz/ and runs each for a time.
#
#   scripts/fuzz.sh SECONDS [TARGET…]
#
# Inputs worth keeping are in fuzz/corpus/TARGET/ (read, never written); new
# ones and crashes go to build-fuzz/corpus/TARGET/ and build-fuzz/crashes/.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:?usage: scripts/fuzz.sh SECONDS [TARGET…]}
shift
build=build-fuzz

[ -f "$build/build.ninja" ] ||
  CC=clang meson setup "$build" -Dfuzzers=true -Db_sanitize=address,undefined >/dev/null
# The fuzz targets alone: with this compiler nothing else is wanted.
mapfile -t programs < <(meson introspect "$build" --targets |
  python3 -c 'import json, os, sys
for target in json.load(sys.stdin):
    name = os.path.relpath(target["filename"][0], sys.argv[1])
    if target["type"] == "executable" and name.startswith("fuzz/"):
        print(name)' "$PWD/$build")
[ "${#programs[@]}" -gt 0 ] || { echo "fuzz: no targets in fuzz/" >&2; exit 1; }
ninja -C "$build" -j "${JOBS:-$(nproc)}" "${programs[@]}" >"$build/build.log" ||
  { tail -n 40 "$build/build.log"; exit 1; }

targets=("$@")
if [ "${#targets[@]}" -eq 0 ]; then
  targets=("${programs[@]#fuzz/}")
fi

mkdir -p "$build/crashes"
failed=0
for target in "${targets[@]}"; do
  fresh=$build/corpus/$target
  mkdir -p "$fresh"
  corpora=("$fresh")
  [ -d "fuzz/corpus/${target#fuzz_}" ] && corpora+=("fuzz/corpus/${target#fuzz_}")
  if "$build/fuzz/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=3000 \
      -artifact_prefix="$build/crashes/$target-" -print_final_stats=1 -verbosity=0 \
      "${corpora[@]}" >"$build/$target.log" 2>&1; then
    runs=$(awk '/number_of_executed_units/ { print $2 }' "$build/$target.log")
    echo "fuzz: $target: ${runs:-?} inputs in $seconds s, no fault"
  else
    failed=1
    echo "fuzz: $target: FAULT, the input is in $build/crashes/"
    tail -n 60 "$build/$target.log"
  fi
done
exit "$failed"
