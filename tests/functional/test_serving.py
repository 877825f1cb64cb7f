# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes in, bytes out: UDP sizes, TCP streams, clients that behave badly."""

import socket
import struct
import time

import dns.flags
import dns.message
import pytest

from peers import Zone, client, zone_text
from peers.process import wait_until


@pytest.fixture
def server(lab):
    made = lab.understudy()
    big = "".join(f"big IN TXT \"{i:03d}{'x' * 200}\"\n" for i in range(60))
    made.add(Zone("example.com", zone_text("example.com", 1, hosts=300, extra=big)))
    made.start()
    made.wait_serial("example.com", 1)
    return made


def frame(message):
    wire = message.to_wire()
    return struct.pack("!H", len(wire)) + wire


def read_one(stream):
    head = stream.read(2)
    return stream.read(struct.unpack("!H", head)[0]) if len(head) == 2 else None


def test_truncation_and_tcp(server):
    assert server.ask("big.example.com", "TXT").flags & dns.flags.TC
    assert server.ask("big.example.com", "TXT", edns=True, payload=4096).flags & dns.flags.TC
    whole = server.ask("big.example.com", "TXT", tcp=True)
    assert not whole.flags & dns.flags.TC and len(whole.answer[0]) == 60


def test_many_questions_on_one_connection(server):
    queries = [dns.message.make_query(f"host{i}.example.com", "A") for i in range(300)]
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as s:
        s.sendall(b"".join(map(frame, queries)))
        stream = s.makefile("rb")
        replies = [dns.message.from_wire(read_one(stream)) for _ in queries]
    assert {r.id for r in replies} == {q.id for q in queries}
    assert all(r.answer for r in replies)


def test_a_question_byte_by_byte(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in frame(dns.message.make_query("www.example.com", "A")):
            s.sendall(bytes([byte]))
            time.sleep(0.002)
        assert dns.message.from_wire(read_one(s.makefile("rb"))).answer


def test_a_slow_reader_holds_nobody_up(server):
    """It asks for a hundred large replies and reads none of them."""
    slow = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.setblocking(False)
    query = frame(dns.message.make_query("big.example.com", "TXT"))
    try:
        for _ in range(3000):
            slow.send(query)
    except BlockingIOError:
        pass
    for _ in range(20):
        assert server.ask("www.example.com", tcp=True).answer
    slow.close()


def test_a_client_that_hangs_up_at_once(server):
    for i in range(200):
        s = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        if i % 3 == 0:
            s.sendall(b"\0")
        elif i % 3 == 1:
            s.sendall(frame(dns.message.make_query("big.example.com", "TXT")))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
    assert server.ask("www.example.com", tcp=True).answer


@pytest.mark.parametrize("data", [b"\0\0", b"\0\5hello", b"\xff\xff" + b"x" * 100, bytes(5000)])
def test_nonsense_over_tcp(server, data):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as s:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        s.settimeout(30)
        try:
            while s.recv(65535):
                pass
        except OSError:
            pass
    assert server.ask("www.example.com", tcp=True).answer


def test_nonsense_over_udp(server):
    import random
    r = random.Random(7)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", server.port))
        for i in range(3000):
            s.send(bytes(r.randrange(256) for _ in range(r.choice((0, 1, 11, 12, 13, 40, 200)))))
            if i % 50 == 0:
                time.sleep(0.005)
    assert server.ask("www.example.com").answer


def test_a_response_is_met_with_silence(server):
    wire = bytearray(dns.message.make_query("www.example.com", "A").to_wire())
    wire[2] |= 0x80
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.4)
        s.sendto(bytes(wire), ("127.0.0.1", server.port))
        with pytest.raises(socket.timeout):
            s.recv(512)


def test_steady_load_on_several_workers(lab):
    server = lab.understudy()
    server.arguments = ["--workers", "2"]
    server.add(Zone("example.com", zone_text("example.com", 1)))
    server.start()
    with client.QueryStream("127.0.0.1", server.port, "www.example.com", rate=2000) as stream:
        time.sleep(2)
        wait_until(lambda: stream.sent > 2000)
    assert stream.lost == 0
