#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the files of the page into C, so that the program carries them.

    page_embed.py OUT.c FILE...
"""

import hashlib
import pathlib
import sys

TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


def main(out, *names):
    bodies, rows = [], []
    for number, path in enumerate(map(pathlib.Path, names)):
        content = path.read_bytes()
        lines = (", ".join(map(str, content[at:at + 24])) for at in range(0, len(content), 24))
        bodies.append(f"static const unsigned char file{number}[] = {{\n\t" + ",\n\t".join(lines) + "\n};\n")
        url = "/" if path.name == "index.html" else "/" + path.name
        tag = hashlib.sha256(content).hexdigest()[:16]
        rows.append(f'\t{{ "{url}", "{TYPES[path.suffix]}", "\\"{tag}\\"", file{number}, sizeof(file{number}) }},\n')
    pathlib.Path(out).write_text(
        "// Made by page_embed.py from page/.\n#include \"observe/page.h\"\n\n" + "\n".join(bodies)
        + "\nconst struct page_file page_files[] = {\n" + "".join(rows) + "};\n"
        + "const size_t page_file_count = sizeof(page_files) / sizeof(page_files[0]);\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
