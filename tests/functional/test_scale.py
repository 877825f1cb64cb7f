# SPDX-License-Identifier: GPL-3.0-or-later
"""Many zones: the first transfer, a restart, a thousand changes at once, and a
primary that accepts connections and then says nothing."""

import os
import socket
import threading
import time

import pytest

from peers import Endpoint, Listener, Zone, free_port
from peers.process import wait_until

SOAK = os.environ.get("UNDERSTUDY_SOAK") == "1"
COUNT = 100000 if SOAK else 2000
CHANGED = 1000
PATIENCE = 300 if SOAK else 150


def name_of(i: int) -> str:
    return f"zone{i:06d}.example"


def text_of(i: int, serial: int = 1) -> str:
    return (f"$ORIGIN {name_of(i)}.\n$TTL 3600\n"
            f"@ IN SOA ns1.hoster.test. hostmaster.hoster.test. {serial} 7200 900 1209600 300\n"
            "@ IN NS ns1.hoster.test.\n@ IN NS ns2.hoster.test.\n@ IN MX 10 mail.hoster.test.\n"
            f"@ IN A 10.{i >> 16}.{i >> 8 & 255}.{i & 255}\n"
            f"www IN A 10.{i >> 16}.{i >> 8 & 255}.{i & 255}\n"
            "mail IN A 192.0.2.25\n"
            f"@ IN TXT \"serial {serial}\"\n")


def secondaries(server, first: int, count: int, primaries):
    for i in range(first, first + count):
        server.add(Zone(name_of(i), primaries=primaries))


def primary_of(lab, count, notify=(), options=()):
    server = lab.understudy()
    server.options = list(options)
    for i in range(count):
        server.add(Zone(name_of(i), text_of(i), allow=[Endpoint("127.0.0.1")], notify=list(notify)))
    server.start()
    wait_until(lambda: server.serial(name_of(count - 1)) == 1, PATIENCE)
    return server


def current(server) -> int:
    return sum(" current" in line for line in server.status().splitlines()
               if line.startswith("zone"))


def wait_all(server, serial: int, indexes, timeout=PATIENCE):
    """Until each of them is served with that serial; asks on only for those that are not."""
    left = list(indexes)

    def done():
        left[:] = [i for i in left if server.serial(name_of(i)) != serial]
        return not left
    wait_until(done, timeout, step=0.2, message=f"{len(left)} zones are not at serial {serial}")


def sockets_in_time_wait(port: int) -> int:
    with open("/proc/net/tcp") as f:
        lines = [line.split() for line in f.readlines()[1:]]
    return sum(fields[3] == "06" and f":{port:04X}" in (fields[1][8:], fields[2][8:]) for fields in lines)


def test_many_zones_come_over_few_connections_and_stay(lab):
    second = lab.understudy()
    first = primary_of(lab, COUNT, notify=[second.endpoint])
    secondaries(second, 0, COUNT, [first.endpoint])
    second.start()
    wait_all(second, 1, range(0, COUNT, max(1, COUNT // 2000)))
    # A connection for each zone would leave as many behind.
    assert sockets_in_time_wait(first.port) < COUNT // 10 + 50

    # A thousand changes at once, told of at the default rate.
    for i in range(CHANGED):
        first.write_zone(name_of(i), text_of(i, 2))
    first.reload()
    wait_all(second, 2, range(CHANGED))
    assert second.serial(name_of(CHANGED)) == 1

    # From the store, with the primary away.
    first.stop()
    second.restart()
    wait_all(second, 2, range(CHANGED))
    wait_all(second, 1, range(CHANGED, COUNT, max(1, COUNT // 2000)))


def test_news_does_not_wait_behind_what_a_start_tells(lab):
    count, changed = 400, 300
    with Listener() as listener:
        began = time.monotonic()
        first = primary_of(lab, count, notify=[listener.endpoint], options=["startup-notify-rate 2;"])
        wait_until(lambda: listener.heard)
        for i in range(changed):
            first.write_zone(name_of(i), text_of(i, 2))
        first.reload()
        # Behind those of the start the last of them would come after three minutes.
        wait_until(lambda: sum(serial == 2 for _, serial, _ in listener.heard) == changed,
                   message=lambda: f"{len(listener.heard)} were told")
        most = changed + 20 + 2 * (time.monotonic() - began)
        assert len(listener.heard) < most, "those of the start went at their own rate"


class Hole:
    """Takes connections on both transports and never says a word."""

    def __init__(self):
        self.port = free_port()     # by both transports
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen(512)
        self.datagrams = socket.socket(type=socket.SOCK_DGRAM)
        self.datagrams.bind(("127.0.0.1", self.port))
        self.taken = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        try:
            while True:
                self.taken.append(self.listener.accept()[0])
        except OSError:
            pass

    def close(self):
        self.listener.close()
        self.datagrams.close()
        for connection in self.taken:
            connection.close()


@pytest.fixture
def hole():
    made = Hole()
    yield made
    made.close()


def test_a_silent_primary_holds_up_nobody_else(lab, hole):
    count = 100
    first = primary_of(lab, count)
    server = lab.understudy()
    # First those of the silent one, more than are attempted at once.
    secondaries(server, count, 3000, [Endpoint("127.0.0.1", hole.port)])
    # Some have it beside one that answers.
    secondaries(server, 0, count // 2, [Endpoint("127.0.0.1", hole.port), first.endpoint])
    secondaries(server, count // 2, count // 2, [first.endpoint])
    server.start()
    # Behind 3000 that are silent for seconds each, 16 at once, it would take many times that.
    wait_all(server, 1, range(count // 2, count))
    assert len(hole.taken) < 200
