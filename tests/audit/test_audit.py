# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit against domains each of which has one fault, and against sound ones."""

import json
import os
import subprocess

import pytest

import broken
from peers.understudy import binary
from world import NOBODY, ONE, ROOT, TLD, TWO, World

SANITIZER = {"ASAN_OPTIONS": "exitcode=99:detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("world"))
    for describe in broken.WORLDS:
        describe.domain = describe(made)
    try:
        yield made.start()
    finally:
        made.close()


def run(world, *arguments):
    """The verb as a user types it: (exit code, standard output, standard error)."""
    done = subprocess.run(
        [str(binary()), "audit", *map(str, arguments), "--root", ROOT, "--port", str(world.port), "--timeout", "1"],
        env={**os.environ, **SANITIZER}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=90)
    assert done.returncode != 99 and "runtime error" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


def audit(world, *arguments):
    code, out, err = run(world, *arguments, "--json")
    assert out, err
    report = json.loads(out)
    worst = {finding["severity"] for finding in report["findings"]}
    assert code == (1 if "error" in worst else 4 if "warning" in worst else 0)
    return report


def ids(report):
    return sorted({finding["id"] for finding in report["findings"]})


@pytest.mark.parametrize("describe", broken.WORLDS, ids=lambda describe: describe.__name__)
def test_a_fault_is_found_and_nothing_else(world, describe):
    domain = describe.domain
    report = audit(world, domain.name, *broken.arguments(describe, world))
    assert ids(report) == sorted(describe.expected), json.dumps(report["findings"], indent=1)
    for finding in report["findings"]:
        assert finding["what"] and finding["why"] and finding["mend"]
    if describe.at:
        assert describe.at in [finding["where"]["address"] for finding in report["findings"]]
