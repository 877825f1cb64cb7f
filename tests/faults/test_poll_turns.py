# SPDX-License-Identifier: GPL-3.0-or-later
"""Many zones' serials asked of one primary at once: only so many are under way,
the others wait their turn, and the zones of other primaries do not wait with them."""

import pathlib
import re
import struct
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from misbehaving import SOA, Fault, Primary, Record, reply, wire_name   # noqa: E402
from peers import Endpoint, Zone, free_port             # noqa: E402
from peers.process import wait_until                    # noqa: E402

COUNT = 300
TURNS = 128                     # POLL_TURNS of replicate/poll_turn.h
SLOW = [f"z{i}.slow.test" for i in range(COUNT)]
QUICK = [f"z{i}.quick.test" for i in range(3)]


class Many(Fault):
    """Serves whatever zone is asked for. While it holds, it answers a serial by UDP
    only when it is asked again, a second later."""

    def __init__(self):
        self.serial = 1
        self.holds = False
        self.held = set()       # asked once and not answered yet
        self.answered = set()
        self.most = 0

    def record(self, query):
        return Record(query.name, SOA, 300, wire_name("ns.test") + wire_name("host.test")
                      + struct.pack("!5I", self.serial, 86400, 600, 864000, 60))

    def soa(self, primary, query):
        if self.holds and query.over_tcp:
            raise ConnectionError("the connection is closed, so that serials go by UDP")
        return reply(query, [self.record(query)])

    def udp(self, primary, query, raw, source):
        if not self.holds:
            return super().udp(primary, query, raw, source)
        if query.name not in self.held | self.answered:
            self.held.add(query.name)
            self.most = max(self.most, len(self.held))
            return []
        self.held.discard(query.name)
        self.answered.add(query.name)
        return super().udp(primary, query, raw, source)

    def messages(self, primary, query):
        return [reply(query, [self.record(query), Record(query.name, 2, 300, wire_name("ns.test")),
                              self.record(query)])]


def refresh(server, *what):
    code, out, err = server.run("refresh", *what, "--state-dir", server.state_dir)
    assert code == 0, out + err


@pytest.fixture
def slow():
    primary = Primary("slow.test", free_port())
    primary.fault = Many()
    yield primary
    primary.close()


@pytest.fixture
def quick():
    primary = Primary("quick.test", free_port())
    primary.fault = Many()
    yield primary
    primary.close()


def all_serve(server, names, serial):
    wait_until(lambda: all(server.serial(name) == serial for name in names), 120, step=0.5)


def test_the_polls_of_one_primary_wait_their_turn_and_not_for_those_of_another(lab, slow, quick):
    server = lab.understudy()
    server.monitor = "no"       # what it asks is not to be counted
    for primary, names in ((slow, SLOW), (quick, QUICK)):
        for name in names:
            server.add(Zone(name, primaries=[Endpoint("127.0.0.1", primary.port)]))
    server.start()
    all_serve(server, SLOW + QUICK, 1)

    slow.fault.holds = True
    slow.fault.serial = quick.fault.serial = 2
    mark = server.log_mark()
    refresh(server, "--all")
    all_serve(server, SLOW + QUICK, 2)
    assert slow.fault.most == TURNS
    # Behind the slow ones, the quick ones would have waited until most of those were through.
    served = re.findall(r" (\S+): serial 2 is served", server.log_since(mark))
    assert len(served) == COUNT + len(QUICK)
    assert all(served.index(name) < TURNS for name in QUICK), served
    assert "does not tell the serial" not in server.log()
