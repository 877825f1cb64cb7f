# SPDX-License-Identifier: GPL-3.0-or-later
"""Secondaries that are programs of the test: one that only hears NOTIFY, and
one that behaves as cloud providers document theirs."""

import socket
import threading
import time

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rdatatype
import dns.tsigkeyring
import dns.xfr
import dns.zone

from .model import Endpoint


class Listener:
    """Answers every NOTIFY (RFC 1996) and remembers it: (zone, serial, signed)."""

    def __init__(self, address="127.0.0.1", key=None):
        self.key = key
        self.rcode = 0              # of its answers
        self.heard = []
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind((address, 0))
        self.address, self.port = self.socket.getsockname()
        self.stopping = False
        self.thread = threading.Thread(target=self._run, daemon=True)

    @property
    def endpoint(self):
        return Endpoint(self.address, self.port, self.key)

    def start(self):
        self.thread.start()
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stopping = True
        self.thread.join()
        self.socket.close()

    def _run(self):
        while not self.stopping:
            self.socket.settimeout(0.1)
            try:
                self._take(*self.socket.recvfrom(65535))
            except socket.timeout:
                pass
            self.each_turn()

    def _take(self, wire, source):
        ring = self.key.keyring()[0] if self.key else None
        try:
            message = dns.message.from_wire(wire, keyring=ring)
        except dns.exception.DNSException:
            return
        if message.opcode() != dns.opcode.NOTIFY or (self.key and not message.had_tsig):
            return
        serials = [rrset[0].serial for rrset in message.answer if rrset.rdtype == dns.rdatatype.SOA]
        zone = message.question[0].name.to_text().rstrip(".")
        reply = dns.message.make_response(message)
        reply.flags |= dns.flags.AA
        reply.set_rcode(self.rcode)
        self.socket.sendto(reply.to_wire(), source)
        self.heard.append((zone, serials[0] if serials else None, message.had_tsig))
        self.on_notify(zone)

    def on_notify(self, zone):
        pass

    def each_turn(self):
        pass


class CloudSecondary(Listener):
    """A provider's secondary of one zone.

    It asks for the SOA at an interval of its own, whatever the SOA says, and
    on NOTIFY at once; where the serial is higher it transfers, the first time
    by AXFR, later by IXFR. Questions come from any of its addresses, in turn,
    with TSIG where a key was agreed on.
    """

    def __init__(self, zone, primary, sources, key=None, interval=3600.0):
        super().__init__(sources[0], key)
        self.primary, self.sources, self.interval = primary, list(sources), interval
        self.name = zone
        self.zone = dns.zone.Zone(zone + ".", relativize=False)
        self.serial = None
        self.transfers = []      # "AXFR", "IXFR"
        self.refusals = []       # (source, why)
        self.due = 0.0

    def on_notify(self, zone):
        if zone == self.name:
            self.due = 0.0

    def each_turn(self):
        if time.monotonic() >= self.due:
            self.due = time.monotonic() + self.interval
            self._refresh()

    def _refresh(self):
        source = self.sources[0]
        self.sources.append(self.sources.pop(0))
        try:
            offered = self._ask_serial(source)
            if self.serial is None or (0 < (offered - self.serial) % 2**32 < 2**31):
                self._transfer(source)
        except (OSError, EOFError, IndexError, dns.exception.DNSException) as error:
            self.refusals.append((source, f"{type(error).__name__}: {error}"))

    def _signed(self):
        if not self.key:
            return {}
        ring, name, algorithm = self.key.keyring()
        return {"keyring": ring, "keyname": name, "keyalgorithm": algorithm}

    def _ask_serial(self, source):
        query = dns.message.make_query(self.name, "SOA")
        if self.key:
            ring, name, algorithm = self.key.keyring()
            query.use_tsig(ring, name, algorithm=algorithm)
        reply = dns.query.udp(query, self.primary.address, port=self.primary.port, source=source, timeout=30)
        return reply.answer[0][0].serial

    def _transfer(self, source):
        query, serial = dns.xfr.make_query(self.zone, **self._signed())
        dns.query.inbound_xfr(self.primary.address, self.zone, query, port=self.primary.port,
                              source=source, lifetime=60)
        self.serial = self.zone.find_rdataset(self.name + ".", "SOA")[0].serial
        self.transfers.append("AXFR" if serial is None else "IXFR")

    def records(self):
        """As Server.axfr() gives them."""
        return sorted(f"{name.to_text().lower()} {ttl} {dns.rdatatype.to_text(rdata.rdtype)} {rdata.to_text()}"
                      for name, ttl, rdata in self.zone.iterate_rdatas())
