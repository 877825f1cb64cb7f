# SPDX-License-Identifier: GPL-3.0-or-later
"""Incremental transfers: chains of servers through which random edits travel.

After each edit every server of a chain holds the identical zone, and our own
servers took and gave it as IXFR.
"""

import random
import re
import time

import dns.edns
import dns.message
import dns.name
import dns.query
import dns.rdatatype
import dns.rrset
import pytest

from conftest import SOAK
from peers import Endpoint, Key, Zone, client, zone_text
from peers.process import wait_until

ZONE = "example.com"
HERE = Endpoint("127.0.0.1")


class Edits:
    """A zone under random edits: adds, removes, TTLs, delegations, wildcards."""

    def __init__(self, seed, hosts=60):
        self.random = random.Random(seed)
        self.serial = 1
        self.sets = {}          # (owner, type) -> [ttl, rdata ...]
        for i in range(hosts):
            self.sets[f"host{i}", "A"] = [3600, f"198.51.{i // 250}.{i % 250 + 1}"]

    def text(self):
        lines = [f"{owner} {values[0]} IN {kind} {value}"
                 for (owner, kind), values in sorted(self.sets.items()) for value in values[1:]]
        return zone_text(ZONE, self.serial, hosts=0, extra="\n".join(lines) + "\n")

    def edit(self):
        """One to six changes, a new serial, the new text."""
        for _ in range(self.random.randint(1, 6)):
            getattr(self, self.random.choice([n for n in dir(self) if n.startswith("do_")]))()
        self.serial += self.random.choice([1, 1, 1, 7, 100])
        return self.text()

    def some(self, kind):
        return self.random.choice([key for key in self.sets if key[1] == kind] or [None])

    def do_add(self):
        number = self.random.randint(100, 10000)
        self.sets[f"new{number}", "A"] = [300, f"203.0.113.{number % 250 + 1}"]

    def do_add_below_nothing(self):
        self.sets[f"a.b{self.random.randint(1, 50)}.deep", "TXT"] = [60, f'"{self.random.random()}"']

    def do_remove(self):
        self.sets.pop(self.some("A"), None)

    def do_remove_text(self):
        self.sets.pop(self.some("TXT"), None)

    def do_ttl(self):
        key = self.some("A")
        if key:
            self.sets[key][0] = self.random.choice([60, 300, 3600, 7200])

    def do_another_address(self):
        key = self.some("A")
        if key and len(self.sets[key]) < 6:
            value = f"192.0.2.{self.random.randint(100, 250)}"
            if value not in self.sets[key]:
                self.sets[key].append(value)

    def do_delegate(self):
        name = f"sub{self.random.randint(1, 30)}"
        self.sets[name, "NS"] = [3600, f"ns.{name}", "ns.example.net."]
        self.sets[f"ns.{name}", "A"] = [3600, "192.0.2.53"]

    def do_take_back(self):
        key = self.some("NS")
        if key:
            del self.sets[key]
            self.sets.pop((f"ns.{key[0]}", "A"), None)

    def do_wildcard(self):
        key = (f"*.w{self.random.randint(1, 5)}", "TXT")
        if self.sets.pop(key, None) is None:
            self.sets[key] = [300, '"any"', f'"{self.random.random()}"']


def travels(servers, edits, count):
    """Make edits at the first server; each arrives at all the others."""
    first = servers[0]
    for server in servers:
        server.wait_serial(ZONE, edits.serial)
    for number in range(count):
        text = edits.edit()
        first.update(ZONE, text)
        for server in servers:
            server.wait_serial(ZONE, edits.serial)
        wanted = first.axfr(ZONE)
        for server in servers[1:]:
            assert server.axfr(ZONE) == wanted, f"edit {number}: {server} differs from {first}"
        if count > 25:
            time.sleep(0.2)     # the log lets only so many lines about transfers out through


def taken(server):
    return len(re.findall(r"transfer from .* complete: IXFR \(", server.log()))


def given(server):
    return len(re.findall(r"transfer to .* complete: IXFR of ", server.log()))


def chain(lab, first, second, third, edits, key=None, ixfr=True):
    """Three servers in a row, each telling the next."""
    options = {"bind": ["ixfr-from-differences yes;"],
               "knot": ["zonefile-load: difference", "journal-content: changes"],
               "nsd": ["store-ixfr: yes", "create-ixfr: yes"]}
    kinds = [first, second, third]
    servers = [lab.peer(kind) if kind != "us" else lab.understudy(dialect="nsd" if ixfr == "udp" else random.Random(i).choice(["named", "nsd"]))
               for i, kind in enumerate(kinds) if kind]
    for i, server in enumerate(servers):
        server.add(Zone(ZONE, edits.text() if i == 0 else "",
                        primaries=[servers[i - 1].with_key(key)] if i > 0 else [],
                        allow=[Endpoint("127.0.0.1", 0, key)] * bool(key) + [HERE],
                        notify=[servers[i + 1].with_key(key)] if i + 1 < len(servers) else [],
                        options=options.get(kinds[i], []) if i == 0 else [], ixfr=ixfr))
    for server in servers:
        (server.folder / "db").mkdir()
        server.start()
    return servers


# PowerDNS keeps no history and sends the whole zone each time: what we give on is
# the difference that we find ourselves.
CHAINS = [("bind", "us", "knot", None), ("knot", "us", "nsd", None), ("us", "us", "us", Key()),
          ("us", "us", "bind", None), ("powerdns", "us", "bind", None)]


@pytest.mark.parametrize("first,second,third,key", CHAINS, ids=["-".join(c[:3]) for c in CHAINS])
def test_random_edits_travel_as_ixfr(lab, first, second, third, key):
    edits = Edits(seed=f"{first}{second}{third}")
    servers = chain(lab, first, second, third, edits, key)
    count = 200 if SOAK else 25
    travels(servers, edits, count)
    for i, kind in enumerate((first, second, third)):
        if kind == "us" and i > 0 and servers[i - 1].kind != "PowerDNS":
            assert taken(servers[i]) == count, f"{servers[i]} took {taken(servers[i])} of {count} by IXFR"
        if kind == "us" and i < 2:
            assert given(servers[i]) >= count, f"{servers[i]} gave {given(servers[i])} of {count} by IXFR"


@pytest.mark.parametrize("first,key", [("bind", Key()), ("nsd", Key()), ("us", None)], ids=["bind", "nsd", "us"])
def test_random_edits_travel_by_udp(lab, first, key):
    """nsd.conf's `request-xfr: UDP`: the small ones need no connection."""
    edits = Edits(seed=f"udp {first}")
    primary, secondary = chain(lab, first, "us", None, edits, key, ixfr="udp")
    count = 100 if SOAK else 10
    travels([primary, secondary], edits, count)
    assert taken(secondary) == count
    by_udp = len(re.findall(r"complete: IXFR \(.*\) by UDP", secondary.log()))
    # BIND answers with the SOA alone, whatever would fit: that much it costs, and no more.
    assert by_udp == (0 if first == "bind" else count)


def ask_ixfr(server, serial, tcp=True, payload=None):
    """All messages of an IXFR from that serial, as lists of (type, serial or name)."""
    query = dns.message.make_query(ZONE, "IXFR", use_edns=0 if payload else None, payload=payload or 0)
    query.authority.append(dns.rrset.from_text(ZONE + ".", 0, "IN", "SOA", f"a. b. {serial} 0 0 0 0"))
    how = dns.query.tcp if tcp else dns.query.udp
    return how(query, server.address, port=server.port, timeout=30, one_rr_per_rrset=True)


def told(reply):
    """The serials in order; between two of them the first labels, sorted."""
    rows, names = [], []
    for row in rows_of(reply):
        if isinstance(row, int):
            rows += sorted(names) + [row]
            names = []
        else:
            names.append(row)
    return rows + sorted(names)


def rows_of(reply):
    return [rrset[0].serial if rrset.rdtype == dns.rdatatype.SOA else rrset.name.to_text().split(".")[0]
            for rrset in reply.answer]


@pytest.fixture
def primary(lab):
    """Serials 1, 2 and 3, each with one host more."""
    server = lab.understudy()
    server.add(Zone(ZONE, zone_text(ZONE, 1, hosts=40), allow=[HERE]))
    server.start()
    server.wait_serial(ZONE, 1)
    for serial in (2, 3):
        server.wait_log("is served|loaded")
        server.update(ZONE, zone_text(ZONE, serial, hosts=39 + serial))
        server.wait_serial(ZONE, serial)
    return server


def test_all_steps_in_one_reply(primary):
    assert told(ask_ixfr(primary, 1)) == [3, 1, "serial", 2, "host40", "serial", 2, "serial", 3,
                                          "host41", "serial", 3]
    assert told(ask_ixfr(primary, 2)) == [3, 2, "serial", 3, "host41", "serial", 3]


def test_a_client_that_is_up_to_date_gets_the_serial_alone(primary):
    assert told(ask_ixfr(primary, 3)) == [3]
    assert told(ask_ixfr(primary, 7)) == [3]


def test_an_unknown_serial_gets_the_whole_zone(primary):
    rows = told(ask_ixfr(primary, 0))
    assert rows[0] == rows[-1] == 3 and rows.count(3) == 2 and "host10" in rows


def test_by_udp_as_far_as_it_fits(primary):
    assert told(ask_ixfr(primary, 2, tcp=False, payload=1232)) == [3, 2, "serial", 3, "host41", "serial", 3]
    assert told(ask_ixfr(primary, 0, tcp=False, payload=1232)) == [3]
    assert told(ask_ixfr(primary, 3, tcp=False)) == [3]


def test_the_journal_outlives_a_restart(lab):
    first, second = lab.understudy(), lab.understudy()
    first.add(Zone(ZONE, zone_text(ZONE, 1, hosts=40), allow=[HERE], notify=[second.endpoint]))
    second.add(Zone(ZONE, primaries=[first.endpoint], allow=[HERE]))
    first.start()
    second.start()
    second.wait_serial(ZONE, 1)
    for serial in (2, 3):
        first.update(ZONE, zone_text(ZONE, serial, hosts=39 + serial))
        second.wait_serial(ZONE, serial)
    second.stop()
    second.launch()
    second.wait_serial(ZONE, 3)
    assert told(ask_ixfr(second, 1)) == [3, 1, "serial", 2, "host40", "serial", 2, "serial", 3,
                                         "host41", "serial", 3]


def test_provide_ixfr_no(lab):
    server = lab.understudy()
    server.options = ["provide-ixfr no;"]
    server.add(Zone(ZONE, zone_text(ZONE, 1), allow=[HERE]))
    server.start()
    server.wait_serial(ZONE, 1)
    server.update(ZONE, zone_text(ZONE, 2))
    server.wait_serial(ZONE, 2)
    assert told(ask_ixfr(server, 1)).count(1) == 0


def test_request_ixfr_no(lab):
    first, second = lab.understudy(), lab.understudy()
    first.add(Zone(ZONE, zone_text(ZONE, 1), allow=[HERE], notify=[second.endpoint]))
    second.add(Zone(ZONE, primaries=[first.endpoint], options=["request-ixfr no;"]))
    first.start()
    second.start()
    second.wait_serial(ZONE, 1)
    first.update(ZONE, zone_text(ZONE, 2))
    second.wait_serial(ZONE, 2)
    assert taken(second) == 0


def test_a_signed_zone_signed_anew(lab):
    """BIND signs; each edit changes signatures and the chain of NSEC."""
    signer, ours, last = lab.bind(), lab.understudy(), lab.knot()
    edits = Edits("signed")
    signer.add(Zone(ZONE, edits.text(), allow=[HERE], notify=[ours.endpoint],
                    options=["dnssec-policy default;", "inline-signing yes;"]))
    ours.add(Zone(ZONE, primaries=[signer.endpoint], allow=[HERE], notify=[last.endpoint]))
    last.add(Zone(ZONE, primaries=[ours.endpoint], allow=[HERE]))
    for server in (signer, ours, last):
        server.start()
    wait_until(lambda: client.ask(signer.address, signer.port, ZONE, "DNSKEY", dnssec=True).answer, 20)
    for _ in range(20 if SOAK else 3):
        before = signer.serial(ZONE)
        signer.update(ZONE, edits.edit())
        wait_until(lambda: signer.serial(ZONE) != before)
        same(signer, ours, last)
    assert taken(ours) >= 3


def same(*servers):
    """All have what the first has, which may go on changing a little."""
    def equal():
        zones = [server.axfr(ZONE) for server in servers]
        return all(zone == zones[0] for zone in zones)
    time.sleep(0.3)
    wait_until(equal, step=0.2, message=lambda: f"{servers[-1]} does not come to what {servers[0]} has: "
               + ", ".join(str(s.serial(ZONE)) for s in servers))


# EDNS EXPIRE (RFC 7314): a chain expires together.

def expire(server, kind="SOA", tcp=False):
    """What the server answers with EXPIRE in its OPT, or None."""
    query = dns.message.make_query(ZONE, kind, use_edns=0, options=[dns.edns.GenericOption(9, b"")])
    if kind == "IXFR":
        query.authority.append(dns.rrset.from_text(ZONE + ".", 0, "IN", "SOA", "a. b. 1 0 0 0 0"))
    reply = (dns.query.tcp if tcp else dns.query.udp)(query, server.address, port=server.port, timeout=30)
    found = [option for option in reply.options if int(option.otype) == 9]
    return int.from_bytes(found[0].to_wire(), "big") if found else None


def test_expire_is_what_is_left(lab):
    first, second, third = lab.understudy(), lab.understudy(), lab.understudy()
    first.add(Zone(ZONE, zone_text(ZONE, 1, expire=1000, refresh=60, retry=30), allow=[HERE]))
    second.add(Zone(ZONE, primaries=[first.endpoint], allow=[HERE]))
    third.add(Zone(ZONE, primaries=[second.endpoint], allow=[HERE]))
    first.start()
    second.start()
    second.wait_serial(ZONE, 1)
    first.stop()
    time.sleep(3)
    third.start()
    third.wait_serial(ZONE, 1)
    left = expire(second)
    assert 900 < left <= 997
    of_third, of_axfr, of_ixfr = expire(third), expire(second, "AXFR", tcp=True), expire(second, "IXFR", tcp=True)
    still_left = expire(second)         # it went on falling while we asked
    assert still_left - 4 <= of_third <= left, "a copy of a copy lives no longer than that"
    assert still_left <= of_ixfr <= of_axfr <= left
    first.start()
    assert expire(first) == expire(first, tcp=True) == 1000


def test_expire_of_bind_is_understood(lab):
    first, second, third = lab.bind(), lab.bind(), lab.understudy()
    first.add(Zone(ZONE, zone_text(ZONE, 1, expire=1000, refresh=60, retry=30), allow=[HERE]))
    second.add(Zone(ZONE, primaries=[first.endpoint], allow=[HERE]))
    third.add(Zone(ZONE, primaries=[second.endpoint]))
    first.start()
    second.start()
    second.wait_serial(ZONE, 1)
    first.stop()
    time.sleep(3)
    third.start()
    third.wait_serial(ZONE, 1)
    assert 900 < expire(third) <= 997
