# SPDX-License-Identifier: GPL-3.0-or-later
"""IXFR by UDP (RFC 1995, sections 2 and 4): what fits one datagram and is right
is taken; whatever else comes, or does not come, TCP is asked at once."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from incremental import ZONE, Incremental               # noqa: E402
from misbehaving import AXFR, IXFR, Signer, record, reply    # noqa: E402
from peers import client                                # noqa: E402
from peers.process import wait_until                    # noqa: E402
from test_faults import Pair                            # noqa: E402
from test_incremental import change                     # noqa: E402

UDP, TCP = ("udp", IXFR), ("tcp", IXFR)
A = 1


class Datagram(Incremental):
    """All steps in one datagram; by TCP they come as well."""

    def udp_ixfr(self, primary, query):
        return [primary.signed(query, reply(query, self.udp_rows(primary)))]

    def udp_rows(self, primary):
        return self.steps(primary)


class UdpPair(Pair):
    """As NSD's `request-xfr: UDP` would have it."""

    def __init__(self, lab, keyed=False):
        super().__init__(lab, keyed=keyed)
        self.secondary.stop()
        self.secondary.dialect = "nsd"
        self.secondary.config_path = self.secondary.folder / "nsd.conf"
        self.secondary.zones[ZONE].ixfr = "udp"
        self.secondary.start()
        self.secondary.wait_serial(ZONE, 1)

    def taken(self, serial):
        """The new serial is brought and served; what was asked for IXFR or AXFR."""
        mark = self.secondary.log_mark()
        change(self, serial)
        self.secondary.wait_serial(ZONE, serial)
        self.assert_serves(serial)
        lines = [line for line in self.secondary.log_since(mark).splitlines() if "complete:" in line]
        assert len(lines) == 1
        return [asked for asked in self.primary.asked if asked[1] in (AXFR, IXFR)], lines[0]


@pytest.fixture(params=[False, True], ids=["open", "tsig"])
def pair(lab, request):
    both = UdpPair(lab, request.param)
    yield both
    both.primary.close()


def test_what_fits_one_datagram_needs_no_connection(pair):
    pair.primary.misbehave(Datagram())
    for serial in (2, 3, 4):
        asked, line = pair.taken(serial)
        assert asked == [UDP]
        assert "IXFR (-" in line and ") by UDP" in line


class LoneSoa(Datagram):
    """It does not fit."""
    def udp_rows(self, primary):
        return [primary.soa_record]


class Truncated(Datagram):
    def udp_ixfr(self, primary, query):
        return [primary.signed(query, reply(query, [], tc=True))]


class Unfinished(Datagram):
    def udp_rows(self, primary):
        return self.steps(primary)[:-1]


class WrongSteps(Datagram):
    def udp_rows(self, primary):
        rows = self.steps(primary)
        return rows[:2] + [record(f"ghost.{ZONE}", A, bytes(4))] + rows[2:]


class Refusal(Datagram):
    rcode = 5

    def udp_ixfr(self, primary, query):
        return [primary.signed(query, reply(query, [], rcode=self.rcode))]


class NotImplemented_(Refusal):
    rcode = 4


class Malformed(Datagram):
    def udp_ixfr(self, primary, query):
        return [reply(query, self.steps(primary), count=200)]


class AnotherZone(Datagram):
    def udp_rows(self, primary):
        return [row._replace(owner=b"\5other\0") for row in self.steps(primary)]


@pytest.mark.parametrize("kind", [LoneSoa, Truncated, Unfinished, WrongSteps, Refusal, NotImplemented_, Malformed,
                                  AnotherZone])
def test_tcp_follows_at_once(pair, kind):
    pair.primary.misbehave(kind())
    for serial in (2, 3):       # and nothing is held against UDP
        asked, line = pair.taken(serial)
        assert asked == [UDP, TCP]
        assert "by UDP" not in line


class WrongSignature(Datagram):
    def udp_ixfr(self, primary, query):
        message = reply(query, self.steps(primary))
        return [Signer(primary.key, query.mac).sign(message, spoil=True) if primary.key else b"x"]


class Unsigned(Datagram):
    def udp_ixfr(self, primary, query):
        return [reply(query, self.steps(primary))]


@pytest.mark.parametrize("kind", [WrongSignature, Unsigned])
def test_a_datagram_that_is_not_signed_as_it_should_be_is_not_believed(lab, kind):
    both = UdpPair(lab, keyed=True)
    both.primary.misbehave(kind())
    asked, line = both.taken(2)
    assert asked == [UDP, TCP] and "by UDP" not in line
    both.primary.close()


class Strangers(Datagram):
    """Packets of others come before the answer: other IDs, other questions."""

    def udp_ixfr(self, primary, query):
        wrong = [record(f"late.{ZONE}", A, bytes(4))]
        return [b"", b"short", reply(query, wrong, number=query.number ^ 1), reply(query, wrong, qr=False),
                reply(query, wrong, question=b"\5other\0\0\xfb\0\1"), *super().udp_ixfr(primary, query)]


def test_packets_that_are_no_answer_are_not_taken_for_one(pair):
    pair.primary.misbehave(Strangers())
    assert pair.taken(2)[0] == [UDP]


class Silence(Datagram):
    def udp_ixfr(self, primary, query):
        return []


def test_a_primary_that_is_silent_by_udp_is_asked_by_tcp_alone_from_then_on(pair):
    pair.primary.misbehave(Silence())
    asked, _ = pair.taken(2)
    assert asked == [UDP, UDP, TCP]
    pair.primary.misbehave(Datagram())
    assert pair.taken(3)[0] == [TCP]


def test_a_soa_alone_that_is_ours_says_that_nothing_is_new(pair):
    """A NOTIFY that lies costs one datagram."""
    pair.primary.misbehave(LoneSoa())
    pair.primary.asked.clear()
    client.notify("127.0.0.1", pair.secondary.port, ZONE, serial=9, key=pair.key)
    wait_until(lambda: UDP in pair.primary.asked)
    pair.primary.misbehave(Datagram())
    assert pair.taken(2)[0] == [UDP]
    assert TCP not in pair.primary.asked
