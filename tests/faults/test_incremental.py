# SPDX-License-Identifier: GPL-3.0-or-later
"""A primary whose IXFR is wrong: one line says why, one AXFR follows at once,
and the right zone is served."""

import pathlib
import sys

import dns.zone
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from incremental import FAULTS, TXT, ZONE, Incremental  # noqa: E402
from misbehaving import AXFR, IXFR, SOA                  # noqa: E402
from peers import client, zone_text                     # noqa: E402
from test_faults import explained, pair                 # noqa: E402, F401


def change(both, serial):
    both.primary.before = list(both.primary.records)
    both.load(serial)
    both.primary.asked.clear()
    client.notify("127.0.0.1", both.secondary.port, ZONE, serial=serial, key=both.key)


def asked_for(both):
    """What was asked for; the same again only once, as where an idle connection
    turned out to be dead."""
    kinds = [kind for _, kind in both.primary.asked if kind in (SOA, AXFR, IXFR)]
    return [kind for i, kind in enumerate(kinds) if i == 0 or kinds[i - 1] != kind]


@pytest.mark.parametrize("name", FAULTS)
def test_one_axfr_follows_and_the_right_zone_is_served(pair, name):
    kind, reason, keyed = FAULTS[name]
    both = pair(keyed=keyed)
    mark = both.secondary.log_mark()
    both.primary.misbehave(kind())
    change(both, 2)
    explained(both.secondary, reason, mark)
    both.secondary.wait_serial(ZONE, 2)
    both.assert_serves(2)
    assert asked_for(both) == [IXFR, AXFR], "IXFR at once, without a question for the serial, then AXFR"


@pytest.mark.parametrize("keyed", [False, True], ids=["open", "tsig"])
def test_what_is_right_is_taken(pair, keyed):
    both = pair(keyed=keyed)
    both.primary.misbehave(Incremental())
    for serial in (2, 3, 4):
        change(both, serial)
        both.secondary.wait_serial(ZONE, serial)
        both.assert_serves(serial)
        assert asked_for(both) == [IXFR]


def test_a_primary_without_ixfr_is_remembered(pair):
    both = pair()
    both.primary.misbehave(FAULTS["answers_notimp"][0]())
    change(both, 2)
    both.secondary.wait_serial(ZONE, 2)
    change(both, 3)
    both.secondary.wait_serial(ZONE, 3)
    assert asked_for(both) == [AXFR] or asked_for(both) == [SOA, AXFR]


def test_no_fallback_where_it_is_not_wanted(pair):
    """NSD's allow-axfr-fallback: no."""
    both = pair()
    both.secondary.stop()
    both.secondary.dialect = "nsd"
    both.secondary.config_path = both.secondary.folder / "nsd.conf"
    zone = both.secondary.zones[ZONE]
    zone.ixfr, zone.options = True, ["allow-axfr-fallback: no"]
    both.secondary.start()
    both.secondary.wait_serial(ZONE, 1)
    mark = both.secondary.log_mark()
    both.primary.misbehave(FAULTS["removes_what_is_not_there"][0]())
    change(both, 2)
    explained(both.secondary, "which is not there", mark)
    both.assert_serves(1)
    assert AXFR not in asked_for(both)


def digested(serial):
    """A zone that says of itself what it should be (RFC 8976)."""
    def text(extra=""):
        return zone_text(ZONE, serial, refresh=3600, retry=2, hosts=20, extra=extra)
    zone = dns.zone.from_text(text(), origin=ZONE, relativize=False)
    return text(f"@ IN ZONEMD {zone.compute_digest(dns.zone.DigestHashAlgorithm.SHA384).to_text()}\n")


class ForgetsOne(Incremental):
    """Steps that fit, and lack a change that the primary made."""

    def added(self, primary):
        return [row for row in super().added(primary) if row.rtype != TXT]


def test_steps_that_lead_to_a_wrong_digest_are_not_the_last_word(pair):
    """The guard would hold the version; but the delta may be at fault."""
    both = pair()
    both.load = lambda serial: both.primary.load(digested(serial))
    both.primary.misbehave(Incremental())
    for serial in (2, 3):
        change(both, serial)
        both.secondary.wait_serial(ZONE, serial)
    assert asked_for(both) == [IXFR]
    mark = both.secondary.log_mark()
    both.primary.misbehave(ForgetsOne())
    change(both, 4)
    explained(both.secondary, "serial 4, made by IXFR, is wrong: .*ZONEMD.*asking for AXFR", mark)
    both.secondary.wait_serial(ZONE, 4)
    both.assert_serves(4)
    assert asked_for(both) == [IXFR, AXFR]
    assert "held" not in both.secondary.log_since(mark)
