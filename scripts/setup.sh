#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs, by package name, what a fresh Debian 12 lacks to build and test
# Understudy. Does nothing, quickly, where all of it is there.
#
#   scripts/setup.sh          everything: to build, to test, to measure
#   scripts/setup.sh build    only what `make build` and `make demo` need
set -euo pipefail

build_packages=(
  gcc libc6-dev make pkg-config meson ninja-build
  libknot-dev libuv1-dev liblmdb-dev liburcu-dev nettle-dev libgnutls28-dev
  libxxhash-dev libmicrohttpd-dev libjansson-dev libcurl4-gnutls-dev libsystemd-dev libcmocka-dev
  bind9-dnsutils scdoc
)
test_packages=(
  clang libclang-rt-14-dev
  python3 python3-pytest python3-pytest-xdist python3-dnspython
  bind9-utils ldnsutils dnsperf zsh valgrind chromium
  debhelper dpkg-dev fakeroot lintian debootstrap strace
)

# Node of another origin than Debian's brings its own npm.
command -v node >/dev/null && command -v npm >/dev/null || test_packages+=(nodejs npm)

case "${1:-all}" in
  build) wanted=("${build_packages[@]}") ;;
  all) wanted=("${build_packages[@]}" "${test_packages[@]}") ;;
  *) echo "usage: scripts/setup.sh [build]" >&2; exit 2 ;;
esac

missing=()
installed=" $(dpkg-query -W -f='${Package}=${db:Status-Status} ' "${wanted[@]}" 2>/dev/null || true)"
for package in "${wanted[@]}"; do
  case "$installed" in
    *" $package=installed "*) ;;
    *) missing+=("$package") ;;
  esac
done
[ "${#missing[@]}" -gt 0 ] || exit 0

root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "setup: these packages are missing and there is no sudo to install them: ${missing[*]}" >&2
    echo "setup: as root, run: apt-get install ${missing[*]}" >&2
    exit 1
  }
  root=(sudo)
fi

echo "setup: installing ${missing[*]}"
"${root[@]}" apt-get update -qq
"${root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${missing[@]}"
