# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions about a set of zones, generated from a seed."""

import random
import struct
from typing import NamedTuple

import dns.exception
import dns.name
import dns.rdatatype
import dns.tokenizer
import dns.zone

COMMON = (1, 28, 15, 16, 2, 6, 5, 12, 33, 43, 39, 255, 46, 47, 48, 50, 51, 65, 257)
RARE = (3, 10, 11, 13, 17, 18, 19, 21, 27, 29, 35, 36, 37, 42, 44, 45, 49, 52, 53, 55, 59, 60, 61, 62,
        63, 64, 99, 104, 105, 106, 107, 108, 109, 249, 250, 253, 254, 256, 260, 1234, 65280, 65281, 65535)
SIZES = (512, 1232, 4096)


class Question(NamedTuple):
    name: bytes         # wire, in the case it is asked
    rtype: int
    edns: int           # payload size, 0: no EDNS
    dnssec: bool
    flags: int          # RD, AD, CD
    rclass: int = 1
    option: bytes = b""
    version: int = 0

    def wire(self, number: int) -> bytes:
        out = struct.pack("!6H", number, self.flags, 1, 0, 0, 1 if self.edns else 0)
        out += self.name + struct.pack("!2H", self.rtype, self.rclass)
        if self.edns:
            out += struct.pack("!BHHBBHH", 0, 41, self.edns, 0, self.version,
                               0x8000 if self.dnssec else 0, len(self.option)) + self.option
        return out

    @property
    def limit(self) -> int:
        """The most bytes a reply over UDP may have."""
        return max(512, self.edns)


def _names_of(path, origin):
    """Owner names and their types, and names in the data, from a zone file."""
    zone = dns.zone.from_file(str(path), origin=origin, relativize=False, check_origin=False)
    owners, targets = {}, set()
    for name, rdataset in zone.iterate_rdatasets():
        owners.setdefault(name, set()).add(int(rdataset.rdtype))
        if rdataset.rdtype in (dns.rdatatype.NS, dns.rdatatype.CNAME, dns.rdatatype.DNAME,
                               dns.rdatatype.MX, dns.rdatatype.SRV):
            for rdata in rdataset:
                targets.add(getattr(rdata, "target", None) or rdata.exchange)
    return owners, targets


def _child(r, name):
    """A name below; None where it would be too long."""
    label = r.choice((b"x", b"zz", b"*", b"a.b", b"\x00", b"0", b"~", b"nope",
                      bytes(r.randrange(256) for _ in range(r.randrange(1, 12)))))
    try:
        return dns.name.Name((label,) + name.labels)
    except dns.exception.DNSException:
        return None


def _near(r, name):
    """A name beside: one label changed a little, so that it sorts next to it."""
    labels = list(name.labels)
    index = r.randrange(0, max(1, len(labels) - 2))
    label = bytearray(labels[index])
    if not label:
        return None
    kind = r.randrange(4)
    if kind == 0:
        label[-1] = (label[-1] + 1) % 256
    elif kind == 1:
        label[-1] = (label[-1] - 1) % 256
    elif kind == 2 and len(label) < 63:
        label.append(r.choice(b"\x00-0az\xff"))
    elif len(label) > 1:
        label.pop()
    labels[index] = bytes(label)
    try:
        return dns.name.Name(labels)
    except dns.exception.DNSException:
        return None


def _mix_case(r, wire: bytes) -> bytes:
    out, offset = bytearray(wire), 0
    while out[offset]:
        for i in range(offset + 1, offset + 1 + out[offset]):
            if chr(out[i]).isalpha() and out[i] < 128 and r.random() < 0.5:
                out[i] ^= 0x20
        offset += out[offset] + 1
    return bytes(out)


def _pick_name(r, names, apexes):
    """Mostly near what exists; some far away."""
    name = r.choice(names)
    how = r.random()
    if how < 0.40:
        return name
    if how < 0.62:
        for _ in range(r.choice((1, 1, 1, 2, 3))):
            name = _child(r, name) or name
        return name
    if how < 0.80:
        return _near(r, name) or name
    if how < 0.92:
        return name.parent() if len(name) > 2 else name
    if how < 0.985:
        return _child(r, r.choice(apexes)) or name
    return dns.name.from_text(r.choice(("elsewhere.invalid.", "test.", ".", "www.google.example.", "arpa.")))


def generate(made, count, seed=1):
    """`count` questions about the zones {name: path}, none twice, in a fixed order."""
    r = random.Random(f"questions/{seed}")
    groups, kinds, apexes = [], {}, []
    for zone, path in made.items():
        origin = dns.name.from_text(zone)
        owners, targets = _names_of(path, origin)
        for owner, types in owners.items():
            kinds.setdefault(owner, set()).update(types)
        groups.append([sorted(owners) + sorted(t for t in targets)])
        apexes.append(origin)
    seen, out = set(), []
    while len(out) < count:
        names = r.choice(groups)[0]
        name = _pick_name(r, names, apexes)
        there = kinds.get(name)
        if there and r.random() < 0.45:
            rtype = r.choice(sorted(there))
        else:
            rtype = r.choice(COMMON) if r.random() < 0.85 else r.choice(RARE)
        wire = name.to_wire()
        if r.random() < 0.25:
            wire = _mix_case(r, wire)
        edns = r.choice(SIZES) if r.random() < 0.65 else 0
        dnssec = bool(edns) and r.random() < 0.7
        flags = r.choice((0, 0, 0x100, 0x100, 0x10, 0x20, 0x130))
        option, version, rclass = b"", 0, 1
        if edns and r.random() < 0.03:
            option = r.choice((b"\x00\x03\x00\x00",                 # NSID
                               b"\xfd\xe9\x00\x04abcd",             # unknown
                               b"\x00\x0c\x00\x08" + bytes(8),       # padding
                               b"\x00\x08\x00\x07\x00\x01\x18\x00\xc0\x00\x02"))   # client subnet
        if edns and r.random() < 0.01:
            version = r.choice((1, 255))
        if r.random() < 0.01:
            rclass = r.choice((3, 4, 254, 255, 2))
        question = Question(wire, rtype, edns, dnssec, flags, rclass, option, version)
        if question not in seen:
            seen.add(question)
            out.append(question)
    return out


def broken(made, seed=1):
    """Messages that are no proper question: (what it is, bytes)."""
    r = random.Random(f"broken/{seed}")
    apexes = [dns.name.from_text(zone).to_wire() for zone in made]
    good = Question(apexes[0], 6, 0, False, 0).wire
    opt = struct.pack("!BHHIH", 0, 41, 1232, 0, 0)
    rows = [
        ("no question", struct.pack("!6H", 1, 0, 0, 0, 0, 0)),
        ("no question, with OPT", struct.pack("!6H", 1, 0, 0, 0, 0, 1) + opt),
        ("two questions", struct.pack("!6H", 1, 0, 2, 0, 0, 0) + good(1)[12:] * 2),
        ("question count 2, one there", struct.pack("!6H", 1, 0, 2, 0, 0, 0) + good(1)[12:]),
        ("question cut in its name", good(1)[:16]),
        ("question cut in its type", good(1)[:-3]),
        ("two OPT", struct.pack("!6H", 1, 0, 1, 0, 0, 2) + good(1)[12:] + opt + opt),
        ("OPT in the answer section", struct.pack("!6H", 1, 0, 1, 1, 0, 0) + good(1)[12:] + opt),
        ("OPT with a name", struct.pack("!6H", 1, 0, 1, 0, 0, 1) + good(1)[12:] + b"\1x" + opt),
        ("OPT cut", struct.pack("!6H", 1, 0, 1, 0, 0, 1) + good(1)[12:] + opt[:-2]),
        ("OPT whose option is longer than it", struct.pack("!6H", 1, 0, 1, 0, 0, 1) + good(1)[12:]
         + struct.pack("!BHHIH", 0, 41, 1232, 0, 4) + b"\0\3\0\x09"),
        ("additional promised, none there", struct.pack("!6H", 1, 0, 1, 0, 0, 1) + good(1)[12:]),
        ("an answer promised, none there", struct.pack("!6H", 1, 0, 1, 1, 0, 0) + good(1)[12:]),
        ("compression pointer to itself", struct.pack("!6H", 1, 0, 1, 0, 0, 0) + b"\xc0\x0c\0\6\0\1"),
        ("compression pointer into the header", struct.pack("!6H", 1, 0, 1, 0, 0, 0) + b"\xc0\x00\0\6\0\1"),
        ("compression pointer past the end", struct.pack("!6H", 1, 0, 1, 0, 0, 0) + b"\xff\xff\0\6\0\1"),
        ("label type 01", struct.pack("!6H", 1, 0, 1, 0, 0, 0) + b"\x41x\0\0\6\0\1"),
        ("label type 10", struct.pack("!6H", 1, 0, 1, 0, 0, 0) + b"\x81x\0\0\6\0\1"),
        ("name of 256 bytes", struct.pack("!6H", 1, 0, 1, 0, 0, 0) + (b"\x3f" + b"x" * 63) * 3
         + b"\x3e" + b"x" * 62 + b"\0\0\6\0\1"),
        ("name without end", struct.pack("!6H", 1, 0, 1, 0, 0, 0) + (b"\1x" * 200)),
        ("a response", struct.pack("!6H", 1, 0x8000, 1, 0, 0, 0) + good(1)[12:]),
        ("a response with RD", struct.pack("!6H", 1, 0x8100, 1, 0, 0, 0) + good(1)[12:]),
        ("bytes behind the question", good(1) + b"extra"),
        ("one byte", b"\1"), ("eleven bytes", good(1)[:11]), ("header alone", good(1)[:12]),
        ("AA set", struct.pack("!6H", 1, 0x0400, 1, 0, 0, 0) + good(1)[12:]),
        ("TC set", struct.pack("!6H", 1, 0x0200, 1, 0, 0, 0) + good(1)[12:]),
        ("RA set", struct.pack("!6H", 1, 0x0080, 1, 0, 0, 0) + good(1)[12:]),
        ("Z set", struct.pack("!6H", 1, 0x0040, 1, 0, 0, 0) + good(1)[12:]),
        ("rcode set", struct.pack("!6H", 1, 0x0003, 1, 0, 0, 0) + good(1)[12:]),
        ("an SOA in the authority section", struct.pack("!6H", 1, 0, 1, 0, 1, 0) + good(1)[12:]
         + b"\xc0\x0c\0\6\0\1\0\0\0\0\0\x16\0\0" + bytes(20)),
        ("an A in the additional section", struct.pack("!6H", 1, 0, 1, 0, 0, 1) + good(1)[12:]
         + b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4\1\2\3\4"),
        ("AXFR over UDP", good(1)[:-4] + b"\0\xfc\0\1"),
        ("OPT with the type asked", good(1)[:-4] + b"\0\x29\0\1"),
        ("TSIG asked", good(1)[:-4] + b"\0\xfa\0\1"), ("TKEY asked", good(1)[:-4] + b"\0\xf9\0\1"),
        ("MAILB asked", good(1)[:-4] + b"\0\xfd\0\1"), ("type 0", good(1)[:-4] + b"\0\0\0\1"),
        ("class 0", good(1)[:-2] + b"\0\0"), ("class NONE", good(1)[:-2] + b"\0\xfe"),
        ("class ANY", good(1)[:-2] + b"\0\xff"), ("class HS", good(1)[:-2] + b"\0\4"),
    ]
    for opcode in range(1, 16):
        rows.append((f"opcode {opcode}", struct.pack("!6H", 1, opcode << 11, 1, 0, 0, 0) + good(1)[12:]))
    for version in (1, 2, 255):
        rows.append((f"EDNS version {version}", struct.pack("!6H", 1, 0, 1, 0, 0, 1) + good(1)[12:]
                     + struct.pack("!BHHBBHH", 0, 41, 1232, 0, version, 0, 0)))
    for size in (0, 1, 511, 65535):
        rows.append((f"EDNS size {size}", struct.pack("!6H", 1, 0, 1, 0, 0, 1) + good(1)[12:]
                     + struct.pack("!BHHIH", 0, 41, size, 0, 0)))
    for flags in (0x1, 0x7fff, 0xffff):
        rows.append((f"EDNS flags {flags:#x}", struct.pack("!6H", 1, 0, 1, 0, 0, 1) + good(1)[12:]
                     + struct.pack("!BHHIH", 0, 41, 1232, flags, 0)))
    for i in range(150):
        base = bytearray(Question(r.choice(apexes), r.choice(COMMON), r.choice((0, 1232)), False, 0).wire(1))
        for _ in range(r.randrange(1, 4)):
            base[r.randrange(2, len(base))] = r.randrange(256)
        if r.random() < 0.3:
            base = base[:r.randrange(3, len(base))]
        rows.append((f"random damage {i}: {bytes(base).hex()}", bytes(base)))
    return rows
