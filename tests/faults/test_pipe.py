# SPDX-License-Identifier: GPL-3.0-or-later
"""Many zones' serials asked of one primary at once: together over one connection
where it answers so, in whatever order, and by UDP where it does not."""

import pathlib
import select
import signal
import struct
import sys
import threading

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import misbehaving                                      # noqa: E402
from misbehaving import AXFR, IXFR, SOA, Fault, Record, read_query, reply, wire_name   # noqa: E402
from peers import Endpoint, Key, Zone, free_port        # noqa: E402
from peers.process import wait_until                    # noqa: E402

COUNT = 60
NAMES = [f"z{i}.pipe.test" for i in range(COUNT)]


class Many(Fault):
    """Serves all the zones, each with a serial of its own."""

    def __init__(self):
        self.generation = 1
        self.lock = threading.Lock()
        self.begin()
        self.serials = {wire_name(name): i + 1 for i, name in enumerate(NAMES)}

    def serial(self, name):
        return self.generation * 1000 + self.serials[name]

    def record(self, query):
        return Record(query.name, SOA, 300, wire_name("ns.pipe.test") + wire_name("host.pipe.test")
                      + struct.pack("!5I", self.serial(query.name), 3600, 600, 86400, 60))

    def soa(self, primary, query):
        return primary.signed(query, reply(query, [self.record(query)]))

    def begin(self):
        """A round: its first answers by UDP are held until many serials were asked,
        however slowly, so that the others find questions under way."""
        with self.lock:
            self.held = []

    def udp(self, primary, query, raw, source):
        answers = super().udp(primary, query, raw, source)
        with self.lock:
            if self.held is None:
                return answers
            if not self.held:
                # Before who asks gives up.
                threading.Timer(3, self.let_go, [primary, self.held]).start()
            self.held += [(answer, source) for answer in answers]
        self.look(primary)
        return []

    def look(self, primary):
        if max(primary.serials_asked("udp"), primary.serials_asked("tcp")) >= 20:
            self.let_go(primary, self.held)

    def let_go(self, primary, held):
        with self.lock:
            if held is None or held is not self.held:
                return
            self.held = None
        for answer, source in held:
            try:
                primary._udp.sendto(answer, source)
            except OSError:
                return      # it is closed

    def udp_ixfr(self, primary, query):
        return [self.soa(primary, query)]

    def messages(self, primary, query):
        ns = Record(query.name, 2, 300, wire_name("ns.pipe.test"))
        return [reply(query, [self.record(query), ns, self.record(query)])]


class Manner:
    """What becomes of the serials asked on one connection, as (question, answer)
    pairs that have come together: the bytes, and whether the connection stays."""

    works = True
    spares_udp = True           # each question is answered by the second asking
    misses = 1                  # rounds until it is remembered that it does not

    def __init__(self):
        self.done = 0

    def say(self, pairs):
        return [answer for _, answer in pairs], True


class Reversed(Manner):
    def say(self, pairs):
        return [answer for _, answer in reversed(pairs)], True


class TenEach(Manner):
    """Closes after ten, which is its right: the rest come on new connections, or by UDP."""

    spares_udp = False

    def say(self, pairs):
        answers = [answer for _, answer in pairs][:10 - self.done]
        self.done += len(answers)
        return answers, self.done < 10


class OneEach(Manner):
    works = False

    def say(self, pairs):
        return [pairs[0][1]], False


class Closes(Manner):
    works = False

    def say(self, pairs):
        return [], False


class Silent(Manner):
    works = False
    misses = 2

    def say(self, pairs):
        return [], True


class LeavesOne(Manner):
    """Answers all but one of them."""

    works = False
    misses = 2

    def say(self, pairs):
        return [answer for _, answer in pairs[1:]], True


class OtherId(Manner):
    works = False

    def say(self, pairs):
        return [struct.pack("!H", answer[1] << 8 | answer[0] ^ 0x55) + answer[2:] for _, answer in pairs], True


class OtherQuestion(Manner):
    """The right ID under another zone's name."""

    works = False

    def say(self, pairs):
        return [answer.replace(b"\4pipe\4test", b"\4pope\4test") for _, answer in pairs], True


class WhileStopped(Manner):
    """Its answers come while the one who asks is stopped, once, for longer than it waits."""

    process = None

    def say(self, pairs):
        if WhileStopped.process is None or len(pairs) < 2:
            return super().say(pairs)
        process, WhileStopped.process = WhileStopped.process, None
        process.send_signal(signal.SIGSTOP)
        threading.Timer(1.5, process.send_signal, [signal.SIGCONT]).start()
        return super().say(pairs)


class TooLong(Manner):
    works = False

    def say(self, pairs):
        return [bytes(5000)], True


class Primary(misbehaving.Primary):
    manner = Manner
    together = 0                # the most serials that came at once

    def _serve_connection(self, connection):
        manner = self.manner()
        buffer = b""
        with connection:
            while not self._stop.is_set():
                if not select.select([connection], [], [], 0.1)[0]:
                    continue
                try:
                    more = connection.recv(65536)
                except OSError:
                    return
                if not more:
                    return
                # Those that are under way together.
                while select.select([connection], [], [], 0.05)[0]:
                    rest = connection.recv(65536)
                    if not rest:
                        break
                    more += rest
                buffer += more
                pairs = []
                while len(buffer) >= 2 and len(buffer) >= 2 + struct.unpack("!H", buffer[:2])[0]:
                    size = struct.unpack("!H", buffer[:2])[0]
                    pairs.append(read_query(buffer[2:2 + size], True))
                    buffer = buffer[2 + size:]
                if not self.answer(connection, manner, pairs):
                    return

    def answer(self, connection, manner, queries):
        self.asked += [("tcp", query.rtype) for query in queries]
        self.fault.look(self)
        answers, stays = [], True
        for query in queries:
            if query.rtype in (AXFR, IXFR):
                answers += self.fault.transfer(self, query)
        serials = [(query, self.fault.soa(self, query)) for query in queries if query.rtype == SOA]
        self.together = max(self.together, len(serials))
        if serials:
            said, stays = manner.say(serials)
            answers += said
        try:
            connection.sendall(b"".join(struct.pack("!H", len(answer)) + answer for answer in answers))
        except OSError:
            return False
        return stays

    def serials_asked(self, transport):
        return sum(asked == (transport, SOA) for asked in self.asked)


@pytest.fixture
def made(lab, request):
    primaries = []

    def make(manner, keyed):
        key = Key("pipe-key", "hmac-sha256") if keyed else None
        primary = Primary("pipe.test", free_port(), key)
        primaries.append(primary)
        primary.fault, primary.manner = Many(), manner
        server = lab.understudy()
        server.options = ["transfers-per-ns 4;"]
        for name in NAMES:
            server.add(Zone(name, primaries=[Endpoint("127.0.0.1", primary.port, key)]))
        server.start()
        assert_served(server, primary)
        return primary, server
    yield make
    for primary in primaries:
        primary.close()


def assert_served(server, primary):
    """Each zone with its own serial, so that no answer was taken for another's."""
    for name in NAMES:
        wait_until(lambda: server.serial(name) == primary.fault.serial(wire_name(name)), message=name)


def refresh_all(server):
    code, out, err = server.run("refresh", "--all", "--wait=120", "--state-dir", server.state_dir, timeout=150)
    assert code == 0, out + err


def next_round(primary, server):
    primary.asked.clear()
    primary.fault.begin()
    primary.fault.generation += 1
    refresh_all(server)
    assert_served(server, primary)


@pytest.mark.parametrize("keyed", [False, True], ids=["plain", "tsig"])
@pytest.mark.parametrize("manner", [Manner, Reversed, TenEach, OneEach, Closes, Silent, LeavesOne, OtherId,
                                    OtherQuestion, TooLong], ids=lambda manner: manner.__name__)
def test_every_zone_learns_its_serial(made, manner, keyed):
    primary, server = made(manner, keyed)
    for _ in range(manner.misses):
        next_round(primary, server)
        assert primary.serials_asked("tcp") >= 20, "they did not go together"
        assert primary.together > 1

    # A primary that does not answer so is remembered: the next time UDP is asked at once.
    next_round(primary, server)
    if manner.works:
        assert primary.serials_asked("tcp") >= 20
        assert primary.serials_asked("udp") < COUNT or not manner.spares_udp
    else:
        assert primary.serials_asked("tcp") == 0
        assert primary.serials_asked("udp") >= COUNT


def test_answers_that_came_while_we_were_stopped_are_read(made):
    primary, server = made(WhileStopped, False)
    WhileStopped.process = server.process
    next_round(primary, server)
    assert WhileStopped.process is None
    assert primary.serials_asked("tcp") >= 20
    # Those that go by UDP each may be asked again; what went together was not.
    begun = primary.asked[:primary.asked.index(("tcp", IXFR))]
    assert begun.count(("udp", SOA)) < COUNT
    next_round(primary, server)
    assert primary.serials_asked("tcp") >= 20


def test_it_ends_while_questions_are_under_way(made):
    primary, server = made(Silent, True)
    primary.asked.clear()
    primary.fault.begin()
    code, out, err = server.run("refresh", "--all", "--state-dir", server.state_dir)
    assert code == 0, out + err
    wait_until(lambda: primary.serials_asked("tcp") >= 20)
    assert server.stop() == 0
