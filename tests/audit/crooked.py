# SPDX-License-Identifier: GPL-3.0-or-later
"""A server with one fault: it hands questions on to a sound one and spoils what
comes back, in the ways that middleboxes and old software do."""

import socket
import struct
import threading
import time

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset

UNKNOWN_OPTION = 65001


class Crooked:
    """`how`: names of faults that are switched on, see _udp() and _answer()."""

    def __init__(self, address, port, upstream, *, tcp=True, udp=True, **how):
        self.address, self.port, self.upstream, self.how = address, port, upstream, how
        self.stopping = False
        self.udp = self._bind(socket.SOCK_DGRAM) if udp else None
        self.tcp = self._bind(socket.SOCK_STREAM) if tcp else None
        if self.tcp:
            self.tcp.listen(64)
        self.threads = []

    def _bind(self, kind):
        s = socket.socket(socket.AF_INET, kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((self.address, self.port))
        s.settimeout(0.1)
        return s

    def start(self):
        for socket_, run in ((self.udp, self._udp), (self.tcp, self._tcp)):
            if socket_:
                thread = threading.Thread(target=run, daemon=True)
                thread.start()
                self.threads.append(thread)
        return self

    def close(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()
        for s in (self.udp, self.tcp):
            if s:
                s.close()

    def _udp(self):
        while not self.stopping:
            try:
                wire, source = self.udp.recvfrom(65535)
            except socket.timeout:
                continue
            for reply in self._answer(wire, False):
                self.udp.sendto(reply, source)

    def _tcp(self):
        while not self.stopping:
            try:
                connection, _ = self.tcp.accept()
            except socket.timeout:
                continue
            with connection:
                connection.settimeout(10)
                try:
                    wire = connection.recv(65535)
                    for reply in self._answer(wire[2:], True):
                        connection.sendall(struct.pack("!H", len(reply)) + reply)
                except OSError:
                    pass

    def _ask(self, query, by_tcp, upstream=None):
        address, port = upstream or self.upstream
        how = dns.query.tcp if by_tcp else dns.query.udp
        return how(query, address, port=port, timeout=10)

    def _answer(self, wire, by_tcp):
        how = self.how
        query = dns.message.from_wire(wire, keyring=how["keyring"] if "keyring" in how else None)
        number = query.id
        if query.had_tsig and "clock" in how:
            yield self._refuse_time(query, how["clock"])
            return
        if query.question[0].rdtype == dns.rdatatype.AXFR:
            reply = dns.message.make_response(query)
            reply.set_rcode(dns.rcode.REFUSED)
            yield reply.to_wire()
            return
        if "rcode" in how:
            reply = dns.message.make_response(query)
            reply.set_rcode(dns.rcode.from_text(how["rcode"]))
            yield reply.to_wire()
            return
        had_edns, version = query.edns >= 0, query.edns
        if had_edns and how.get("no_edns"):
            reply = dns.message.Message(number)
            reply.flags |= dns.flags.QR
            reply.set_rcode(dns.rcode.FORMERR)
            yield reply.to_wire()
            return
        if had_edns and how.get("drops_options") and query.options:
            return
        if version == 1 and how.get("any_version"):
            query.use_edns(0, payload=query.payload)
        if query.question[0].name == dns.name.root and "resolves" in how:
            reply = self._ask(query, by_tcp, how["resolves"])
            reply.flags &= ~dns.flags.AA
        else:
            if how.get("oversize"):
                query.use_edns(query.edns, query.ednsflags, 4096)
            reply = self._ask(query, by_tcp or how.get("oversize"))
        if how.get("recursion"):
            reply.flags |= dns.flags.RA
        if how.get("no_do") and reply.edns >= 0:
            rcode = reply.rcode()       # its upper bits are among those flags
            reply.use_edns(reply.edns, 0, reply.payload)
            reply.set_rcode(rcode)
        if "buffer" in how and reply.edns >= 0:
            reply.use_edns(reply.edns, reply.ednsflags, how["buffer"])
        if "adds" in how:
            reply.additional.append(dns.rrset.from_text(*how["adds"].split()))
        if how.get("strips"):
            reply = self._without_signatures(reply)
        if how.get("truncates") and not by_tcp and query.question[0].rdtype == dns.rdatatype.TXT:
            reply.answer = []
            reply.flags |= dns.flags.TC
        elif how.get("truncates") and by_tcp and query.question[0].rdtype == dns.rdatatype.TXT:
            return
        if how.get("forges") and not by_tcp:
            # What an attacker sends who does not see the question: first, and wrong.
            forged = dns.message.make_response(query)
            forged.id = number ^ 1
            forged.set_rcode(dns.rcode.NXDOMAIN)
            yield forged.to_wire()
            yield b"\0" * 5
        reply.id = number
        yield reply.to_wire(max_size=65535)

    @staticmethod
    def _refuse_time(query, ahead):
        """BADTIME with our time in it (RFC 8945, 5.2.3)."""
        reply = dns.message.make_response(query)
        reply.set_rcode(dns.rcode.NOTAUTH)
        theirs = struct.pack("!Q", int(time.time()) + ahead)[2:]
        reply.use_tsig(query.keyring, query.keyname, tsig_error=18, other_data=theirs,
                       algorithm=query.keyalgorithm)
        reply.request_mac = query.mac
        return reply.to_wire()

    @staticmethod
    def _without_signatures(reply):
        for section in (reply.answer, reply.authority):
            section[:] = [rrset for rrset in section if rrset.rdtype != dns.rdatatype.RRSIG]
        return reply
