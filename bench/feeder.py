#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A primary that costs next to nothing: it serves recorded AXFR streams, so
that what is measured is the secondary.

    feeder.py PORT ZONE=FILE...

Lines on standard input change it, each is answered with a line:

    ZONE SERIAL     the zone has a new serial, and its record "mark" another address
    ixfr on|off     whether an IXFR is answered with the changes or the whole zone
    sent ZONE       how many IXFR and how many whole zones were sent

What answers an SOA or an IXFR question is made when the serial changes; between
the question and the answer lie only the id, the question's own bytes and send().
"""

import socket
import struct
import sys
import threading

import dns.flags
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.rrset


ixfr_is_on = False
SOA, IXFR = 6, 251
REFUSED = 5
OPT = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
THREADS = 64        # each with one connection at a time


class Question:
    """What the feeder needs of a request, taken from its bytes."""

    def __init__(self, wire):
        self.wire = wire
        end = after_name(wire, 12)
        self.name = wire[12:end].lower()
        self.type = int.from_bytes(wire[end:end + 2], "big")
        self.bytes = wire[12:end + 4]
        self.edns = wire[10:12] != b"\0\0"
        self.serial = None      # what an IXFR's asker has: of the SOA in its authority
        if self.type == IXFR and wire[8:10] == b"\0\1":
            rdata = after_name(wire, end + 4) + 10
            at = after_name(wire, after_name(wire, rdata))
            self.serial = int.from_bytes(wire[at:at + 4], "big")

    def answered(self, ready):
        """A ready answer with this request's id, question and kind of EDNS."""
        return b"".join((self.wire[:2], bytes([ready[2] | self.wire[2] & 1]), ready[3:10],
                         b"\0\1" if self.edns else b"\0\0", self.bytes, ready[12 + len(self.bytes):],
                         OPT if self.edns else b""))

    def refused(self):
        return self.answered(struct.pack("!6H", 0, 0x8000 | REFUSED, 1, 0, 0, 0) + self.bytes)


def after_name(wire, at):
    while 0 < wire[at] < 0xc0:
        at += wire[at] + 1
    return at + (2 if wire[at] else 1)


def ready(name, qtype, answers):
    """An answer with AA for any request of that name and type."""
    message = dns.message.Message(id=0)
    message.flags = dns.flags.QR | dns.flags.AA
    message.question = [dns.rrset.RRset(name, dns.rdataclass.IN, qtype)]
    message.answer = answers
    return message.to_wire()


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
        self.mark = after_name(self.data, at) + 10 if (at := self.data.find(b"\4mark")) >= 0 else None

        self.history = {self.serial: (self.soa, "198.18.0.1")}
        self._prepare()

    def _prepare(self):
        self.soa_ready = ready(self.soa.name, SOA, [self.soa])
        old = list(self.history)[-2:-1]
        self.differences = {serial: self._difference(serial) for serial in old}

    def change(self, serial):
        with self.lock:
            self.serial = serial
            self.soa = dns.rrset.from_rdata(self.soa.name, self.soa.ttl, self.soa[0].replace(serial=serial))
            self.history[serial] = (self.soa, f"198.18.{serial >> 8 & 255}.{serial & 255}")
            for at in self.serials:
                self.data[at:at + 4] = struct.pack("!I", serial)
            if self.mark:
                self.data[self.mark + 2:self.mark + 4] = struct.pack("!H", serial & 0xffff)
            self._prepare()

    def _difference(self, old):
        """An IXFR of one step (RFC 1995, 4): one address goes, another comes."""
        mark = dns.name.from_text("mark", self.soa.name)
        (soa_old, old_address), (soa_new, new_address) = self.history[old], self.history[self.serial]
        return ready(self.soa.name, IXFR, [
            soa_new, soa_old, dns.rrset.from_text(mark, 3600, "IN", "A", old_address),
            soa_new, dns.rrset.from_text(mark, 3600, "IN", "A", new_address), soa_new])

    def difference(self, old):
        self.sent_ixfr += 1
        return self.differences.get(old) or self._difference(old)

    def send(self, connection, number, qtype):
        with self.lock:
            self.sent_whole += 1
            word = struct.pack("!H", number)
            for at in self.starts:
                self.data[at + 2:at + 4] = word
            for at in self.asked:       # the question's type stands behind its name
                end = after_name(self.data, at + 12)
                self.data[end:end + 2] = struct.pack("!H", qtype)
            connection.sendall(memoryview(self.data))


streams = {}        # of the name's bytes in lower case


def key(name):
    return dns.name.from_text(name).to_wire().lower()


def soa_reply(question):
    stream = streams.get(question.name)
    return question.answered(stream.soa_ready) if stream else question.refused()


def udp(s):
    while True:
        wire, peer = s.recvfrom(4096)
        try:
            s.sendto(soa_reply(Question(wire)), peer)
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
            question = Question(exactly(connection, int.from_bytes(exactly(connection, 2), "big")))
            stream = streams.get(question.name)
            if stream is None or question.type == SOA or question.serial == stream.serial:
                wire = soa_reply(question)
            elif ixfr_is_on and question.serial in stream.history:
                wire = question.answered(stream.difference(question.serial))
            else:
                stream.send(connection, int.from_bytes(question.wire[:2], "big"), question.type)
                continue
            connection.sendall(struct.pack("!H", len(wire)) + wire)
    except (EOFError, OSError, IndexError):
        pass
    finally:
        connection.close()


def accept(s):
    while True:
        connection, _ = s.accept()
        serve(connection)


def obey(word, value):
    global ixfr_is_on
    if word == "ixfr":
        ixfr_is_on = value == "on"
        return value
    if word == "sent":
        stream = streams[key(value)]
        return f"{stream.sent_ixfr} {stream.sent_whole}"
    streams[key(word)].change(int(value))
    return value


def main():
    port = int(sys.argv[1])
    for word in sys.argv[2:]:
        name, path = word.split("=", 1)
        streams[key(name)] = Stream(path)
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    u.bind(("127.0.0.1", port))
    t = socket.socket()
    t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    t.bind(("127.0.0.1", port))
    t.listen(64)
    for target, s in ((udp, u), *[(accept, t)] * THREADS):
        threading.Thread(target=target, args=(s,), daemon=True).start()
    print("ready", flush=True)
    for line in sys.stdin:
        print(obey(*line.split()), flush=True)


main()
