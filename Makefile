# SPDX-License-Identifier: GPL-3.0-or-later
# A thin front: Meson builds, tests/run.py tests, scripts/ do the rest.
.PHONY: build demo demo-stop test soak bench fuzz install deb clean

JOBS ?= $(shell nproc)
SECONDS_EACH ?= 60
BENCH ?=
PREFIX ?= /usr/local

build:
	@scripts/setup.sh build
	@if [ -f build/build.ninja ]; then meson configure build -Dprefix=$(PREFIX); \
	else meson setup build --prefix $(PREFIX); fi >/dev/null
	@ninja -C build -j $(JOBS) installed

demo: build
	@scripts/demo.sh start

demo-stop:
	@scripts/demo.sh stop

test:
	@scripts/setup.sh
	@scripts/peers.sh
	@/usr/bin/python3 tests/run.py

# The same, with the full counts: hours of kill -9, faults and fuzzing.
soak:
	@scripts/setup.sh
	@scripts/peers.sh
	@UNDERSTUDY_SOAK=1 /usr/bin/python3 tests/run.py

# Beside NSD, Knot, BIND and PowerDNS, under an hour on a quiet machine;
# BENCH=--short takes under ten minutes, docs/benchmarks.md has the rest.
bench: build
	@scripts/setup.sh
	@scripts/peers.sh
	@/usr/bin/python3 bench/run.py $(BENCH)

# Each fuzz target for SECONDS_EACH seconds: make fuzz SECONDS_EACH=600
fuzz:
	@scripts/setup.sh
	@scripts/fuzz.sh $(SECONDS_EACH)

install: build
	@meson install -C build --no-rebuild

# A Debian package, in build/deb: make deb && apt install ./build/deb/understudy_*.deb
deb:
	@scripts/setup.sh
	@scripts/deb.sh

clean:
	@scripts/demo.sh stop
	rm -rf build build-asan build-tsan build-fuzz
