#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A primary that costs next to nothing: it serves recorded AXFR streams, so
that what is measured is the secondary. Every IXFR is answered with the whole
zone.

    feeder.py PORT ZONE=FILE...

Lines on standard input change it: "ZONE SERIAL" gives the zone a new serial and
its record "mark" another address. Each is answered with a line."""

import socket
import struct
import sys
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


class Stream:
    """One zone: the bytes of its transfer, and where to patch them."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = bytearray(f.read())
        self.lock = threading.Lock()
        self.starts, at = [], 0
        while at < len(self.data):
            self.starts.append(at)
            at += 2 + int.from_bytes(self.data[at:at + 2], "big")
        self.asked = [at + 2 for at in self.starts if self.data[at + 6:at + 8] == b"\0\1"]
        first = dns.message.from_wire(bytes(self.data[2:2 + int.from_bytes(self.data[:2], "big")]),
                                      one_rr_per_rrset=True, continue_on_error=True)
        self.soa = first.answer[0]
        self.serial = self.soa[0].serial
        word = struct.pack("!I", self.serial)
        last = self.starts[-1]
        self.serials = [self.data.index(word), self.data.rindex(word, last)]
        self.mark = self._after_name(at) + 10 if (at := self.data.find(b"\4mark")) >= 0 else None

    def _after_name(self, at):
        while 0 < self.data[at] < 0xc0:
            at += self.data[at] + 1
        return at + (2 if self.data[at] else 1)

    def change(self, serial):
        with self.lock:
            self.serial = serial
            for at in self.serials:
                self.data[at:at + 4] = struct.pack("!I", serial)
            if self.mark:
                self.data[self.mark + 2:self.mark + 4] = struct.pack("!H", serial & 0xffff)
            self.soa = dns.rrset.from_rdata(self.soa.name, self.soa.ttl, self.soa[0].replace(serial=serial))

    def send(self, connection, number, qtype):
        with self.lock:
            word = struct.pack("!H", number)
            for at in self.starts:
                self.data[at + 2:at + 4] = word
            for at in self.asked:       # the question's type stands behind its name
                end = self._after_name(at + 12)
                self.data[end:end + 2] = struct.pack("!H", qtype)
            connection.sendall(memoryview(self.data))


streams = {}


def soa_reply(query):
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.AA
    stream = streams.get(query.question[0].name.to_text().lower())
    if stream:
        reply.answer.append(stream.soa)
    else:
        reply.set_rcode(dns.rcode.REFUSED)
    return reply.to_wire()


def is_current(query, stream):
    """Has an IXFR's asker what we have?"""
    return any(r.serial == stream.serial for rrset in query.authority for r in rrset
               if rrset.rdtype == dns.rdatatype.SOA)


def udp(s):
    while True:
        wire, peer = s.recvfrom(4096)
        try:
            s.sendto(soa_reply(dns.message.from_wire(wire)), peer)
        except Exception as error:
            print(f"feeder: {error}", file=sys.stderr)


def exactly(connection, count):
    got = b""
    while len(got) < count:
        more = connection.recv(count - len(got))
        if not more:
            raise EOFError
        got += more
    return got


def serve(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        while True:
            query = dns.message.from_wire(exactly(connection, int.from_bytes(exactly(connection, 2), "big")))
            asked = query.question[0]
            stream = streams.get(asked.name.to_text().lower())
            if stream is None or asked.rdtype == dns.rdatatype.SOA or (
                    asked.rdtype == dns.rdatatype.IXFR and is_current(query, stream)):
                wire = soa_reply(query)
                connection.sendall(struct.pack("!H", len(wire)) + wire)
            else:
                stream.send(connection, query.id, asked.rdtype)
    except (EOFError, OSError):
        pass
    finally:
        connection.close()


def accept(s):
    while True:
        connection, _ = s.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


def main():
    port = int(sys.argv[1])
    for word in sys.argv[2:]:
        name, path = word.split("=", 1)
        streams[name.rstrip(".") + "."] = Stream(path)
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    u.bind(("127.0.0.1", port))
    t = socket.socket()
    t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    t.bind(("127.0.0.1", port))
    t.listen(64)
    for target, s in ((udp, u), (accept, t)):
        threading.Thread(target=target, args=(s,), daemon=True).start()
    print("ready", flush=True)
    for line in sys.stdin:
        name, serial = line.split()
        streams[name.rstrip(".") + "."].change(int(serial))
        print(serial, flush=True)


main()
