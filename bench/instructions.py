#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instructions per answer, counted by callgrind: no clock is in it, so that it
tells the same on a busy machine, and a regression shows in the tests.

    bench/instructions.py                 prints the table
    bench/instructions.py --check         and fails where a kind takes 5 % more than
                                          bench/instructions.txt says
    bench/instructions.py --record        writes bench/instructions.txt
    bench/instructions.py --profile KIND  where the instructions of one kind go

What is counted is bench/answers.c: 64 batches of 64 questions through the stages
of answer(), sockets aside. Digests are counted as the processor without its SHA
instructions does them, since valgrind knows none.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

BENCH = pathlib.Path(__file__).resolve().parent
RECORD = BENCH / "instructions.txt"
MARGIN = 1.05


def count(binary, kind, folder):
    """(what answers says of the kind, instructions of one answer, callgrind's file)."""
    out = pathlib.Path(folder) / f"{kind.replace(' ', '-')}.callgrind"
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--collect-atstart=no",
         "--toggle-collect=measured", str(binary), "count", kind],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
    if done.returncode != 0:
        sys.exit(f"instructions: {kind}: {done.stderr[-2000:]}")
    about = json.loads(done.stdout)
    total = int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.MULTILINE).group(1))
    return about, total / about["answers"], out


def recorded():
    found = {}
    for line in RECORD.read_text().splitlines():
        if line and not line.startswith("#"):
            kind, number = line.split("|")[:2]
            found[kind.strip()] = int(number)
    return found


def table(rows):
    lines = ["# Instructions per answer, by bench/instructions.py --record; the tests allow 5 % more.",
             f"# {'kind':18} | {'count':>6} | {'bytes':>6} | question"]
    lines += [f"{about['kind']:20} | {round(each):6} | {about['bytes']:6.0f} | {about['about']}"
              for about, each, _ in rows]
    return "\n".join(lines) + "\n"


def check(rows):
    bounds, bad = recorded(), 0
    for about, each, _ in rows:
        bound = bounds.get(about["kind"])
        if bound is None or each > bound * MARGIN:
            bad += 1
            print(f"{about['kind']}: {each:.0f} instructions an answer, recorded are {bound}")
        elif each < bound / MARGIN:
            print(f"{about['kind']}: {each:.0f} instructions an answer, recorded are {bound}: record anew to keep the gain")
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--profile", metavar="KIND")
    parser.add_argument("--build", default=BENCH.parent / "build", type=pathlib.Path, help="build folder")
    how = parser.parse_args()
    subprocess.run(["ninja", "-C", str(how.build), "bench/answers"], check=True, stdout=subprocess.DEVNULL)
    binary = how.build / "bench" / "answers"
    kinds = subprocess.run([str(binary), "list"], check=True, text=True, stdout=subprocess.PIPE).stdout.splitlines()
    with tempfile.TemporaryDirectory() as folder:
        if how.profile:
            _, each, out = count(binary, how.profile, folder)
            print(f"{how.profile}: {each:.0f}")
            subprocess.run(["callgrind_annotate", "--auto=no", "--threshold=99", str(out)], check=True)
            return 0
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            rows = list(pool.map(lambda kind: count(binary, kind, folder), kinds))
    print(table(rows), end="")
    if how.record:
        RECORD.write_text(table(rows))
    return 1 if how.check and check(rows) else 0


sys.exit(main())
