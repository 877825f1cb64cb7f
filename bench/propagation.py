#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""One record changes in a large zone: how long from the NOTIFY to the answer?

    bench/propagation.py [--names 1000 100000 1000000] [--rounds 50] [--binary build/understudy]

A primary within this script sends the zone by AXFR, then one changed record by
IXFR. It notes when the NOTIFY was sent, when the question for the IXFR came,
when the answer to it had gone, and when the secondary first answered with the
new serial; what lies between is the secondary's own time, the sync of its
store included.
"""

import argparse
import pathlib
import socket
import statistics
import struct
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
ZONE = b"\x07example\x03com\x00"
SOA, NS, A, IXFR, AXFR, IN = 6, 2, 1, 251, 252, 1
APEX = b"\xc0\x0c"


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
        self.tcp = socket.create_server(("127.0.0.1", port))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", port))
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

    def step(self, query):
        new, old = soa(self.serial), soa(self.serial - 1)
        return self.reply(query, new + old + record(host(0), A, self.value(self.serial - 1)) + new
                          + record(host(0), A, self.value(self.serial)) + new, 6)

    def serve_udp(self):
        while True:
            query, source = self.udp.recvfrom(4096)
            self.udp.sendto(self.reply(query, soa(self.serial), 1), source)

    def serve_tcp(self):
        while True:
            connection, _ = self.tcp.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = connection.makefile("rb")
        while len(head := stream.read(2)) == 2:
            query = stream.read(struct.unpack("!H", head)[0])
            kind = struct.unpack_from("!H", query, 12 + len(ZONE))[0]
            if kind == IXFR and self.serial > 1:
                self.asked = time.perf_counter()
                message = self.step(query)
                connection.sendall(struct.pack("!H", len(message)) + message)
                self.answered = time.perf_counter()
            else:
                for message in self.messages(query):
                    connection.sendall(struct.pack("!H", len(message)) + message)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ask(link):
    link.send(struct.pack("!6H", 1, 0, 1, 0, 0, 0) + ZONE + struct.pack("!HH", SOA, IN))
    try:
        reply = link.recv(4096)
    except (socket.timeout, ConnectionError):
        return None
    return struct.unpack("!I", reply[-20:-16])[0] if struct.unpack_from("!H", reply, 6)[0] else None


def wait_for(link, serial):
    while ask(link) != serial:
        pass
    return time.perf_counter()


def notify(link, serial):
    row = soa(serial)
    link.send(struct.pack("!6H", 2, 0x2400, 1, 1, 0, 0) + ZONE + struct.pack("!HH", SOA, IN) + row)


def measure(names, rounds, binary, folder):
    primary, port = Primary(names, free_port()), free_port()
    config = folder / "named.conf"
    config.write_text(
        f'options {{ directory "{folder}"; state-dir "{folder}/state"; listen-on port {port} {{ 127.0.0.1; }}; '
        f'listen-on-v6 {{ none; }}; }};\nzone "example.com" {{ type secondary; notify no; '
        f"primaries {{ 127.0.0.1 port {primary.port}; }}; allow-notify {{ 127.0.0.1; }}; }};\n")
    server = subprocess.Popen([binary, "serve", "-c", config], stderr=open(folder / "log", "w"))
    try:
        link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        link.settimeout(0.5)
        link.connect(("127.0.0.1", port))
        teller = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        teller.connect(("127.0.0.1", port))
        wait_for(link, 1)
        time.sleep(2)
        total, own = [], []
        for _ in range(rounds):
            primary.serial += 1
            began = time.perf_counter()
            notify(teller, primary.serial)
            served = wait_for(link, primary.serial)
            total.append((served - began) * 1000)
            own.append((primary.asked - began + served - primary.answered) * 1000)
            time.sleep(0.7)
        return total, own
    finally:
        server.terminate()
        server.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--names", type=int, nargs="+", default=[1000, 100000, 1000000])
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--binary", default=ROOT / "build" / "understudy")
    how = parser.parse_args()
    print(f"{'names':>9} {'NOTIFY to served, ms':>34} {'of it our own, ms':>34}")
    for names in how.names:
        with tempfile.TemporaryDirectory() as folder:
            total, own = measure(names, how.rounds, how.binary, pathlib.Path(folder))
        texts = [f"median {statistics.median(v):.2f}, least {min(v):.2f}, most {max(v):.2f}" for v in (total, own)]
        print(f"{names:>9} {texts[0]:>34} {texts[1]:>34}", flush=True)


if __name__ == "__main__":
    main()
