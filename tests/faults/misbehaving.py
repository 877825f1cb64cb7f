# SPDX-License-Identifier: GPL-3.0-or-later
"""A primary that misbehaves on purpose.

It serves one zone over UDP and TCP, byte by byte as told: a `Fault` may change
the answer to an SOA question, the messages of a transfer, or how they travel.
"""

import base64
import hashlib
import hmac
import select
import socket
import struct
import threading
import time
from typing import List, NamedTuple, Optional

import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.zone

SOA, AXFR, IXFR, IN = 6, 252, 251, 1
DIGESTS = {"hmac-md5": "md5", "hmac-sha1": "sha1", "hmac-sha224": "sha224",
           "hmac-sha256": "sha256", "hmac-sha384": "sha384", "hmac-sha512": "sha512"}


def wire_name(text: str) -> bytes:
    return dns.name.from_text(text).to_wire()


class Record(NamedTuple):
    owner: bytes
    rtype: int
    ttl: int
    rdata: bytes
    rclass: int = IN

    def wire(self) -> bytes:
        return (self.owner + struct.pack("!HHIH", self.rtype, self.rclass, self.ttl, len(self.rdata))
                + self.rdata)


def record(owner: str, rtype: int, rdata: bytes, ttl: int = 300, rclass: int = IN) -> Record:
    return Record(wire_name(owner), rtype, ttl, rdata, rclass)


def records_of(name: str, text: str) -> List[Record]:
    """The zone's records in wire form: the SOA first, and not again at the end."""
    zone = dns.zone.from_text(text, origin=name, relativize=False, check_origin=False)
    rows = []
    for owner, ttl, rdata in zone.iterate_rdatas():
        rows.append(Record(owner.to_wire(), int(rdata.rdtype), ttl, rdata.to_wire()))
    rows.sort(key=lambda row: row.rtype != SOA)
    return rows


class Query(NamedTuple):
    number: int
    opcode: int
    name: bytes
    rtype: int
    rclass: int
    question: bytes
    mac: bytes          # of the request's TSIG, empty without one
    over_tcp: bool


def _skip_name(message: bytes, offset: int) -> int:
    while message[offset] and message[offset] < 0xc0:
        offset += message[offset] + 1
    return offset + (2 if message[offset] else 1)


def read_query(message: bytes, over_tcp: bool) -> Query:
    number, flags, _, *counts = struct.unpack_from("!6H", message)
    end = _skip_name(message, 12) + 4
    rtype, rclass = struct.unpack_from("!HH", message, end - 4)
    mac, offset = b"", end
    for _ in range(sum(counts)):
        offset = _skip_name(message, offset)
        kind, _, _, length = struct.unpack_from("!HHIH", message, offset)
        offset += 10
        if kind == 250:
            start = _skip_name(message, offset) + 8
            size = struct.unpack_from("!H", message, start)[0]
            mac = message[start + 2:start + 2 + size]
        offset += length
    return Query(number, flags >> 11 & 15, message[12:end - 4].lower(), rtype, rclass,
                 message[12:end], mac, over_tcp)


class Signer:
    """TSIG over a stream of messages (RFC 8945, section 5.3)."""

    def __init__(self, key, request_mac: bytes, skew: int = 0):
        names = {"hmac-md5": "hmac-md5.sig-alg.reg.int"}
        self.name = wire_name(key.name).lower()
        self.algorithm = wire_name(names.get(key.algorithm, key.algorithm))
        self.secret = base64.b64decode(key.secret)
        self.digest = DIGESTS[key.algorithm]
        self.prior = request_mac
        self.first = True
        self.unsigned = b""
        self.skew = skew

    def skip(self, message: bytes) -> bytes:
        """Send this one without a signature; the next one covers it."""
        self.unsigned += message
        return message

    def sign(self, message: bytes, error: int = 0, other: bytes = b"", spoil: bool = False) -> bytes:
        when = int(time.time()) + self.skew
        stamp = struct.pack("!HIH", when >> 32, when & 0xffffffff, 300)
        covered = struct.pack("!H", len(self.prior)) + self.prior + self.unsigned + message
        if self.first:
            covered += (self.name + struct.pack("!HI", 255, 0) + self.algorithm + stamp
                        + struct.pack("!HH", error, len(other)) + other)
        else:
            covered += stamp
        mac = hmac.new(self.secret, covered, getattr(hashlib, self.digest)).digest()
        self.prior, self.first, self.unsigned = mac, False, b""
        if spoil:
            mac = bytes([mac[0] ^ 1]) + mac[1:]
        number = struct.unpack_from("!H", message)[0]
        rdata = (self.algorithm + stamp + struct.pack("!H", len(mac)) + mac
                 + struct.pack("!HHH", number, error, len(other)) + other)
        return add_additional(message, self.name + struct.pack("!HHIH", 250, 255, 0, len(rdata)) + rdata)


def add_additional(message: bytes, row: bytes) -> bytes:
    count = struct.unpack_from("!H", message, 10)[0] + 1
    return message[:10] + struct.pack("!H", count) + message[12:] + row


def reply(query: Query, rows=(), *, rcode=0, aa=True, tc=False, qr=True, opcode=None, number=None,
          question=None, count=None) -> bytes:
    """One reply message. `question` b"" leaves it out; `count` may lie."""
    question = query.question if question is None else question
    flags = ((0x8000 if qr else 0) | (query.opcode if opcode is None else opcode) << 11
             | (0x0400 if aa else 0) | (0x0200 if tc else 0) | rcode)
    return (struct.pack("!6H", query.number if number is None else number, flags,
                        1 if question else 0, len(rows) if count is None else count, 0, 0)
            + question + b"".join(row.wire() for row in rows))


# What a transfer may consist of besides whole messages, and an event to wait for.
class Raw(bytes):
    """Bytes for the stream as they are, without a length in front."""


class Pause(NamedTuple):
    seconds: float


CLOSE, HANG = object(), object()


class Fault:
    """Good behaviour; each fault changes one thing of it."""

    per_message = 20        # records to a message

    def soa(self, primary, query) -> Optional[bytes]:
        """The reply to an SOA question; None: silence."""
        return primary.signed(query, reply(query, [primary.soa_record]))

    def udp(self, primary, query, raw, source) -> List[bytes]:
        answer = self.soa(primary, query)
        return [] if answer is None else [answer]

    def udp_ixfr(self, primary, query) -> List[bytes]:
        """IXFR by UDP may be answered by the SOA alone: ask by TCP."""
        return [primary.signed(query, reply(query, [primary.soa_record]))]

    def rows(self, primary) -> List[Record]:
        """The records of a transfer, the closing SOA included."""
        return primary.records + [primary.soa_record]

    def messages(self, primary, query) -> List[bytes]:
        rows = self.rows(primary)
        return [reply(query, rows[i:i + self.per_message]) for i in range(0, len(rows), self.per_message)]

    def sign(self, primary, query, messages) -> List[bytes]:
        if not primary.key:
            return messages
        signer = Signer(primary.key, query.mac)
        return [signer.sign(message) for message in messages]

    def transfer(self, primary, query):
        """The actions that answer AXFR and IXFR: messages, Raw, Pause, CLOSE, HANG."""
        return self.sign(primary, query, self.messages(primary, query))

    def accept(self) -> bool:
        """Whether a TCP connection is served at all."""
        return True


class Primary:
    """The misbehaving primary of one zone, on 127.0.0.1."""

    def __init__(self, name: str, port: int, key=None, address="127.0.0.1"):
        self.name, self.port, self.key, self.address = name, port, key, address
        self.fault = Fault()
        self.records = []
        self.asked = []             # (transport, type) of every question
        self._stop = threading.Event()
        self._released = threading.Event()
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((address, port))
        self._tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._tcp.bind((address, port))
        self._tcp.listen(32)
        self._threads = [threading.Thread(target=self._serve_udp, daemon=True),
                         threading.Thread(target=self._serve_tcp, daemon=True)]
        for thread in self._threads:
            thread.start()

    def load(self, text: str):
        self.records = records_of(self.name, text)

    def misbehave(self, fault: Fault):
        self._released.clear()
        self.fault = fault

    def behave(self):
        """End the fault; what hangs on it is let go."""
        self.fault = Fault()
        self._released.set()

    def close(self):
        self._stop.set()
        self._released.set()
        for thread in self._threads:
            thread.join(30)
        self._udp.close()
        self._tcp.close()

    @property
    def soa_record(self) -> Record:
        return self.records[0]

    def soa_with(self, serial: int) -> Record:
        row = self.soa_record
        return row._replace(rdata=row.rdata[:-20] + struct.pack("!I", serial) + row.rdata[-16:])

    def signed(self, query, message: bytes) -> bytes:
        if self.key and query.mac:
            return Signer(self.key, query.mac).sign(message)
        return message

    def _serve_udp(self):
        while not self._stop.is_set():
            if not select.select([self._udp], [], [], 0.1)[0]:
                continue
            raw, source = self._udp.recvfrom(65535)
            try:
                query = read_query(raw, False)
            except (IndexError, struct.error):
                continue
            self.asked.append(("udp", query.rtype))
            if query.rtype == IXFR:
                answers = self.fault.udp_ixfr(self, query)
            else:
                answers = self.fault.udp(self, query, raw, source)
            for answer in answers:
                self._udp.sendto(answer, source)

    def _serve_tcp(self):
        while not self._stop.is_set():
            if select.select([self._tcp], [], [], 0.1)[0]:
                connection, _ = self._tcp.accept()
                threading.Thread(target=self._serve_connection, args=(connection,), daemon=True).start()

    def _serve_connection(self, connection):
        with connection:
            connection.settimeout(30)
            try:
                if not self.fault.accept():
                    return
                with connection.makefile("rb") as stream:
                    while self._answer_one(connection, stream):
                        pass
            except (OSError, struct.error, IndexError):
                pass

    def _answer_one(self, connection, stream) -> bool:
        head = stream.read(2)
        # A connection kept from better times misbehaves as a new one would.
        if len(head) < 2 or not self.fault.accept():
            return False
        if self._stop.is_set():
            return False            # a connection that was kept, to a primary that is gone
        query = read_query(stream.read(struct.unpack("!H", head)[0]), True)
        self.asked.append(("tcp", query.rtype))
        if query.rtype not in (AXFR, IXFR):
            answer = self.fault.soa(self, query)
            actions = [HANG] if answer is None else [answer]
        else:
            actions = self.fault.transfer(self, query)
        for action in actions:
            if action is CLOSE:
                return False
            if action is HANG:
                self._released.wait(60)
                return False
            if isinstance(action, threading.Event):
                action.wait(60)
            elif isinstance(action, Pause):
                time.sleep(action.seconds)
            elif isinstance(action, Raw):
                connection.sendall(action)
            else:
                connection.sendall(struct.pack("!H", len(action)) + action)
        return True
