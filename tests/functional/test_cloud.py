# SPDX-License-Identifier: GPL-3.0-or-later
"""A cloud provider's secondaries behind Understudy.

The configuration is the one that a beginner's guide shows for Cloudflare:
prefixes with a comment inside the braces, no key. Its public networks are put
onto loopback, prefix length for prefix length; the provider's side is played
by a receiver that behaves as they document: SOA at an interval of its own,
AXFR and then IXFR from any address of the list, TSIG, NOTIFY obeyed.
"""

import pathlib
import time

import dns.exception
import dns.rcode
import pytest

from peers import CloudSecondary, Key, Zone, client, zone_text
from peers.process import wait_until

ZONE = "example.com"
GUIDE = pathlib.Path(__file__).parent / "guide" / "cloud-primary.conf"
LISTED = ["127.58.0.51", "127.21.247.200", "127.22.200.1"]      # /24, /22, /22
NOT_LISTED = ["127.0.0.1", "127.58.1.51", "127.21.248.1"]


def guide_text(server, receiver):
    text = GUIDE.read_text()
    for old, new in {"/etc/bind/zones/": f"{server.folder}/",
                     "173.245.58.0/24": "127.58.0.0/24", "103.21.244.0/22": "127.21.244.0/22",
                     "103.22.200.0/22": "127.22.200.0/22",
                     "also-notify { 173.245.58.51; }":
                     f"also-notify {{ {receiver.address} port {receiver.port}; }}"}.items():
        assert old in text
        text = text.replace(old, new)
    assert "# ..." in text, "the comment stays where it is pasted"
    return text


def keyed(text, key, transfer):
    """The guide's block with a key, as providers ask for where they offer TSIG."""
    start, end = text.index("allow-transfer {"), text.index("also-notify")
    head, notify = text[:start], text[end:]
    return (f'key "{key.name}" {{ algorithm {key.algorithm}; secret "{key.secret}"; }};\n'
            + head + transfer + "\n" + notify.replace("; };", f' key "{key.name}"; }};', 1))


def refused(server, source, key=None):
    with pytest.raises(dns.exception.DNSException):
        client.axfr(server.address, server.port, ZONE, key, source=source)
    return True


def has(receiver, serial, timeout=None):
    wait_until(lambda: receiver.serial == serial, timeout,
               message=lambda: f"the receiver has {receiver.serial}: {receiver.refusals}")


@pytest.fixture
def lab_provider(lab):
    """Makes one server and one receiver that know each other; ends the receiver."""
    made = []

    def make(text_of=guide_text, key=None, **how):
        server = lab.understudy()
        receiver = CloudSecondary(ZONE, server.endpoint, LISTED, key=key, **how)
        made.append(receiver)
        server.add(Zone(ZONE, zone_text(ZONE, 1)))
        server.arguments = ["--listen", f"127.0.0.1@{server.port}", "--state-dir", server.state_dir]
        server.config_text = text_of(server, receiver)
        server.start()
        server.wait_serial(ZONE, 1)
        receiver.start()
        return server, receiver
    yield make
    for receiver in made:
        receiver.__exit__()


def test_the_guides_block(lab_provider):
    server, receiver = lab_provider()
    has(receiver, 1)
    assert receiver.transfers == ["AXFR"]
    assert receiver.records() == client.axfr(server.address, server.port, ZONE, source=LISTED[1])

    # NOTIFY comes to also-notify; each question from another address of the list.
    for serial in (2, 3, 4):
        server.update(ZONE, zone_text(ZONE, serial, hosts=3 + serial))
        has(receiver, serial)
        assert (ZONE, serial, False) in receiver.heard
    assert receiver.transfers == ["AXFR", "IXFR", "IXFR", "IXFR"]
    assert receiver.records() == client.axfr(server.address, server.port, ZONE, source=LISTED[2])
    assert not receiver.refusals


def test_who_is_not_in_the_list(lab_provider):
    server, receiver = lab_provider()
    has(receiver, 1)
    for source in NOT_LISTED:
        assert refused(server, source)
    server.wait_log(r"transfer to 127\.21\.248\.1.* refused")
    for source in LISTED:
        assert client.axfr(server.address, server.port, ZONE, source=source)
    # It serves questions to anybody.
    assert server.ask("www." + ZONE).rcode() == dns.rcode.NOERROR


def test_at_its_own_interval_where_no_notify_arrives(lab_provider):
    def no_notify(server, receiver):
        text = guide_text(server, receiver)
        return text[:text.index("also-notify")] + "notify no;\n};\n"
    server, receiver = lab_provider(no_notify, interval=0.5)
    has(receiver, 1)
    server.update(ZONE, zone_text(ZONE, 2))
    has(receiver, 2)
    time.sleep(1.2)
    assert receiver.transfers == ["AXFR", "IXFR"], "what it has is not fetched again"
    assert receiver.heard == []


@pytest.mark.parametrize("transfer", [
    'allow-transfer { key "cloud-key"; };',
    # BIND's way of asking for both: an address of the list, and the key.
    'allow-transfer { !{ !127.58.0.0/24; !127.21.244.0/22; !127.22.200.0/22; any; }; key "cloud-key"; };'],
    ids=["key", "key-and-list"])
def test_tsig(lab_provider, transfer):
    key = Key("cloud-key")
    server, receiver = lab_provider(lambda s, r: keyed(guide_text(s, r), key, transfer), key=key)
    has(receiver, 1)
    server.update(ZONE, zone_text(ZONE, 2))
    has(receiver, 2)
    assert (ZONE, 2, True) in receiver.heard and all(signed for _, _, signed in receiver.heard)
    assert receiver.transfers == ["AXFR", "IXFR"]
    # An address alone opens nothing, nor does another secret.
    for source in LISTED:
        assert refused(server, source)
        assert refused(server, source, Key("cloud-key", seed="another"))
    assert refused(server, LISTED[0], Key("another-key"))
    if "!" in transfer:
        assert refused(server, NOT_LISTED[0], key)
