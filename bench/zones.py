# SPDX-License-Identifier: GPL-3.0-or-later
"""The zones that are measured, and the questions about them: made from fixed
seeds, so that they are the same on every machine."""

import dataclasses
import pathlib
import random
import shutil
from typing import Callable, List

SERIAL = 2026010101
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclasses.dataclass
class Source:
    """One zone as a file, and what is worth knowing of it."""
    name: str
    path: pathlib.Path
    records: int
    last: str           # a name and a type that only a whole copy answers
    last_type: str = "A"
    questions: dict = dataclasses.field(default_factory=dict)   # kind -> path


def _head(origin: str, serial: int = SERIAL) -> List[str]:
    at = origin if origin == "." else origin + "."
    return [f"$ORIGIN {at}", "$TTL 3600",
            f"@ IN SOA ns1 hostmaster {serial} 86400 7200 3600000 300",
            "@ IN NS ns1", "@ IN NS ns2", "ns1 IN A 192.0.2.1", "ns2 IN A 192.0.2.2"]


def _write(path: pathlib.Path, lines):
    fresh = path.with_name(path.name + ".new")
    with open(fresh, "w") as f:
        f.write("\n".join(lines) + "\n")
    fresh.rename(path)


def _label(number: int) -> str:
    """A label of 5 to 14 letters that no other number has."""
    r = random.Random(number)
    text = "".join(r.choice(LETTERS) for _ in range(r.randint(2, 9)))
    while number:
        text, number = text + LETTERS[number % 26], number // 26
    return text + "-x"


def flat(folder, count: int) -> Source:
    """`count` addresses under example.com: one record a name."""
    path = folder / f"flat-{count}.zone"
    # The last record changes with the serial, for the rows about changes.
    source = Source("example.com", path, count + 6, f"host{count - 1:06d}.example.com")
    if not path.exists():
        lines = _head("example.com") + ["mark IN A 198.18.0.1"]
        lines += [f"host{i:06d} IN A 10.{i >> 16 & 255}.{i >> 8 & 255}.{i & 255}" for i in range(count)]
        _write(path, lines)
    r = random.Random(1)
    source.questions["flat"] = _ask(folder, f"flat-{count}", (
        f"host{r.randrange(count):06d}.example.com A" for _ in range(200000)))
    source.questions["nxdomain"] = _ask(folder, f"nxdomain-{count}", (
        f"nohost{r.randrange(10 * count):07d}.example.com A" for _ in range(200000)))
    return source


def _delegation(r, label: str, origin: str, lines: List[str], glue: float, ds: float, servers: int = 2):
    """Two name servers: of the zone itself with addresses, or at a hoster."""
    if r.random() < glue:
        for n in range(1, servers + 1):
            lines.append(f"{label} IN NS ns{n}.{label}")
            lines.append(f"ns{n}.{label} IN A 203.{r.randrange(256)}.{r.randrange(256)}.{n}")
    else:
        hoster = r.randrange(2000)
        lines.extend(f"{label} IN NS ns{n}.hoster{hoster}.{'net' if origin != 'net' else 'org'}."
                     for n in range(1, servers + 1))
    if r.random() < ds:
        lines.append(f"{label} IN DS {r.randrange(65536)} 13 2 {r.getrandbits(256):064X}")


def tld(folder, count: int) -> Source:
    """`count` delegations of two servers, 20 % with glue, 30 % with a DS."""
    path = folder / f"tld-{count}.zone"
    names = folder / f"tld-{count}.names"
    if not path.exists() or not names.exists():
        r, lines, labels = random.Random(2), _head("tld"), []
        for i in range(count):
            labels.append(_label(i))
            _delegation(r, labels[-1], "tld", lines, 0.2, 0.3)
        lines += ["zzzz-last IN NS ns1.zzzz-last", "ns1.zzzz-last IN A 203.0.113.7"]
        _write(names, labels + [str(len(lines) - 2)])
        _write(path, lines)
    labels = names.read_text().split()
    records = int(labels.pop())
    r = random.Random(3)
    source = Source("tld", path, records, "zzzz-last.tld", "NS")
    source.questions["referral"] = _ask(folder, f"referral-{count}", (
        f"www.{r.choice(labels)}.tld A" for _ in range(200000)))
    return source


def small(folder) -> Source:
    """One zone of a few records."""
    path = folder / "small.zone"
    if not path.exists():
        _write(path, _head("small.example") + ["mark IN A 198.18.0.1"])
    return Source("small.example", path, 7, "mark.small.example")


def root(folder, count: int = 1500) -> Source:
    """Like the root zone: `count` delegations of six servers, nearly all with
    glue and a DS."""
    path = folder / "root.zone"
    r, lines = random.Random(4), _head(".")
    for i in range(count):
        _delegation(r, _label(i), ".", lines, 0.95, 0.92, servers=6)
    if not path.exists():
        _write(path, lines)
    source = Source(".", path, len(lines) - 2, f"{_label(count - 1)}.", "NS")
    source.questions["root referral"] = _ask(folder, "root", (
        f"www.{_label(r.randrange(count))} A" for _ in range(100000)))
    return source


def signed(folder, count: int, tool: Callable) -> Source:
    """`count` names with an address and some text each, signed with NSEC3.
    `tool(command, …)` runs a program of the peers in a folder."""
    path = folder / f"signed-{count}.zone"
    if not path.exists():
        plain = folder / "signed" / "signed.example.zone"
        plain.parent.mkdir(exist_ok=True)
        lines = _head("signed.example")
        for i in range(count):
            lines += [f"name{i:06d} IN A 10.9.{i >> 8 & 255}.{i & 255}",
                      f"name{i:06d} IN TXT \"v=spf1 a -all\""]
        _write(plain, lines)
        _sign(plain, path, tool)
    with open(path) as f:
        records = sum(1 for line in f if line.strip() and not line.startswith((";", "$")))
    r = random.Random(5)
    source = Source("signed.example", path, records, f"name{count - 1:06d}.signed.example")
    source.questions["signed"] = _ask(folder, f"signed-{count}", (
        f"name{r.randrange(count):06d}.signed.example A" for _ in range(100000)))
    source.questions["signed nxdomain"] = _ask(folder, f"signed-nx-{count}", (
        f"none{r.randrange(10 * count):07d}.signed.example A" for _ in range(100000)))
    return source


def _sign(plain: pathlib.Path, path: pathlib.Path, tool: Callable):
    folder = plain.parent
    (folder / "knot.conf").write_text(
        f"database:\n  storage: {folder}/keys\n"
        "policy:\n  - id: nsec3\n    algorithm: ecdsap256sha256\n    nsec3: on\n"
        "    nsec3-iterations: 0\n    nsec3-salt-length: 0\n    rrsig-lifetime: 3650d\n"
        "    zone-max-ttl: 3600\n    rrsig-refresh: 10d\n"
        "zone:\n  - domain: signed.example.\n    dnssec-signing: on\n    dnssec-policy: nsec3\n"
        f"    storage: {folder}\n    file: {plain.name}\n")
    shutil.rmtree(folder / "keys", ignore_errors=True)
    shutil.rmtree(folder / "out", ignore_errors=True)
    for name in ("keys", "out"):
        (folder / name).mkdir()
    tool(["kzonesign", "-c", folder / "knot.conf", "-o", folder / "out", "signed.example."], folder)
    made = next((folder / "out").iterdir())
    made.rename(path)


def many(folder, count: int) -> List[Source]:
    """`count` zones of 8 records, a file each."""
    home = folder / f"many-{count}"
    sources = []
    done = home / "complete"
    home.mkdir(exist_ok=True)
    fresh = not done.exists()
    for i in range(count):
        name = f"zone{i:06d}.example"
        path = home / f"{i % 256:02x}" / f"{name}.zone"
        if fresh:
            path.parent.mkdir(exist_ok=True)
            path.write_text(
                f"$ORIGIN {name}.\n$TTL 3600\n@ IN SOA ns1 hostmaster {SERIAL} 86400 7200 3600000 300\n"
                f"@ IN NS ns1\n@ IN NS ns2\n@ IN MX 10 mail\nns1 IN A 192.0.2.1\nns2 IN A 192.0.2.2\n"
                f"mail IN A 10.1.{i >> 8 & 255}.{i & 255}\nwww IN A 10.2.{i >> 8 & 255}.{i & 255}\n")
        sources.append(Source(name, path, 8, f"www.{name}"))
    done.touch()
    return sources


def _ask(folder, kind: str, lines) -> pathlib.Path:
    path = folder / f"{kind}.questions"
    if not path.exists():
        _write(path, list(lines))
    return path
