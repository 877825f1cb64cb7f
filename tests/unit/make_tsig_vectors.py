#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints tsig_vectors.h: signed messages as dnspython makes them.

The messages that test_dns_tsig_*.c verify must come from another hand than
the code under test. Run it when a vector is added:
    tests/unit/make_tsig_vectors.py > tests/unit/tsig_vectors.h
"""
import sys
import time
from unittest import mock

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import dns.tsig
import dns.tsigkeyring

NOW = 1700000000
SECRET = bytes(range(1, 33))
KEY_NAME = "Transfer.Key."
ALGORITHMS = {
    "md5": dns.tsig.HMAC_MD5, "sha1": dns.tsig.HMAC_SHA1,
    "sha224": dns.tsig.HMAC_SHA224, "sha256": dns.tsig.HMAC_SHA256,
    "sha384": dns.tsig.HMAC_SHA384, "sha512": dns.tsig.HMAC_SHA512,
}


def key(algorithm):
    return dns.tsig.Key(dns.name.from_text(KEY_NAME), SECRET, algorithm)


def request(algorithm, rdtype="SOA", **more):
    query = dns.message.make_query("example.com.", rdtype, id=0x1234)
    query.flags = 0
    query.use_tsig(key(algorithm), **more)
    wire = query.to_wire()
    return query, wire


def response(query, number=1):
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.AA
    reply.tsig = None  # the caller signs, or does not
    name = dns.name.from_text("example.com.")
    reply.answer.append(dns.rrset.from_text(
        name, 3600, "IN", "SOA", f"ns1.example.com. host.example.com. {number} 60 30 600 5"))
    return reply


def answer(query, algorithm, **more):
    reply = response(query)
    reply.use_tsig(key(algorithm), **more)
    reply.request_mac = query.mac
    return reply.to_wire()


def stream(query, algorithm, count, signed):
    """`count` messages of which those in `signed` carry a TSIG."""
    wires = []
    context = None
    for number in range(count):
        reply = response(query, number)
        reply.request_mac = query.mac
        if number in signed:
            reply.use_tsig(key(algorithm))
            wires.append(reply.to_wire(multi=True, tsig_ctx=context))
            context = reply.tsig_ctx
        else:
            wire = reply.to_wire()
            context.update(wire)
            wires.append(wire)
    return wires


def truncated(wire, full, keep):
    """The same message with its MAC cut to `keep` bytes (RFC 8945, 5.2.2.1)."""
    end = 2 + 2 + 2 + full  # original ID, error, other length, MAC
    at = len(wire) - end
    assert wire[at - 2:at] == full.to_bytes(2, "big")
    rdlength = at - 2 - 2 - 6
    name = dns.tsig.HMAC_SHA256.to_wire()
    rdlength -= len(name) + 2
    old = int.from_bytes(wire[rdlength:rdlength + 2], "big")
    return (wire[:rdlength] + (old - full + keep).to_bytes(2, "big") +
            wire[rdlength + 2:at - 2] + keep.to_bytes(2, "big") +
            wire[at:at + keep] + wire[at + full:])


def show(name, wire):
    print(f"static const uint8_t {name}[] = {{")
    for at in range(0, len(wire), 16):
        print("\t" + " ".join(f"0x{byte:02x}," for byte in wire[at:at + 16]))
    print("};")


def main():
    print("// SPDX-License-Identifier: GPL-3.0-or-later")
    print("// Made by make_tsig_vectors.py.")
    print("#pragma once\n\n#include <stdint.h>\n")
    print(f"#define VECTOR_TIME INT64_C({NOW})")
    print("#define VECTOR_KEY \"transfer.key\"")
    show("vector_secret", SECRET)
    with mock.patch.object(time, "time", lambda: float(NOW)):
        for text, algorithm in ALGORITHMS.items():
            query, wire = request(algorithm)
            show(f"request_{text}", wire)
            show(f"answer_{text}", answer(query, algorithm))
        sha256 = dns.tsig.HMAC_SHA256
        query, wire = request(sha256)
        for keep in (16, 15, 8):
            show(f"request_cut_{keep}", truncated(wire, 32, keep))
        for number, wire in enumerate(stream(query, sha256, 4, range(4))):
            show(f"stream_all_{number}", wire)
        for number, wire in enumerate(stream(query, sha256, 6, (0, 3, 5))):
            show(f"stream_some_{number}", wire)
        late = (NOW + 1000).to_bytes(6, "big")
        show("answer_badtime", answer(query, sha256, tsig_error=18, other_data=late))


if __name__ == "__main__":
    sys.exit(main())
