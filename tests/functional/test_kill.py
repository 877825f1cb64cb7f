# SPDX-License-Identifier: GPL-3.0-or-later
"""kill -9 at any moment: what was served is served again, with the same serial.

Zones change many times a second while the server is killed; it is started
again with every primary away. `make test` does 52 rounds, `make soak` 400.
"""

import os
import pathlib
import random
import sys
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "faults"))

import misbehaving                                              # noqa: E402
from peers import Endpoint, Zone, client, free_port, zone_text  # noqa: E402
from peers.process import wait_until                            # noqa: E402

SOAK = os.environ.get("UNDERSTUDY_SOAK") == "1"
ROUNDS = 100 if SOAK else 13
WORKERS = 4
NAMES = [f"zone{i}.test" for i in range(5)]


class Away(misbehaving.Fault):
    """The primary is not there: neither UDP nor TCP is answered."""

    def udp(self, primary, query, raw, source):
        return []

    def accept(self):
        return False


class Turmoil:
    """Primaries that change their zones as fast as the secondary takes them."""

    def __init__(self, secondary):
        self.secondary = secondary
        self.primaries = {name: misbehaving.Primary(name, free_port()) for name in NAMES}
        self.published = dict.fromkeys(NAMES, 0)
        self.seen = dict.fromkeys(NAMES, 0)         # newest serial that was answered
        self._running = threading.Event()
        self._end = False
        for name in NAMES:
            self.publish(name)
        self._threads = [threading.Thread(target=self._change, daemon=True),
                         threading.Thread(target=self._watch, daemon=True)]

    def publish(self, name):
        serial = self.published[name] + 1
        hosts = 100 + serial % 7 * 20
        self.primaries[name].load(zone_text(name, serial, hosts=hosts))
        self.published[name] = serial

    def begin(self):
        for thread in self._threads:
            thread.start()
        self._running.set()

    def pause(self):
        self._running.clear()
        time.sleep(0.05)

    def go_on(self):
        self._running.set()

    def close(self):
        self._end = True
        self._running.set()
        for primary in self.primaries.values():
            primary.close()

    def _change(self):
        while not self._end:
            self._running.wait()
            for name in NAMES:
                self.publish(name)
                try:
                    client.notify("127.0.0.1", self.secondary.port, name, self.published[name], timeout=0.2)
                except Exception:       # the server is dead at times: that is the point
                    pass
            time.sleep(0.01)

    def _watch(self):
        while not self._end:
            self._running.wait()
            for name in NAMES:
                serial = client.serial("127.0.0.1", self.secondary.port, name)
                if serial is not None:
                    self.seen[name] = max(self.seen[name], serial)


@pytest.mark.parametrize("part", range(WORKERS))
def test_nothing_that_was_served_is_lost(lab, part):
    r = random.Random(f"kill/{part}")
    secondary = lab.understudy()
    turmoil = Turmoil(secondary)
    for name in NAMES:
        secondary.add(Zone(name, primaries=[Endpoint("127.0.0.1", turmoil.primaries[name].port)]))
    secondary.start()
    for name in NAMES:
        secondary.wait_serial(name, 1)
    turmoil.begin()
    try:
        for number in range(ROUNDS):
            # Some rounds last until each zone has changed, however slow the machine.
            if number % 4 == 0:
                before = dict(turmoil.seen)
                wait_until(lambda: all(turmoil.seen[name] > before[name] for name in NAMES),
                           message=lambda: f"the zones do not change: {before}, {turmoil.seen}")
            time.sleep(r.uniform(0.02, 1.2))
            secondary.kill()
            turmoil.pause()
            seen, published = dict(turmoil.seen), dict(turmoil.published)
            for primary in turmoil.primaries.values():
                primary.misbehave(Away())
            # Sometimes it dies again while it starts.
            for _ in range(r.choice((0, 0, 1, 2))):
                secondary.launch()
                time.sleep(r.uniform(0.005, 0.3))
                secondary.kill()
            secondary.launch()
            secondary.wait_ready()
            for name in NAMES:
                serial = secondary.serial(name)
                assert serial is not None, f"{name} was served with {seen[name]} and is gone"
                assert seen[name] <= serial <= published[name], (name, seen[name], serial, published[name])
                text = secondary.ask(f"serial.{name}", "TXT").answer[0][0].strings[0]
                assert int(text) == serial, "a mixture of two versions"
                hosts = 100 + serial % 7 * 20
                assert secondary.ask(f"host{hosts - 1}.{name}").answer
                assert secondary.ask(f"host{hosts}.{name}").rcode() == 3
            for primary in turmoil.primaries.values():
                primary.behave()
            turmoil.go_on()
    finally:
        turmoil.close()
    assert min(turmoil.seen.values()) > 2, "the zones hardly changed: nothing was shown"


def test_what_has_expired_stays_expired(lab):
    first, second = lab.nsd(), lab.understudy()
    for name, expire in (("brief.test", 3), ("lasting.test", 604800)):
        first.add(Zone(name, zone_text(name, 1, refresh=2, retry=2, expire=expire),
                       allow=[Endpoint("127.0.0.1")]))
        second.add(Zone(name, primaries=[first.endpoint]))
    first.start()
    second.start()
    for name in ("brief.test", "lasting.test"):
        second.wait_serial(name, 1)
    time.sleep(1.2)             # deadlines are stored once a second
    second.kill()
    first.kill()
    time.sleep(6)
    second.launch()
    second.wait_ready()
    second.wait_serial("lasting.test", 1)
    second.wait_rcode("brief.test", "SERVFAIL")
    second.kill()
    second.launch()
    second.wait_ready()
    second.wait_rcode("brief.test", "SERVFAIL")
    first.launch()
    second.wait_serial("brief.test", 1)
