# SPDX-License-Identifier: GPL-3.0-or-later
"""Where BIND, NSD and Knot agree, Understudy answers the same.

`make test` asks a seeded 20,000 questions over UDP, a twentieth of them again
over TCP, and some two hundred broken messages; `make soak` asks 200,000 each
with five seeds.
"""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import differential         # noqa: E402
import zones                # noqa: E402

SOAK = os.environ.get("UNDERSTUDY_SOAK") == "1"
COUNT = 200000 if SOAK else 20000
SEEDS = range(1, 6) if SOAK else (1,)


def test_the_zones_are_the_same_on_every_run(tmp_path):
    first = zones.generate(tmp_path / "first")
    second = zones.generate(tmp_path / "second")
    assert len(first) >= 12
    for name, path in first.items():
        assert path.read_bytes() == second[name].read_bytes(), name


@pytest.mark.parametrize("seed", SEEDS)
def test_answers_are_the_same_where_the_three_agree(tmp_path, seed):
    outcome, times, server = differential.differ(tmp_path, COUNT, seed)
    print()
    print(times)
    print(outcome.report())
    (tmp_path / "outvoted.txt").write_text(outcome.outvoted_report())
    print(f"where two of three hold against us: {tmp_path / 'outvoted.txt'}")
    assert not server.sanitizer_report(), server.sanitizer_report()
    assert not outcome.failures, f"{len(outcome.failures)} differences, printed above"
