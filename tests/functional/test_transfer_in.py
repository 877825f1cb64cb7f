# SPDX-License-Identifier: GPL-3.0-or-later
"""Zones copied from real primaries: BIND, NSD, Knot, PowerDNS."""

import subprocess
import time

import pytest

from peers import ALGORITHMS, Endpoint, Key, Zone, client, free_port, zone_text
from peers.process import wait_until

PRIMARIES = ("bind", "nsd", "knot", "powerdns")
ODD_TYPES = """
odd IN CAA 0 issue "ca.example.net"
odd IN TLSA 3 1 1 0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a
odd IN TYPE65280 \\# 4 0a000001
_sip._tcp IN SRV 1 2 5060 mail
old IN DNAME www
sub IN NS ns.sub
ns.sub IN A 192.0.2.3
sub IN DS 4242 13 2 abababababababababababababababababababababababababababababababab
"""


def pair(lab, primary, dialect="named", key=None, text=None, options=(), zone="example.com"):
    """A real primary that tells Understudy of its changes; both running."""
    first = lab.peer(primary)
    second = lab.understudy(dialect=dialect)
    first.add(Zone(zone, text or zone_text(zone, 1), allow=[Endpoint("127.0.0.1", 0, key)],
                   notify=[second.with_key(key)]))
    second.add(Zone(zone, primaries=[first.with_key(key)], options=list(options)))
    first.start()
    first.wait_serial(zone, 1)
    second.start()
    return first, second


def assert_same_zone(first, second, key=None, zone="example.com"):
    """Every record of the primary is answered by the secondary."""
    for row in first.axfr(zone, key):
        owner, _, rtype, _ = row.split(" ", 3)
        if owner.startswith(("ns.sub.", "sub.", "x.old.")):
            continue
        ours = second.ask(owner, rtype)
        theirs = first.ask(owner, rtype)
        assert client.records(ours.answer) == client.records(theirs.answer), row


@pytest.mark.parametrize("dialect", ["named", "nsd"])
@pytest.mark.parametrize("keyed", [False, True], ids=["open", "tsig"])
@pytest.mark.parametrize("primary", PRIMARIES)
def test_copy_and_notify(lab, primary, keyed, dialect):
    key = Key() if keyed else None
    first, second = pair(lab, primary, dialect, key, zone_text("example.com", 1, extra=ODD_TYPES))
    second.wait_serial("example.com", 1)
    assert_same_zone(first, second, key)
    for serial in (2, 3):
        first.update("example.com", zone_text("example.com", serial, hosts=serial * 5, extra=ODD_TYPES))
        second.wait_serial("example.com", serial)
    assert second.ask("host14.example.com").answer
    assert_same_zone(first, second, key)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("primary", ["bind", "knot"])
def test_every_tsig_algorithm(lab, primary, algorithm):
    key = Key(f"key-{algorithm}", algorithm)
    first, second = pair(lab, primary, key=key)
    second.wait_serial("example.com", 1)
    first.update("example.com", zone_text("example.com", 2))
    second.wait_serial("example.com", 2)


def test_a_wrong_secret_is_explained(lab):
    first = lab.bind()
    second = lab.understudy()
    first.add(Zone("example.com", zone_text("example.com", 1), allow=[Endpoint("127.0.0.1", 0, Key())]))
    second.add(Zone("example.com", primaries=[first.with_key(Key(seed="another"))]))
    first.start()
    second.start()
    second.wait_log(r"example\.com.*(tsig|badsig|signature|key)")
    second.wait_rcode("example.com", "SERVFAIL")


def test_a_zone_of_many_messages(lab):
    """Twenty thousand records: hundreds of messages, each under TSIG."""
    text = zone_text("example.com", 1, hosts=20000)
    first, second = pair(lab, "knot", key=Key(), text=text)
    second.wait_serial("example.com", 1, 60)
    assert second.ask("host19999.example.com").answer[0][0].address == "198.51.79.250"


@pytest.mark.parametrize("primary", ["bind", "nsd"])
def test_the_zone_file_is_there_after_the_first_transfer(lab, primary):
    first, second = pair(lab, primary, text=zone_text("example.com", 1, extra=ODD_TYPES))
    second.wait_serial("example.com", 1)
    path = second.zone_path("example.com")
    wait_until(path.exists, 5)
    done = subprocess.run(["named-checkzone", "-i", "none", "example.com", path],
                          stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stdout
    assert "loaded serial 1" in done.stdout


def test_a_poll_finds_the_change_without_notify(lab):
    """REFRESH of one second; the primary tells nobody."""
    first, second = lab.bind(), lab.understudy()
    first.add(Zone("example.com", zone_text("example.com", 1, refresh=1, retry=1),
                   allow=[Endpoint("127.0.0.1")]))
    second.add(Zone("example.com", primaries=[first.endpoint]))
    first.start()
    second.start()
    second.wait_serial("example.com", 1)
    first.update("example.com", zone_text("example.com", 2, refresh=1, retry=1))
    second.wait_serial("example.com", 2, 15)


@pytest.mark.parametrize("dialect", ["named", "nsd"])
def test_the_second_primary_when_the_first_is_dead(lab, dialect):
    alive, second = lab.nsd(), lab.understudy(dialect=dialect)
    alive.add(Zone("example.com", zone_text("example.com", 1), allow=[Endpoint("127.0.0.1")],
                   notify=[second.endpoint]))
    second.add(Zone("example.com", primaries=[Endpoint("127.0.0.1", free_port()), alive.endpoint]))
    alive.start()
    second.start()
    second.wait_serial("example.com", 1, 15)
    alive.update("example.com", zone_text("example.com", 2))
    second.wait_serial("example.com", 2, 15)


def test_a_dead_primary_does_not_delay_other_zones(lab):
    """Forty zones of a primary that is gone, one of a primary that is there."""
    alive, second = lab.bind(), lab.understudy()
    alive.add(Zone("alive.test", zone_text("alive.test", 1), allow=[Endpoint("127.0.0.1")]))
    dead = Endpoint("127.0.0.1", free_port())
    for i in range(40):
        second.add(Zone(f"dead{i}.test", primaries=[dead]))
    second.add(Zone("alive.test", primaries=[dead, alive.endpoint]))
    alive.start()
    second.start()
    second.wait_serial("alive.test", 1)


def test_the_trouble_of_a_dead_primary_is_told_once(lab):
    """However many primaries and zones take turns in finding out."""
    first, second = lab.bind(), lab.understudy()
    dead = Endpoint("127.0.0.1", free_port())
    names = ("one.test", "two.test")
    for name in names:
        first.add(Zone(name, zone_text(name, 1), allow=[Endpoint("127.0.0.1")]))
        second.add(Zone(name, primaries=[dead, first.endpoint]))
    second.start()
    time.sleep(6)
    for name in names:
        for end in (dead, first.endpoint):
            told = [l for l in second.log().splitlines()
                    if "warning" in l and name in l and f"127.0.0.1@{end.port} " in l]
            assert len(told) <= 1, told
    status = second.run("status", "--state-dir", second.state_dir)[1]
    assert "connection refused" in " ".join(status.split()), status
    first.start()
    for name in names:
        second.wait_serial(name, 1, timeout=60)


def test_notify_from_a_stranger_is_refused_and_explained(lab):
    first, second = pair(lab, "bind")
    second.wait_serial("example.com", 1)
    reply = client.notify("127.0.0.1", second.port, "example.com", 9, source="127.0.0.7")
    assert reply.rcode() in (5, 9)
    line = second.wait_log(r"127\.0\.0\.7")
    assert "example.com" in line and "notify" in line.lower()
    assert second.serial("example.com") == 1


def test_notify_signed_with_a_key_is_taken_from_anywhere(lab):
    """nsd.conf: allow-notify names any address, and a key."""
    key = Key()
    first, second = lab.bind(), lab.understudy(dialect="nsd")
    first.add(Zone("example.com", zone_text("example.com", 1), allow=[Endpoint("127.0.0.1", 0, key)]))
    second.add(Zone("example.com", primaries=[first.with_key(key)],
                    options=[f"allow-notify: 127.0.0.0/8 {key.name}"]))
    first.start()
    second.start()
    second.wait_serial("example.com", 1)
    first.update("example.com", zone_text("example.com", 2))
    first.wait_serial("example.com", 2)
    assert client.notify("127.0.0.1", second.port, "example.com", 2, source="127.0.0.7").rcode() in (5, 9)
    assert client.notify("127.0.0.1", second.port, "example.com", 2, key=key,
                         source="127.0.0.7").rcode() == 0
    second.wait_serial("example.com", 2)


def test_notify_for_a_zone_that_is_not_here(lab):
    first, second = pair(lab, "bind")
    second.wait_serial("example.com", 1)
    assert client.notify("127.0.0.1", second.port, "elsewhere.test", 9).rcode() in (5, 9)


def test_a_signed_zone_travels_whole(lab, tmp_path):
    """NSEC3 with opt-out, signed by a real signer: denial is answered here."""
    import sys
    from peers import ROOT
    sys.path.insert(0, str(ROOT / "tests" / "differential"))
    import zones
    made = zones.generate(tmp_path / "zones")
    first, second = lab.knot(), lab.understudy()
    for name in ("nsec.test", "optout.test"):
        first.add(Zone(name, made[name].read_text(), allow=[Endpoint("127.0.0.1")]))
        second.add(Zone(name, primaries=[first.endpoint]))
    first.start()
    second.start()
    for name in ("nsec.test", "optout.test"):
        second.wait_serial(name, 2026010101)
        for missing in (f"nothing.{name}", f"x.mail.{name}", f"no.such.wild.{name}", f"sub0.{name}"):
            for rtype in ("A", "DS"):
                ours = second.ask(missing, rtype, dnssec=True)
                theirs = first.ask(missing, rtype, dnssec=True)
                assert ours.rcode() == theirs.rcode()
                assert client.records(ours.answer) == client.records(theirs.answer)
                if not theirs.answer:
                    assert client.records(ours.authority) == client.records(theirs.authority)


def test_source_address(lab):
    """transfer-source: what the primary sees, and allows alone."""
    first = lab.bind()
    second = lab.understudy(address="127.0.0.9")
    first.add(Zone("example.com", zone_text("example.com", 1), allow=[Endpoint("127.0.0.9")]))
    second.add(Zone("example.com", primaries=[first.endpoint]))
    first.start()
    second.start()
    second.wait_serial("example.com", 1)


@pytest.mark.parametrize("primary", PRIMARIES)
def test_from_the_command_line_alone(lab, primary):
    """serve --secondary ZONE --primary ADDR@PORT --key NAME:ALG:FILE, no file at all."""
    key = Key()
    first, second = lab.peer(primary), lab.understudy()
    first.add(Zone("example.com", zone_text("example.com", 1), allow=[Endpoint("127.0.0.1", 0, key)]))
    first.start()
    secret = second.folder / "secret"
    secret.write_text(key.secret + "\n")
    secret.chmod(0o600)
    from peers.understudy import binary
    second.command = lambda: [
        binary(), "serve", "--secondary", "example.com", "--primary", f"127.0.0.1@{first.port}",
        "--key", f"{key.name}:{key.algorithm}:{secret}", "--listen", f"127.0.0.1@{second.port}",
        "--state-dir", second.state_dir]
    second.write_config = lambda: None
    second.start()
    second.wait_serial("example.com", 1)
