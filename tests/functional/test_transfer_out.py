# SPDX-License-Identifier: GPL-3.0-or-later
"""Understudy as the primary of real secondaries."""

import socket
import time

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

from peers import ALGORITHMS, Endpoint, Key, Zone, client, free_port, zone_text
from peers.process import wait_until
from peers.receiver import Listener

EXTRA = """
odd IN TYPE65280 \\# 4 0a000001
sub IN NS ns.sub
ns.sub IN A 192.0.2.3
text IN TXT "a" "b"
"""


@pytest.mark.parametrize("keyed", [False, True], ids=["open", "tsig"])
@pytest.mark.parametrize("dialect", ["named", "nsd"])
@pytest.mark.parametrize("secondary", ["bind", "nsd", "knot"])
def test_a_change_travels(lab, secondary, dialect, keyed):
    key = Key() if keyed else None
    first, second = lab.understudy(dialect=dialect), lab.peer(secondary)
    first.add(Zone("example.com", zone_text("example.com", 1, extra=EXTRA),
                   allow=[Endpoint("127.0.0.1", 0, key)], notify=[second.with_key(key)]))
    second.add(Zone("example.com", primaries=[first.with_key(key)], allow=[Endpoint("127.0.0.1")]))
    first.start()
    second.start()
    second.wait_serial("example.com", 1)
    first.update("example.com", zone_text("example.com", 2, hosts=50, extra=EXTRA))
    first.wait_serial("example.com", 2)
    second.wait_serial("example.com", 2)
    assert first.axfr("example.com", key) == second.axfr("example.com")


def test_a_chain_of_two(lab):
    """Primary, secondary, and a secondary of the secondary; all ours."""
    a, b, c = lab.understudy(), lab.understudy(dialect="nsd"), lab.understudy()
    a.add(Zone("example.com", zone_text("example.com", 1), allow=[Endpoint("127.0.0.1")], notify=[b.endpoint]))
    b.add(Zone("example.com", primaries=[a.endpoint], allow=[Endpoint("127.0.0.1")], notify=[c.endpoint]))
    c.add(Zone("example.com", primaries=[b.endpoint]))
    for server in (a, b, c):
        server.start()
    for serial in (1, 2, 3):
        if serial > 1:
            a.update("example.com", zone_text("example.com", serial))
        c.wait_serial("example.com", serial)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_axfr_with_every_algorithm(lab, algorithm):
    key = Key(f"key-{algorithm}", algorithm)
    first = lab.understudy()
    first.add(Zone("example.com", zone_text("example.com", 1, hosts=2000),
                   allow=[Endpoint("127.0.0.1", 0, key)]))
    first.start()
    assert len(first.axfr("example.com", key)) == 2000 + 12


def refused(server, key=None, source=None):
    try:
        client.axfr(server.address, server.port, "example.com", key, source=source)
    except (dns.query.TransferError, dns.exception.DNSException, EOFError) as error:
        return type(error).__name__
    return None


def test_transfers_are_denied_unless_allowed(lab):
    first = lab.understudy()
    first.add(Zone("example.com", zone_text("example.com", 1)))
    first.start()
    first.wait_serial("example.com", 1)
    assert refused(first)
    assert "Transfer failed" in first.dig("example.com", "AXFR")


def test_only_the_address_allowed(lab):
    first = lab.understudy()
    first.add(Zone("example.com", zone_text("example.com", 1), allow=[Endpoint("127.0.0.5")]))
    first.start()
    first.wait_serial("example.com", 1)
    assert refused(first, source="127.0.0.6")
    assert refused(first, source="127.0.0.5") is None


def test_only_the_key_allowed(lab):
    first = lab.understudy()
    first.add(Zone("example.com", zone_text("example.com", 1), allow=[Endpoint("127.0.0.1", 0, Key())]))
    first.start()
    first.wait_serial("example.com", 1)
    assert refused(first)
    assert refused(first, Key("unknown-key"))
    assert refused(first, Key(seed="wrong secret"))
    assert refused(first, Key()) is None


def test_a_transfer_over_udp_is_not_one(lab):
    first = lab.understudy()
    first.add(Zone("example.com", zone_text("example.com", 1), allow=[Endpoint("127.0.0.1")]))
    first.start()
    first.wait_serial("example.com", 1)
    query = dns.message.make_query("example.com", "AXFR")
    reply = dns.query.udp(query, "127.0.0.1", port=first.port, timeout=30)
    assert reply.rcode() != 0 or not reply.answer


def test_a_transfer_of_what_is_not_here(lab):
    first = lab.understudy()
    first.add(Zone("example.com", zone_text("example.com", 1), allow=[Endpoint("127.0.0.1")]))
    first.start()
    first.wait_serial("example.com", 1)
    for name in ("elsewhere.test", "www.example.com", "com"):
        query = dns.message.make_query(name, "AXFR")
        reply = dns.query.tcp(query, "127.0.0.1", port=first.port, timeout=30)
        assert reply.rcode() in (dns.rcode.REFUSED, dns.rcode.NOTAUTH)


def test_many_transfers_of_a_large_zone_at_once(lab):
    import concurrent.futures
    first = lab.understudy()
    first.add(Zone("example.com", zone_text("example.com", 1, hosts=5000), allow=[Endpoint("127.0.0.1")]))
    first.start()
    first.wait_serial("example.com", 1)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        sizes = list(pool.map(lambda _: len(first.axfr("example.com", timeout=60)), range(6)))
    assert sizes == [5012] * 6


def test_those_who_wait_are_few_and_told(lab):
    """With one transfer at once two may wait; a third is refused, and one that
    waits gets what is served when its turn comes."""
    import socket
    import struct
    first = lab.understudy()
    first.options.append("transfers-out 1;")
    records = "".join(f"h{i} TXT {'x' * 200}\n" for i in range(60000))
    first.add(Zone("example.com", zone_text("example.com", 1, extra=records), allow=[Endpoint("127.0.0.1")]))
    first.start()
    first.wait_serial("example.com", 1)
    query = dns.message.make_query("example.com", "AXFR", use_edns=0).to_wire()

    def ask():
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.settimeout(60)
        peer.connect((first.address, first.port))
        peer.sendall(struct.pack("!H", len(query)) + query)
        return peer

    def read(peer, size):
        got = b""
        while len(got) < size:
            got += peer.recv(size - len(got))
        return got

    def hear(peer):
        length, = struct.unpack("!H", read(peer, 2))
        return dns.message.from_wire(read(peer, length), xfr=True)

    def was_read(peer):
        """Whether the server has taken in what it was sent."""
        ends = [f":{port:04X}" for port in (first.port, peer.getsockname()[1])]
        with open("/proc/net/tcp") as table:
            rows = [line.split() for line in table.readlines()[1:]]
        return any(row[1][8:] == ends[0] and row[2][8:] == ends[1] and row[4].endswith(":00000000") for row in rows)

    with ask() as running:
        assert hear(running).rcode() == dns.rcode.NOERROR
        with ask() as waiting, ask() as another:
            wait_until(lambda: was_read(waiting) and was_read(another))
            with ask() as refused:
                reply = hear(refused)
                assert reply.rcode() == dns.rcode.SERVFAIL
                assert client.extended_errors(reply) == [0]
            first.update("example.com", zone_text("example.com", 2, extra=records))
            first.wait_serial("example.com", 2)
            running.close()
            assert hear(waiting).answer[0][0].serial == 2


def test_notify_by_tcp_where_udp_brings_no_answer(lab):
    """A target behind a filter that lets UDP vanish (RFC 1996, 3.4)."""
    import socket
    import struct
    port = free_port()
    with socket.create_server(("127.0.0.1", port)) as listener, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", port))
        first = lab.understudy(dialect="nsd")
        first.add(Zone("example.com", zone_text("example.com", 1), notify=[Endpoint("127.0.0.1", port)],
                       options=["notify-retry: 2"]))
        first.start()
        first.wait_serial("example.com", 1)
        first.update("example.com", zone_text("example.com", 2))
        listener.settimeout(60)
        connection, _ = listener.accept()
        with connection:
            length, = struct.unpack("!H", connection.recv(2, socket.MSG_WAITALL))
            message = bytearray(connection.recv(length, socket.MSG_WAITALL))
            assert message[2] >> 3 & 15 == 4, "a NOTIFY"
            message[2] |= 0x80
            connection.sendall(struct.pack("!H", length) + message)
            assert connection.recv(1) == b"", "one is enough"
    assert "it will find out by its own refresh" not in first.log()


def test_a_target_that_refuses_every_zone_does_not_fill_the_log(lab):
    """A line for the first ones, a number for the rest."""
    with Listener() as listener:
        listener.rcode = dns.rcode.REFUSED
        first = lab.understudy()
        first.options += ["startup-notify-rate 1000;"]
        for i in range(300):
            first.add(Zone(f"z{i}.test", zone_text(f"z{i}.test", 1), notify=[listener.endpoint]))
        first.start()
        wait_until(lambda: len(listener.heard) >= 300)
        time.sleep(1)
        first.update("z0.test", zone_text("z0.test", 2))
        first.wait_log(r"\d+ more NOTIFYs came to nothing without a line")
    lines = first.log().count("was answered with REFUSED")
    assert 50 <= lines < 150


def test_what_a_stop_left_untold_is_told_at_the_next_start(lab):
    """And what was answered is not told again."""
    with Listener() as listener, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind(("127.0.0.1", 0))
        first = lab.understudy()
        first.add(Zone("told.test", zone_text("told.test", 1), notify=[listener.endpoint]))
        first.add(Zone("untold.test", zone_text("untold.test", 1),
                       notify=[listener.endpoint, Endpoint("127.0.0.1", deaf.getsockname()[1])]))
        first.start()
        wait_until(lambda: {zone for zone, *_ in listener.heard} == {"told.test", "untold.test"},
                   message=lambda: str(listener.heard))
        # All that is known of the one is in the store, and one target of the other says nothing.
        time.sleep(0.5)
        first.stop()
        listener.heard.clear()
        first.launch()
        first.wait_ready()
        wait_until(lambda: ("untold.test", 1) in [(zone, serial) for zone, serial, *_ in listener.heard])
        time.sleep(0.5)
        assert {zone for zone, *_ in listener.heard} == {"untold.test"}
        # Neither is it forgotten where the power goes.
        first.kill()
        listener.heard.clear()
        first.launch()
        first.wait_ready()
        wait_until(lambda: ("untold.test", 1) in [(zone, serial) for zone, serial, *_ in listener.heard])
