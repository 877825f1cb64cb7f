#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer and a change cost in zones of a thousand to ten million names,
on one thread and on two: without sockets, so that it is the zone that is seen.

    bench/curves.py                   prints the figures, two minutes
    bench/curves.py --publish         and writes docs/curves.svg and docs/curves.json
    bench/curves.py --names 1000 100000
"""

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
NAMES = [1000, 10000, 100000, 1000000, 10000000]
KINDS = ["flat", "nxdomain", "referral"]
COLOURS = {"flat": "#1b7f5c", "nxdomain": "#2f6db5", "referral": "#b5482f", "update": "#7a4fa3"}


def program(build):
    """Builds bench/answers in a build folder; None where it is not one."""
    if not (build / "build.ninja").exists():
        return None
    subprocess.run(["ninja", "-C", str(build), "bench/answers"], check=True, stdout=subprocess.DEVNULL)
    return build / "bench" / "answers"


def run(binary, *arguments):
    done = subprocess.run([str(binary), *arguments], check=True, text=True, stdout=subprocess.PIPE)
    return [json.loads(line) for line in done.stdout.splitlines()]


def measure(binary, names, rounds):
    """[{kind, names, threads, ns}] and [{names, us}], medians of the rounds."""
    answers, updates = [], []
    threads = [1, 2] if (os.cpu_count() or 1) > 1 else [1]
    for count in names:
        for kind in KINDS:
            for workers in threads:
                found = run(binary, "time", "-n", str(count), "-t", str(workers), *[kind] * rounds)
                answers.append(dict(found[0], ns=statistics.median(f["ns"] for f in found)))
        found = run(binary, "update", "-n", str(count), *["flat"] * rounds)
        updates.append({"names": count, "us": statistics.median(f["us"] for f in found)})
    return answers, updates


def text(answers, updates):
    names = sorted({a["names"] for a in answers})
    out = ["| names | " + " | ".join(f"{n:,}" for n in names) + " |", "|---" + "|---:" * len(names) + "|"]
    for threads in sorted({a["threads"] for a in answers}):
        for kind in KINDS:
            cells = {a["names"]: f"{a['ns']:.0f}" for a in answers if (a["kind"], a["threads"]) == (kind, threads)}
            each = "one thread" if threads == 1 else f"{threads} threads, each"
            out.append(f"| ns an answer, {kind}, {each} | " + " | ".join(cells.get(n, "–") for n in names) + " |")
    changes = {u["names"]: f"{u['us']:.1f}" for u in updates}
    out.append("| µs a change, from draft to published | " + " | ".join(changes.get(n, "–") for n in names) + " |")
    return "\n".join(out) + "\n"


def svg(answers, updates, caption):
    lines = {}
    for a in answers:
        lines.setdefault((a["kind"], a["threads"]), []).append((a["names"], a["ns"]))
    panels = [("ns an answer", lines),
              ("µs a change", {("update", 1): [(u["names"], u["us"]) for u in updates]})]
    parts = []
    for number, (title, curves) in enumerate(panels):
        left, top, width, height = 60 + number * 380, 40, 290, 200
        most = max(y for points in curves.values() for _, y in points) * 1.15
        low, high = (math.log10(f(x for points in curves.values() for x, _ in points)) for f in (min, max))
        place = lambda x, y: (left + (math.log10(x) - low) / max(1e-9, high - low) * width,
                              top + height - y / most * height)
        parts.append(f'<text x="{left}" y="{top - 12}">{title}</text>'
                     f'<path d="M{left} {top}V{top + height}H{left + width}" fill="none" stroke="#7b8794"/>')
        for x in sorted({x for points in curves.values() for x, _ in points}):
            parts.append(f'<text class="n" text-anchor="middle" x="{place(x, 0)[0]:.0f}" y="{top + height + 14}">{x:,}</text>')
        step = 10 ** math.floor(math.log10(most))
        step = step if most / step >= 4 else step / 2
        for i in range(1, int(most / step) + 1):
            y = place(10 ** low, i * step)[1]
            parts.append(f'<path d="M{left} {y:.0f}h{width}" stroke="#e4e7eb"/>'
                         f'<text class="n" text-anchor="end" x="{left - 5}" y="{y + 3:.0f}">{i * step:g}</text>')
        for row, ((kind, threads), points) in enumerate(sorted(curves.items())):
            path = " ".join(f"{'L' if i else 'M'}{x:.1f} {y:.1f}" for i, (x, y) in enumerate(place(*p) for p in sorted(points)))
            dash = ' stroke-dasharray="5 3"' if threads > 1 else ""
            parts.append(f'<path d="{path}" fill="none" stroke="{COLOURS[kind]}" stroke-width="2"{dash}/>')
            if number == 0:
                parts.append(f'<text class="n" x="{left + row % 3 * 110}" y="{top + height + 34 + row // 3 * 14}" '
                             f'style="fill:{COLOURS[kind]}">{kind}, {threads} thread{"s" if threads > 1 else ""}'
                             f'{" (dashed)" if threads > 1 else ""}</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 780 320" font-family="sans-serif" font-size="11">'
            f'<style>text{{fill:#323f4b}}.n{{font-size:9px}}</style><rect width="100%" height="100%" fill="#fff"/>'
            f'{"".join(parts)}<text class="n" x="60" y="312">names in the zone; {caption}</text></svg>\n')


def publish(answers, updates, machine):
    caption = f"{machine}, {time.strftime('%Y-%m-%d')}"
    (ROOT / "docs" / "curves.svg").write_text(svg(answers, updates, caption))
    (ROOT / "docs" / "curves.json").write_text(json.dumps(
        {"when": time.strftime("%Y-%m-%d %H:%M:%S"), "load": os.getloadavg()[0], "answers": answers,
         "updates": updates}, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--names", type=int, nargs="+", default=NAMES)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build", help="build folder")
    parser.add_argument("--publish", action="store_true", help="write docs/curves.svg and docs/curves.json")
    how = parser.parse_args()
    binary = program(how.build)
    if binary is None:
        sys.exit(f"curves: {how.build} is no build folder: make build")
    answers, updates = measure(binary, how.names, how.rounds)
    print(text(answers, updates), end="")
    if how.publish:
        publish(answers, updates, f"{os.cpu_count()} cores")
    return 0


if __name__ == "__main__":
    sys.exit(main())
