#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The walls of the house: each room of src/ includes only rooms below it.

Reads the #include lines of src/ and fails, naming file and line, when a room
includes one that stands above it, when a file stands outside the rooms, when
an include is not written from src/, when a source file lacks its licence line, or
when a file that names its interpreter cannot be run as a command.
"""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# From the roof to the ground.
ROOMS = ("cli", "audit", "daemon", "observe", "serve", "replicate", "guard",
         "store", "answer", "zone", "config", "dns", "base")
HEIGHT = {room: len(ROOMS) - number for number, room in enumerate(ROOMS)}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
LICENCE = "SPDX-License-Identifier: GPL-3.0-or-later"
LICENSED = {".c", ".h", ".py", ".sh", ".build", ".ini"}


def check_includes(source: pathlib.Path):
    path = source.relative_to(ROOT / "src")
    room = path.parts[0] if len(path.parts) > 1 else None
    if room is None and path.name != "main.c":
        yield f"{source.relative_to(ROOT)}: stands outside the rooms"
        return
    if room is not None and room not in HEIGHT:
        yield f"{source.relative_to(ROOT)}: src/{room}/ is not a room"
        return
    for number, line in enumerate(source.read_text().splitlines(), 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        where = f"{source.relative_to(ROOT)}:{number}"
        bracket, target = found.groups()
        other = target.split("/")[0]
        if bracket == "<":
            if (ROOT / "src" / target).exists():
                yield f"{where}: <{target}> is ours: write it in quotes"
            continue
        if not (ROOT / "src" / target).exists():
            yield f"{where}: \"{target}\" is no file of src/ (includes are written from src/)"
        elif other in HEIGHT and room is not None and HEIGHT[other] > HEIGHT[room]:
            yield f"{where}: {room}/ includes \"{target}\", but {other}/ stands above {room}/"


def check_heads():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if not path.is_file() or path.suffix not in LICENSED:
            continue
        with open(path, errors="replace") as file:
            head = file.read(400)
        if LICENCE not in head:
            yield f"{name}: no line with {LICENCE}"
        if head.startswith("#!") and not os.access(path, os.X_OK):
            yield f"{name}: begins with #! but is not executable"


def main() -> int:
    sources = sorted(p for p in (ROOT / "src").rglob("*") if p.suffix in (".c", ".h"))
    faults = [fault for source in sources for fault in check_includes(source)]
    faults += check_heads()
    for fault in faults:
        print(fault)
    print(f"layers: {len(sources)} files in {len(ROOMS)} rooms, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
