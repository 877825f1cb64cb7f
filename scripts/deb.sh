#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Builds the Debian package from the working tree, in a copy of it.
#
#   scripts/deb.sh [FOLDER]    where to: build/deb
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath -m "${1:-build/deb}")

rm -rf "$out/source"
mkdir -p "$out/source"
rm -f "$out"/understudy_* "$out"/understudy-dbgsym_*
if git rev-parse --git-dir >/dev/null 2>&1; then
  git ls-files -co --exclude-standard -z | while IFS= read -r -d '' file; do
    [ ! -f "$file" ] || printf '%s\0' "$file"
  done
else
  find . -type f -not -path './build*' -not -path './.peers/*' -print0
fi | tar -c --null -T - | tar -x -C "$out/source"
(cd "$out/source" && dpkg-buildpackage -us -uc -b) >"$out/build.log" 2>&1 || {
  tail -n 60 "$out/build.log" >&2
  echo "deb: the package could not be built; all of it: $out/build.log" >&2
  exit 1
}
ls "$out"/understudy_*.deb
