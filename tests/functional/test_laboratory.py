# SPDX-License-Identifier: GPL-3.0-or-later
"""The laboratory itself, without Understudy: real primary to real secondary.

When these fail, so will others, and the fault is in the harness.
"""

import pytest

from peers import Endpoint, Key, Zone, zone_text


@pytest.mark.parametrize("keyed", [False, True], ids=["open", "tsig"])
@pytest.mark.parametrize("primary, secondary", [
    ("bind", "nsd"), ("nsd", "knot"), ("knot", "bind"), ("powerdns", "bind")])
def test_a_change_travels(lab, primary, secondary, keyed):
    key = Key() if keyed else None
    first = lab.peer(primary)
    second = lab.peer(secondary)
    first.add(Zone("example.com", zone_text("example.com", 1),
                   allow=[Endpoint("127.0.0.1", 0, key)], notify=[second.with_key(key)]))
    second.add(Zone("example.com", primaries=[first.with_key(key)]))
    first.start()
    second.start()
    second.wait_serial("example.com", 1)
    first.update("example.com", zone_text("example.com", 2))
    first.wait_serial("example.com", 2)
    second.wait_serial("example.com", 2)
    if keyed:
        assert second.axfr is not None
        assert first.axfr("example.com", key)
