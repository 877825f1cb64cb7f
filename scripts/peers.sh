#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Unpacks the name servers that the tests talk to (BIND 9, NSD, Knot DNS and
# PowerDNS, as Debian ships them), and promtool of Prometheus, into .peers/ of
# this checkout. Nothing is installed: no service starts, no user is made, nothing outside .peers/
# changes. They run with LD_LIBRARY_PATH set to .peers' library folders
# (tests/peers/process.py does that).
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(bind9 nsd knot knot-dnssecutils pdns-server pdns-backend-bind)
tools=(prometheus) # for promtool alone: nothing that it depends on
peers=.peers
stamp=$peers/.complete
wanted="${packages[*]} ${tools[*]}"
programs=(named nsd knotd keymgr kzonecheck kzonesign pdns_server promtool)

[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && exit 0

# The package lists of a fresh container or image are empty.
if ! apt-cache show "${packages[@]}" "${tools[@]}" >/dev/null 2>&1; then
  root=()
  [ "$(id -u)" -eq 0 ] || root=(sudo)
  "${root[@]}" apt-get update -qq
fi

# What an installation would bring along (libraries that the machine lacks, or
# has in another version), without the packages that only set up a system.
plan=$(apt-get -s -q install --no-install-recommends "${packages[@]}" |
  awk '$1 == "Inst" { print $2 }' |
  grep -vxE 'libc6|libc-bin|adduser|debconf|lsb-base|netbase|init-system-helpers|iproute2|openssl|.*-common' || true)
mapfile -t all < <(printf '%s\n' "${packages[@]}" "${tools[@]}" $plan | sort -u)

echo "peers: fetching ${all[*]}"
rm -rf "$peers"
mkdir -p "$peers/debs"
(cd "$peers/debs" && apt-get -q=2 -o APT::Sandbox::User=root download "${all[@]}")
for deb in "$peers"/debs/*.deb; do
  dpkg -x "$deb" "$peers"
done
rm -r "$peers/debs"

libraries=$PWD/$peers/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo "$(uname -m)-linux-gnu")
for program in "${programs[@]}"; do
  found=$(find "$peers/usr/sbin" "$peers/usr/bin" -name "$program" -print -quit)
  [ -n "$found" ] || { echo "peers: $program is in none of the packages" >&2; exit 1; }
  if LD_LIBRARY_PATH=$libraries ldd "$found" | grep 'not found' >&2; then
    echo "peers: $program lacks the libraries above" >&2
    exit 1
  fi
done
printf '%s' "$wanted" > "$stamp"
echo "peers: ready in $peers/"
