# SPDX-License-Identifier: GPL-3.0-or-later
"""A misbehaving primary harms nobody: the old zone stays, one log line says
why, and when the primary comes to its senses the new zone is taken."""

import pathlib
import re
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import misbehaving                                      # noqa: E402
from catalogue import FAULTS, GOOD, ZONE                # noqa: E402
from peers import Endpoint, Key, Zone, free_port, zone_text     # noqa: E402
from peers import client                                # noqa: E402
from peers.process import wait_until                    # noqa: E402

# Lines of these words are about something that went wrong.
TROUBLE = re.compile(r"warn|error|fail|refus|reject|held|hold|not |ended|could|cannot|bad|lower|old", re.I)


class Pair:
    """The misbehaving primary, and an Understudy that copies from it."""

    def __init__(self, lab, keyed=False, options=(), start=1, refresh=3600):
        self.refresh = refresh
        self.key = Key("fault-key", "hmac-sha256") if keyed else None
        self.primary = misbehaving.Primary(ZONE, free_port(), self.key)
        self.secondary = lab.understudy()
        self.secondary.monitor = "no"       # what it asks is not to be counted
        self.secondary.add(Zone(ZONE, primaries=[Endpoint("127.0.0.1", self.primary.port, self.key)],
                                options=list(options)))
        self.load(start)
        self.secondary.start()
        self.secondary.wait_serial(ZONE, start)

    def load(self, serial):
        self.primary.load(zone_text(ZONE, serial, refresh=self.refresh, retry=2, hosts=20))

    def notify(self):
        client.notify("127.0.0.1", self.secondary.port, ZONE, key=self.key)

    def bring(self, serial, insist=True):
        """Tell it of the change, again and again, until it serves it."""
        last = [0.0]

        def served():
            if insist and time.monotonic() - last[0] > 0.5:
                last[0] = time.monotonic()
                self.notify()
            return self.secondary.serial(ZONE) == serial
        wait_until(served, step=0.05,
                   message=lambda: f"{self.secondary} serves {self.secondary.serial(ZONE)}, not {serial}")

    def assert_serves(self, serial):
        """The old zone, whole: its serial and its data."""
        assert self.secondary.serial(ZONE) == serial
        reply = self.secondary.ask(f"serial.{ZONE}", "TXT")
        assert reply.answer[0][0].strings == (str(serial).encode(),)
        assert self.secondary.ask(f"host19.{ZONE}", "A").answer
        assert self.secondary.ask(f"late.{ZONE}", "A").rcode() == 3


@pytest.fixture
def pair(lab):
    made = []

    def make(**how):
        made.append(Pair(lab, **how))
        return made[-1]
    yield make
    for one in made:
        one.primary.close()


@pytest.mark.parametrize("name", FAULTS)
def test_the_old_zone_stays_and_the_log_says_why(pair, name):
    kind, reason, keyed, poll, slow, options = FAULTS[name]
    both = pair(keyed=keyed, options=options, refresh=2 if poll else 3600)
    mark = both.secondary.log_mark()
    if not poll:
        both.load(2)
    both.primary.misbehave(kind())
    if not poll:
        both.notify()

    if slow:
        time.sleep(2)
        both.assert_serves(1)
        both.primary.load(zone_text(ZONE, 3, retry=2, hosts=20))
        both.primary.behave()
    else:
        explained(both.secondary, reason, mark)
        both.assert_serves(1)
        both.load(3)
        both.primary.behave()

    both.bring(3, insist=not poll)
    both.assert_serves(3)


def explained(server, reason, mark):
    """One line that names the zone, sounds like trouble, and gives the reason."""
    pattern = re.compile(reason, re.IGNORECASE)

    def seen():
        for line in server.log_since(mark).splitlines():
            told = line.split(ZONE, 1)
            if len(told) == 2 and TROUBLE.search(line) and pattern.search(told[1]):
                return line
        return None
    return wait_until(seen, message=lambda: f"no line about {ZONE} with /{reason}/ in: "
                                               f"{server.log_since(mark)}")


@pytest.mark.parametrize("name", GOOD)
def test_odd_but_proper_is_taken(pair, name):
    kind, keyed, start, then, poll = GOOD[name]
    both = pair(keyed=keyed, start=start, refresh=2 if poll else 3600)
    both.load(then)
    both.primary.misbehave(kind())
    both.bring(then, insist=not poll)
    both.assert_serves(then)


def test_a_primary_that_is_gone(pair):
    """Nothing listens there any more: connection refused, old zone served."""
    both = pair(refresh=2)
    mark = both.secondary.log_mark()
    port = both.primary.port
    both.primary.close()
    explained(both.secondary, r"refused|unreach|no answer|no reply|time", mark)
    both.assert_serves(1)
    both.primary = misbehaving.Primary(ZONE, port)
    both.load(2)
    both.bring(2)


def test_trouble_is_not_hammered(pair):
    """A transfer that fails is tried again with growing pauses, not in a loop."""
    both = pair()
    both.load(2)
    both.primary.misbehave(FAULTS["answers_servfail"][0]())
    began = time.monotonic()
    both.notify()
    time.sleep(4)

    def asked():
        return sum(kind in (misbehaving.AXFR, misbehaving.IXFR) for _, kind in both.primary.asked)
    wait_until(lambda: asked() >= 2)
    count, took = asked(), time.monotonic() - began
    assert count <= 2 * took, f"{count} transfers asked for in {took:.1f} seconds"
    both.primary.behave()
    both.bring(2)
