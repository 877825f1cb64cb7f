#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""One record changes in a large zone: how long from the NOTIFY to the answer,
for Understudy and for its peers as secondaries of the same primary?

    bench/propagation.py [--names 1000 100000 1000000] [--rounds 50]
                         [--servers understudy,nsd,knot,bind] [--binary build/understudy]

A primary within this script sends the zone by AXFR, then one changed record by
IXFR. It notes when the NOTIFY was sent, when the question for the IXFR came,
when the answer to it had gone, and when the secondary first answered with the
new serial; what lies between is the secondary's own time, the sync of its
store included where it has one. `make bench` has the same as rows of its table.
"""

import argparse
import os
import pathlib
import socket
import statistics
import struct
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import servers  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]
ZONE = b"\x07example\x03com\x00"
SOA, NS, A, IXFR, AXFR, IN = 6, 2, 1, 251, 252, 1
APEX = b"\xc0\x0c"
STEP = 0.0002       # seconds from question to question


def record(owner, kind, rdata, ttl=3600):
    return owner + struct.pack("!HHIH", kind, IN, ttl, len(rdata)) + rdata


def soa(serial):
    return record(APEX, SOA, b"\2ns" + APEX + b"\4host" + APEX + struct.pack("!5I", serial, 86400, 3600, 604800, 300))


def host(i):
    label = b"host%d" % i
    return bytes([len(label)]) + label + APEX


class Primary:
    def __init__(self, names, port):
        self.names, self.port, self.serial = names, port, 1
        self.asked = self.answered = 0.0
        self.whole = 0      # zones sent from end to end
        self.tcp = socket.create_server(("127.0.0.1", port))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", port))
        self.soa_ready, self.step_ready = self.ready()
        for work in (self.serve_tcp, self.serve_udp):
            threading.Thread(target=work, daemon=True).start()

    def value(self, serial):
        return struct.pack("!I", 0x0a000000 + serial)

    def rows(self):
        yield soa(1)
        yield record(APEX, NS, b"\2ns" + APEX)
        for i in range(self.names - 2):
            yield record(host(i), A, struct.pack("!I", 0x0a000001 if i == 0 else 0xc0000200 + i % 250))
        yield record(b"\2ns" + APEX, A, b"\x7f\0\0\1")
        yield soa(1)

    def reply(self, query, rows, count):
        end = 12 + len(ZONE) + 4
        return struct.pack("!6H", struct.unpack_from("!H", query)[0], 0x8400, 1, count, 0, 0) + query[12:end] + rows

    def messages(self, query):
        rows, count = b"", 0
        for row in self.rows():
            if len(rows) + len(row) > 16000:
                yield self.reply(query, rows, count)
                rows, count = b"", 0
            rows += row
            count += 1
        yield self.reply(query, rows, count)

    def change(self):
        """A new serial; what answers for it is made now, not when it is asked for."""
        self.serial += 1
        self.soa_ready, self.step_ready = self.ready()

    def ready(self):
        new, old = soa(self.serial), soa(self.serial - 1)
        return new, (new + old + record(host(0), A, self.value(self.serial - 1)) + new
                     + record(host(0), A, self.value(self.serial)) + new)

    def serve_udp(self):
        os.sched_setaffinity(0, {int(servers.LOAD_CORE)})
        while True:
            try:
                query, source = self.udp.recvfrom(4096)
            except OSError:
                return
            if not query:
                return
            self.udp.sendto(self.reply(query, self.soa_ready, 1), source)

    def close(self):
        # Wakes the threads, which end on the error.
        for s in (self.tcp, self.udp):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def serve_tcp(self):
        os.sched_setaffinity(0, {int(servers.LOAD_CORE)})
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = connection.makefile("rb")
        try:
            self.serve_requests(connection, stream)
        except OSError:
            pass        # the secondary has closed the connection

    def serve_requests(self, connection, stream):
        while len(head := stream.read(2)) == 2:
            query = stream.read(struct.unpack("!H", head)[0])
            kind = struct.unpack_from("!H", query, 12 + len(ZONE))[0]
            if kind == IXFR and self.serial > 1:
                self.asked = time.perf_counter()
                message = self.reply(query, self.step_ready, 6)
                connection.sendall(struct.pack("!H", len(message)) + message)
                self.answered = time.perf_counter()
            elif kind == SOA:
                message = self.reply(query, self.soa_ready, 1)
                connection.sendall(struct.pack("!H", len(message)) + message)
            else:
                self.whole += 1
                for message in self.messages(query):
                    connection.sendall(struct.pack("!H", len(message)) + message)


def ask(link):
    """The serial that is served, or None."""
    link.send(struct.pack("!6H", 1, 0, 1, 0, 0, 0) + ZONE + struct.pack("!HH", SOA, IN))
    try:
        reply = link.recv(4096)
    except (socket.timeout, ConnectionError):
        return None
    if struct.unpack_from("!H", reply, 6)[0] == 0:
        return None
    at = 12 + len(ZONE) + 4     # the answer's SOA, with a pointer for an owner
    end = at + 12 + struct.unpack_from("!H", reply, at + 10)[0]
    return struct.unpack_from("!I", reply, end - 20)[0]


def wait_for(link, serial, limit=60):
    end = time.perf_counter() + limit
    while True:
        asked = time.perf_counter()
        if ask(link) == serial:
            return time.perf_counter()
        if asked > end:
            raise RuntimeError(f"serial {serial} was not served within {limit} s")
        # Whoever asks without a pause takes the processor from what it measures.
        time.sleep(max(0.0, asked + STEP - time.perf_counter()))


def connected(port):
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link.settimeout(0.5)
    link.connect(("127.0.0.1", port))
    return link


def notify(link, serial):
    row = soa(serial)
    link.send(struct.pack("!6H", 2, 0x2400, 1, 1, 0, 0) + ZONE + struct.pack("!HH", SOA, IN) + row)


def measure(kind, names, rounds, folder):
    """([ms from NOTIFY to served], [of it the server's own]) of one server, or of
    the least secondary there can be (the kind is "limit")."""
    primary = Primary(names, servers.free_port())
    server = (servers.Follow if kind == "limit" else servers.CLASSES[kind])(folder)
    server.add(servers.FileZone("example.com", primaries=[servers.Endpoint("127.0.0.1", primary.port)],
                                allow=servers.EVERYONE))
    server.write_files()
    try:
        server.launch()
        link, teller = connected(server.port), connected(server.port)
        wait_for(link, 1, 120)
        servers.until_idle(server)
        whole, total, own = primary.whole, [], []
        for _ in range(rounds):
            primary.change()
            with servers.asking():
                began = time.perf_counter()
                notify(teller, primary.serial)
                served = wait_for(link, primary.serial)
            total.append((served - began) * 1000)
            # One that fetches more than once (or not at all) has no such part.
            if began < primary.asked < primary.answered < served:
                own.append((primary.asked - began + served - primary.answered) * 1000)
            servers.until_idle(server, 0.1, 5)      # some write their copies a moment later
        if primary.whole != whole:
            raise RuntimeError("it asked for the whole zone instead of the difference")
        return total, own
    finally:
        server.kill()
        primary.close()


def told(times):
    if not times:
        return "not told"
    return f"median {statistics.median(times):.2f}, least {min(times):.2f}, most {max(times):.2f}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--names", type=int, nargs="+", default=[1000, 100000, 1000000])
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--servers", default="understudy,nsd,knot,bind")
    parser.add_argument("--binary", default=str(ROOT / "build" / "understudy"))
    how = parser.parse_args()
    os.environ["UNDERSTUDY_BIN"] = how.binary
    print(f"{'names':>9} {'server':10} {'NOTIFY to served, ms':>38} {'of it its own, ms':>38}")
    for names in how.names:
        for kind in how.servers.split(","):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    total, own = measure(kind, names, how.rounds, pathlib.Path(folder))
                except RuntimeError as error:
                    print(f"{names:>9} {servers.TITLES[kind]:10} {error}", flush=True)
                    continue
            print(f"{names:>9} {servers.TITLES[kind]:10} {told(total):>38} {told(own):>38}", flush=True)


if __name__ == "__main__":
    main()
