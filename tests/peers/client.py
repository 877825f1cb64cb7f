# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to a server: by dnspython, by dig, and in a steady stream."""

import os
import select
import socket
import struct
import subprocess
import threading
import time

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.zone


def answers(address: str, port: int) -> bool:
    """Does anything answer there, over UDP and over TCP?"""
    query = dns.message.make_query(".", "SOA")
    try:
        dns.query.udp(query, address, timeout=0.3, port=port, ignore_unexpected=True)
        with socket.create_connection((address, port), timeout=0.5):
            return True
    except (OSError, dns.exception.DNSException):
        return False


def ask(address, port, name, rdtype="A", *, rdclass="IN", edns=None, dnssec=False, payload=1232,
        tcp=False, key=None, timeout=30, flags=0, options=None):
    """One question, the whole reply."""
    query = dns.message.make_query(
        name, rdtype, rdclass,
        use_edns=0 if (edns or dnssec or options) else edns,
        want_dnssec=dnssec, payload=payload, options=options, flags=flags)
    if key:
        ring, keyname, algorithm = key.keyring()
        query.use_tsig(ring, keyname, algorithm=algorithm)
    how = dns.query.tcp if tcp else dns.query.udp
    return how(query, address, timeout=timeout, port=port)


def rcode(address, port, name, rdtype="SOA"):
    try:
        return dns.rcode.to_text(ask(address, port, name, rdtype, timeout=1).rcode())
    except (OSError, dns.exception.DNSException) as error:
        return type(error).__name__


def serial(address, port, zone):
    try:
        reply = ask(address, port, zone, "SOA", timeout=1)
    except (OSError, dns.exception.DNSException):
        return None
    return serial_of(reply)


def serial_of(reply):
    """That of the SOA in the answer, None where there is none."""
    for rrset in reply.answer:
        if rrset.rdtype == dns.rdatatype.SOA:
            return rrset[0].serial
    return None


def extended_errors(reply):
    """The codes of the reply's extended errors (RFC 8914)."""
    return [int(option.code) for option in reply.options
            if int(option.otype) == 15]


def records(section):
    """A section as a set of text lines, so that order counts for nothing."""
    return {f"{rrset.name.to_text().lower()} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} {rdata.to_text()}"
            for rrset in section for rdata in rrset}


def axfr(address, port, zone, key=None, timeout=60, source=None):
    """The zone's records as a sorted list of text lines, the SOA once."""
    how = {}
    if key:
        ring, keyname, algorithm = key.keyring()
        how = {"keyring": ring, "keyname": keyname, "keyalgorithm": algorithm}
    lines = set()
    for message in dns.query.xfr(address, zone, port=port, relativize=False,
                                 lifetime=timeout, source=source, **how):
        lines |= records(message.answer)
    return sorted(lines)


def dig(address, port, *args) -> str:
    """What dig prints, as an operator would see it."""
    done = subprocess.run(
        ["dig", f"@{address}", "-p", str(port), "+time=30", "+tries=1", *args],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    return done.stdout


def notify(address, port, zone, serial=None, key=None, source=None, timeout=30):
    """Send a NOTIFY (RFC 1996); returns the reply."""
    message = dns.message.make_query(zone, "SOA")
    message.set_opcode(dns.opcode.NOTIFY)
    message.flags |= dns.flags.AA
    if serial is not None:
        message.answer.append(dns.rrset.from_text(
            dns.name.from_text(zone), 0, "IN", "SOA", f"ns.invalid. nobody.invalid. {serial} 1 1 1 1"))
    if key:
        ring, keyname, algorithm = key.keyring()
        message.use_tsig(ring, keyname, algorithm=algorithm)
    return dns.query.udp(message, address, timeout=timeout, port=port, source=source)


class QueryStream:
    """Asks the same question over UDP at a steady rate, and counts replies.

    For tests that say "without losing a query": a question counts as lost
    when no reply came within twenty seconds of the end of the stream. No more
    than a window of them is under way: a burst after a pause of our own would
    only show how long the server's queue is.
    """

    WINDOW = 64

    def __init__(self, address, port, name, rdtype="A", rate=500):
        self.address, self.port, self.rate = address, port, rate
        self.query = dns.message.make_query(name, rdtype).to_wire()[2:]
        self.sent = 0
        self.rcodes = {}
        self.slowest = 0.0
        self._times = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    @property
    def lost(self) -> int:
        return len(self._times)

    def _run(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            s.connect((self.address, self.port))
            s.setblocking(False)
            due = time.monotonic()
            while not self._stop.is_set():
                while due <= time.monotonic() and len(self._times) < self.WINDOW:
                    self._send(s)
                    due += 1 / self.rate
                # What could not be asked in time is not made up for.
                due = max(due, time.monotonic() - self.WINDOW / self.rate)
                self._receive(s, 1 / self.rate)
            end = time.monotonic() + 20
            while self._times and time.monotonic() < end:
                self._receive(s, 0.05)

    def _send(self, s):
        number = self.sent & 0xffff
        self.sent += 1
        try:
            s.send(struct.pack("!H", number) + self.query)
        except OSError:
            pass
        self._times[number] = time.monotonic()

    def _receive(self, s, wait):
        if not select.select([s], [], [], wait)[0]:
            return
        while True:
            try:
                reply = s.recv(65535)
            except OSError:
                return
            number, flags = struct.unpack("!HH", reply[:4])
            began = self._times.pop(number, None)
            if began is not None:
                self.slowest = max(self.slowest, time.monotonic() - began)
                code = flags & 15
                self.rcodes[code] = self.rcodes.get(code, 0) + 1


assert os.name == "posix"
