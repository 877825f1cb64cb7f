# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy that nobody confirms ends: REFRESH, RETRY, EXPIRE."""

import json
import os
import resource
import time

import dns.edns
import pytest

from peers import Endpoint, Key, Zone, client, zone_text
from peers.process import wait_until


def brief(serial):
    return zone_text("example.com", serial, refresh=1, retry=1, expire=4)


@pytest.mark.parametrize("dialect", ["named", "nsd"])
def test_expiry_and_recovery(lab, dialect):
    first, second = lab.nsd(), lab.understudy(dialect=dialect)
    first.add(Zone("example.com", brief(1), allow=[Endpoint("127.0.0.1")]))
    second.add(Zone("example.com", primaries=[first.endpoint]))
    first.start()
    second.start()
    second.wait_serial("example.com", 1)

    # While the primary confirms it, it outlives its EXPIRE.
    end = time.monotonic() + 6
    while time.monotonic() < end:
        assert second.serial("example.com") == 1
        time.sleep(0.2)

    first.kill()
    second.wait_rcode("example.com", "SERVFAIL")
    state = json.loads(second.status("example.com", "--json"))
    assert state["expires_at"] == state["confirmed"] + 4
    assert time.time() >= state["expires_at"] - 1, "expired too early"    # whole seconds
    reply = second.ask("www.example.com", "A", edns=True)
    assert reply.rcode() == 2 and not reply.answer
    assert client.extended_errors(reply), "an extended error says why"
    second.wait_log(r"example\.com.*expire")
    assert "expired" in second.status("example.com")

    first.launch()
    second.wait_serial("example.com", 1)


def test_an_older_serial_is_accepted_once_expired(lab):
    """The primary was set back by mistake: explained first, taken when there
    is nothing left to lose."""
    first, second = lab.nsd(), lab.understudy()
    first.add(Zone("example.com", brief(100), allow=[Endpoint("127.0.0.1")]))
    second.add(Zone("example.com", primaries=[first.endpoint]))
    first.start()
    second.start()
    second.wait_serial("example.com", 100)
    first.kill()
    first.write_zone("example.com", brief(50))
    first.start()
    second.wait_log(r"example\.com.*(lower|older|behind)")
    assert second.serial("example.com") in (100, None)
    second.wait_serial("example.com", 50)


def expire_told(server, rdtype, tcp):
    """EDNS EXPIRE (RFC 7314) of an answer to that question, None where it has none."""
    reply = server.ask("example.com", rdtype, tcp=tcp, options=[dns.edns.GenericOption(9, b"")])
    assert reply.rcode() == 0
    told = [int.from_bytes(option.data, "big") for option in reply.options if int(option.otype) == 9]
    return told[0] if told else None


def asked_again_in(server):
    """Seconds until its primaries are asked, as it says itself."""
    return json.loads(server.status("example.com", "--json"))["refresh_at"] - time.time()


def test_a_copy_in_doubt_grants_others_no_more_than_its_trial(lab):
    """By the clock it has expired; it is served until its primary has been asked.
    Who copies from here meanwhile may not keep it any longer than that."""
    keyed, other = Key("transfer-key"), Key("transfer-key", seed="another")
    text = zone_text("example.com", 1, refresh=1, retry=1, expire=15)
    first, second = lab.nsd(), lab.understudy()
    first.add(Zone("example.com", text, allow=[Endpoint("127.0.0.1", key=keyed)]))
    second.add(Zone("example.com", primaries=[first.endpoint._replace(key=keyed)], allow=[Endpoint("127.0.0.1")]))
    first.start()
    second.start()
    second.wait_serial("example.com", 1)
    wait_until(lambda: expire_told(second, "SOA", tcp=False) >= 13)
    second.kill()
    first.kill()
    first.add(Zone("example.com", text, allow=[Endpoint("127.0.0.1", key=other)]))
    first.start()
    time.sleep(16)
    second.start()
    second.wait_log(r"example\.com.*served on until")
    end = time.monotonic() + 4
    while time.monotonic() < end:
        before = asked_again_in(second)
        told = [expire_told(second, "SOA", tcp=False), expire_told(second, "AXFR", tcp=True)]
        assert max(told) <= max(before, asked_again_in(second)) + 1
        time.sleep(0.2)

    # Once its primary is understood again, it grants what that grants.
    first.kill()
    first.add(Zone("example.com", text, allow=[Endpoint("127.0.0.1", key=keyed)]))
    first.start()
    wait_until(lambda: expire_told(second, "SOA", tcp=False) >= 12)


def test_a_clock_in_doubt_is_not_proven_right_by_tsig(lab):
    """By the clock the copy has expired while the server was down, and its
    primary answers, but not with our key: as it would if our clock was wrong."""
    keyed, other = Key("transfer-key"), Key("transfer-key", seed="another")
    first, second = lab.nsd(), lab.understudy()
    first.add(Zone("example.com", brief(1), allow=[Endpoint("127.0.0.1", key=keyed)]))
    second.add(Zone("example.com", primaries=[first.endpoint._replace(key=keyed)]))
    first.start()
    second.start()
    second.wait_serial("example.com", 1)
    second.kill()
    first.kill()
    first.add(Zone("example.com", brief(1), allow=[Endpoint("127.0.0.1", key=other)]))
    first.start()
    time.sleep(5)
    second.start()
    second.wait_log(r"example\.com.*served on until")
    end = time.monotonic() + 6
    while time.monotonic() < end:
        assert second.serial("example.com") == 1
        time.sleep(0.2)
    first.kill()
    second.wait_rcode("example.com", "SERVFAIL")


def test_a_copy_whose_primary_is_lost_becomes_the_primary(lab):
    """The primary is lost for good: the copy's own file is what there is."""
    first, second = lab.nsd(), lab.understudy()
    first.add(Zone("example.com", brief(1), allow=[Endpoint("127.0.0.1")]))
    second.add(Zone("example.com", primaries=[first.endpoint]))
    first.start()
    second.start()
    second.wait_serial("example.com", 1)
    first.kill()
    second.wait_rcode("example.com", "SERVFAIL")
    second.add(Zone("example.com", brief(1)))
    second.write_files()
    second.reload()
    second.wait_serial("example.com", 1)
    assert "expired" not in second.status("example.com")


def test_a_primary_that_becomes_a_secondary_expires_as_one(lab):
    gone, server = lab.nsd(), lab.understudy()
    server.add(Zone("example.com", brief(1)))
    server.start()
    server.wait_serial("example.com", 1)
    server.add(Zone("example.com", primaries=[gone.endpoint]))
    server.write_files()
    server.reload()
    server.wait_rcode("example.com", "SERVFAIL")
    state = json.loads(server.status("example.com", "--json"))
    assert time.time() - 60 < state["confirmed"] < state["expires_at"] < time.time() + 1


def test_a_cached_copy_that_comes_with_a_reload_is_as_old_as_its_file(lab):
    gone, server = lab.nsd(), lab.understudy()
    server.add(Zone("stays.test", zone_text("stays.test", 1)))
    server.start()
    server.wait_serial("stays.test", 1)
    zone = Zone("example.com", primaries=[gone.endpoint])
    server.add(zone)
    (server.folder / zone.file).write_text(brief(1))
    os.utime(server.folder / zone.file, (1700000000, 1700000000))
    server.write_config()
    server.reload()
    server.wait_log("example.com: serial 1 is served|expired")
    state = json.loads(server.status("example.com", "--json"))
    assert state["state"] == "expired"
    assert (state["confirmed"], state["expires_at"]) == (1700000000, 1700000004)
    assert server.ask("example.com", "SOA").rcode() == 2


def test_a_zone_never_loaded_answers_servfail(lab):
    second = lab.understudy()
    second.add(Zone("example.com", primaries=[Endpoint("127.0.0.1", 1)]))
    second.start()
    reply = second.ask("www.example.com", "A", edns=True)
    assert reply.rcode() == 2
    assert client.extended_errors(reply)


def disk_full(server, is_full):
    """No file grows beyond 16 KiB: less than the store needs, more than the log."""
    most = 16 * 1024 if is_full else resource.RLIM_INFINITY
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


def unsaved(server):
    return "not saved" in server.status("example.com")


def a_copy_that_cannot_be_stored(lab):
    """NSD with serial 2 and a secondary that serves 1 and has nowhere to keep 2."""
    first, second = lab.nsd(), lab.understudy()
    first.add(Zone("example.com", brief(1), allow=[Endpoint("127.0.0.1")]))
    second.add(Zone("example.com", primaries=[first.endpoint]))
    first.start()
    second.start()
    second.wait_serial("example.com", 1)
    disk_full(second, True)
    first.update("example.com", brief(2))
    wait_until(lambda: unsaved(second))
    return first, second


def test_a_full_disk_is_no_reason_to_expire(lab):
    """What came cannot be stored; the copy before is served as long as the primary
    is there, however long its EXPIRE."""
    first, second = a_copy_that_cannot_be_stored(lab)
    end = time.monotonic() + 9          # twice its EXPIRE
    while time.monotonic() < end:
        assert second.serial("example.com") == 1
        time.sleep(0.2)
    assert unsaved(second)
    assert "unsaved" in second.status("example.com"), "the reason stays with it"

    disk_full(second, False)
    second.wait_serial("example.com", 2)
    wait_until(lambda: not unsaved(second))

    # Once nobody confirms it, it ends as it should.
    disk_full(second, True)
    first.update("example.com", brief(3))
    wait_until(lambda: unsaved(second))
    first.kill()
    second.wait_rcode("example.com", "SERVFAIL")


def test_what_waits_for_the_disk_is_void_once_the_zone_is_ours(lab):
    """A secondary becomes the primary while its last transfer is not yet stored:
    the file is served, and that transfer never."""
    first, second = a_copy_that_cannot_be_stored(lab)
    second.add(Zone("example.com", brief(50)))
    second.write_files()
    second.reload()
    disk_full(second, False)
    second.wait_serial("example.com", 50)
    second.stop()
    second.launch()
    second.wait_ready()
    second.wait_serial("example.com", 50)
    assert "serial 2 is served" not in second.log()
