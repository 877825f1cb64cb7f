# SPDX-License-Identifier: GPL-3.0-or-later
"""`diff ZONE --primary` looks at what a primary has; what is to be served goes first."""

import pathlib
import sys
import threading
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from incremental import ZONE, Incremental               # noqa: E402
from misbehaving import AXFR, HANG, IXFR, wire_name     # noqa: E402
from peers import Endpoint, Zone                        # noqa: E402
from peers.process import wait_until                    # noqa: E402
from test_faults import Pair                            # noqa: E402
from test_incremental import change                     # noqa: E402


class SlowWhole(Incremental):
    """Steps come at once; a whole zone comes to its end only once it may."""

    def __init__(self):
        super().__init__()
        self.begun = []         # of each whole transfer: what it waits for

    def transfer(self, primary, query):
        actions = super().transfer(primary, query)
        if query.rtype == IXFR:
            return actions
        self.begun.append(threading.Event())
        return [actions[0], self.begun[-1], *actions[1:]]


@pytest.fixture
def pair(lab):
    both = Pair(lab)
    both.primary.misbehave(SlowWhole())
    yield both
    both.primary.close()


def compare(server, zone=ZONE):
    """Runs beside what follows; the list gets (code, text)."""
    done = []

    def run():
        code, out, err = server.run("diff", zone, "--primary", "--state-dir", server.state_dir, timeout=150)
        done.append((code, out + err))
    thread = threading.Thread(target=run)
    thread.start()
    return thread, done


def let_end(pair, thread):
    """Whatever it fetches from here on comes to its end."""
    def ended():
        for event in list(pair.primary.fault.begun):
            event.set()
        return not thread.is_alive()
    wait_until(ended)
    thread.join()


def test_a_notify_goes_first_and_the_comparison_begins_anew(pair):
    pair.primary.asked.clear()
    thread, done = compare(pair.secondary)
    wait_until(lambda: ("tcp", AXFR) in pair.primary.asked)
    change(pair, 2)
    pair.secondary.wait_serial(ZONE, 2)
    assert not done
    let_end(pair, thread)
    code, text = done[0]
    assert code == 0 and "serial 2, which is served, to 2 at 127.0.0.1" in text
    pair.assert_serves(2)


def test_a_zone_that_never_rests_is_not_fetched_for_ever(pair):
    begun = pair.primary.fault.begun
    thread, done = compare(pair.secondary)
    serial = 1
    while not done and serial < 100:
        wait_until(lambda: len(begun) >= serial or done)
        serial += 1
        change(pair, serial)
        pair.secondary.wait_serial(ZONE, serial)
        # What was begun before the change may end; the next one waits for the next change.
        if len(begun) >= serial - 1:
            begun[serial - 2].set()
    let_end(pair, thread)
    assert done == [(1, f"{ZONE}: the zone changes faster than it can be fetched for comparison\n")]
    pair.assert_serves(serial)


class HangsOnOthers(Incremental):
    def transfer(self, primary, query):
        return super().transfer(primary, query) if query.name == wire_name(ZONE) else [HANG]


def test_it_waits_for_a_slot_as_every_transfer_does(pair):
    """transfers-per-ns holds for it too."""
    pair.primary.misbehave(HangsOnOthers())
    pair.secondary.options = ["transfers-per-ns 1;"]
    pair.secondary.add(Zone("other.test", primaries=[Endpoint("127.0.0.1", pair.primary.port)]))
    pair.secondary.write_config()
    pair.primary.asked.clear()
    pair.secondary.reload()
    wait_until(lambda: ("tcp", AXFR) in pair.primary.asked)
    thread, done = compare(pair.secondary)
    time.sleep(1)
    assert not done and pair.primary.asked.count(("tcp", AXFR)) == 1, "the only slot is taken"
    pair.primary.behave()
    thread.join()
    assert done[0][0] == 0, done
