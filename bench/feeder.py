#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A primary that costs next to nothing: it serves recorded AXFR streams, so
that what is measured is the secondary.

    feeder.py PORT ZONE=FILE...

Lines on standard input change it, each is answered with a line:

    ZONE SERIAL     the zone has a new serial, and its record "mark" another address
    ixfr on|off     whether an IXFR is answered with the changes or the whole zone
    sent ZONE       how many IXFR and how many whole zones were sent
"""

import socket
import struct
import sys
import threading

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset


ixfr_is_on = False


class Stream:
    """One zone: the bytes of its transfer, and where to patch them."""

    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = bytearray(f.read())
        self.lock = threading.Lock()
        self.sent_ixfr = self.sent_whole = 0
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

        self.history = {self.serial: (self.soa, "198.18.0.1")}

    def _after_name(self, at):
        while 0 < self.data[at] < 0xc0:
            at += self.data[at] + 1
        return at + (2 if self.data[at] else 1)

    def change(self, serial):
        with self.lock:
            self.serial = serial
            self.soa = dns.rrset.from_rdata(self.soa.name, self.soa.ttl, self.soa[0].replace(serial=serial))
            self.history[serial] = (self.soa, f"198.18.{serial >> 8 & 255}.{serial & 255}")
            for at in self.serials:
                self.data[at:at + 4] = struct.pack("!I", serial)
            if self.mark:
                self.data[self.mark + 2:self.mark + 4] = struct.pack("!H", serial & 0xffff)

    def difference(self, query, old):
        """An IXFR of one step (RFC 1995, 4): one address goes, another comes."""
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.AA
        mark = dns.name.from_text("mark", self.soa.name)
        (soa_old, old_address), (soa_new, new_address) = self.history[old], self.history[self.serial]
        reply.answer += [soa_new, soa_old, dns.rrset.from_text(mark, 3600, "IN", "A", old_address),
                         soa_new, dns.rrset.from_text(mark, 3600, "IN", "A", new_address), soa_new]
        self.sent_ixfr += 1
        return reply.to_wire()

    def send(self, connection, number, qtype):
        with self.lock:
            self.sent_whole += 1
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


def serial_of(query):
    """What an IXFR's asker has."""
    return next((rrset[0].serial for rrset in query.authority if rrset.rdtype == dns.rdatatype.SOA), None)


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
            has = serial_of(query) if asked.rdtype == dns.rdatatype.IXFR else None
            if stream is None or asked.rdtype == dns.rdatatype.SOA or has == stream.serial:
                wire = soa_reply(query)
            elif ixfr_is_on and has in stream.history:
                wire = stream.difference(query, has)
            else:
                stream.send(connection, query.id, asked.rdtype)
                continue
            connection.sendall(struct.pack("!H", len(wire)) + wire)
    except (EOFError, OSError):
        pass
    finally:
        connection.close()


def accept(s):
    while True:
        connection, _ = s.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


def obey(word, value):
    global ixfr_is_on
    if word == "ixfr":
        ixfr_is_on = value == "on"
        return value
    if word == "sent":
        stream = streams[value.rstrip(".") + "."]
        return f"{stream.sent_ixfr} {stream.sent_whole}"
    streams[word.rstrip(".") + "."].change(int(value))
    return value


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
        print(obey(*line.split()), flush=True)


main()
