# SPDX-License-Identifier: GPL-3.0-or-later
"""The sync monitor: what the other servers of a zone have, as `status --json` tells it."""

import json
import socket
import threading
import time

import pytest

from peers import Endpoint, Zone, client, zone_text
from peers.process import free_port, wait_until

OPEN = [Endpoint("127.0.0.1")]
# A follow-up comes up to 2, 10 and 33 s after a change, and a round each 10 s.
SOON = 90


def servers(ours, zone="example.com"):
    """What is known of the zone's servers, by address@port."""
    code, text, why = ours.run("status", "-c", ours.config_path, zone, "--json")
    assert code in (0, 4), why
    return {one["address"]: one for one in json.loads(text)["servers"]}


def wait_server(ours, endpoint, good, zone="example.com"):
    def look():
        one = servers(ours, zone).get(f"{endpoint.address}@{endpoint.port}")
        return one if one and good(one) else None
    return wait_until(look, SOON, 0.2, lambda: json.dumps(servers(ours, zone), indent=1))


def watch(ours, *endpoints):
    """The lines that have these servers watched, in the dialect of the configuration."""
    if ours.dialect == "nsd":
        return [f"monitor-server: {e.address}@{e.port} NOKEY" for e in endpoints]
    return ["monitor-servers { " + " ".join(f"{e.address} port {e.port};" for e in endpoints) + " };"]


def options(ours, **wanted):
    form = "{}: {}" if ours.dialect == "nsd" else "{} {};"
    ours.options = [form.format(word.replace("_", "-"), value) for word, value in wanted.items()]


@pytest.mark.parametrize("dialect", ["named", "nsd"])
def test_siblings_in_step_behind_lame_and_gone(lab, dialect):
    """One sibling hears of the change, one does not, one does not serve the zone, one is stopped."""
    primary, ours = lab.bind(), lab.understudy(dialect=dialect)
    quick, slow, lame, gone = lab.nsd(), lab.knot(), lab.bind(), lab.nsd()
    primary.add(Zone("example.com", zone_text("example.com", 1), allow=OPEN,
                     notify=[ours.endpoint, quick.endpoint]))
    for sibling in (quick, slow, gone):
        sibling.add(Zone("example.com", primaries=[primary.endpoint]))
    lame.add(Zone("example.net", zone_text("example.net", 1)))
    options(ours, monitor_interval=10, monitor_lag=1)
    zone = ours.add(Zone("example.com", primaries=[primary.endpoint]))
    zone.options = watch(ours, quick.endpoint, slow.endpoint, lame.endpoint, gone.endpoint)
    for server in (primary, quick, slow, lame, gone):
        server.start()
    for sibling in (quick, slow, gone):
        sibling.wait_serial("example.com", 1)
    gone.stop()
    ours.start()

    for sibling in (quick, slow):
        seen = wait_server(ours, sibling.endpoint, lambda one: one["serial"] == 1)
        assert seen["part"] == "sibling" and seen["lag_seconds"] == 0
        assert seen["error"] is None and seen["round_trip_us"] > 0
    seen = wait_server(ours, primary.endpoint, lambda one: one["serial"] == 1)
    assert seen["part"] == "primary" and seen["error"] is None
    seen = wait_server(ours, lame.endpoint, lambda one: one["error"])
    assert seen["error"].startswith("REFUSED: it does not serve the zone") and seen["serial"] is None
    seen = wait_server(ours, gone.endpoint, lambda one: one["error"])
    assert seen["error"].startswith("unreachable") and seen["serial"] is None

    primary.update("example.com", zone_text("example.com", 2))
    ours.wait_serial("example.com", 2)
    wait_server(ours, quick.endpoint, lambda one: one["serial"] == 2 and one["lag_seconds"] == 0)
    behind = wait_server(ours, slow.endpoint, lambda one: one["serial"] == 1 and one["lag_seconds"] > 1)
    assert behind["error"] is None
    ours.wait_log(f"{slow.endpoint.address}@{slow.endpoint.port} still has serial 1, though 2", SOON)

    client.notify(slow.address, slow.port, "example.com", 2)
    slow.wait_serial("example.com", 2)
    wait_server(ours, slow.endpoint, lambda one: one["serial"] == 2 and one["lag_seconds"] == 0)
    ours.wait_log("has caught up: serial 2", SOON)
    # Each is told of once; a busy machine may have let another be late too.
    told = [line for line in ours.log().splitlines() if f"{slow.endpoint.address}@{slow.endpoint.port} " in line]
    for words in ("still has serial 1", "has caught up"):
        assert sum(words in line for line in told) == 1, told


def test_a_lost_notify_is_made_up_for(lab):
    """Nobody tells us of the change; the monitor sees it at the primary, long before the refresh time."""
    primary, ours = lab.bind(), lab.understudy()
    primary.add(Zone("example.com", zone_text("example.com", 1, refresh=86400), allow=OPEN))
    options(ours, monitor_interval=10)
    ours.add(Zone("example.com", primaries=[primary.endpoint]))
    primary.start()
    ours.start()
    ours.wait_serial("example.com", 1)
    wait_server(ours, primary.endpoint, lambda one: one["serial"] == 1)
    primary.update("example.com", zone_text("example.com", 2, refresh=86400))
    ours.wait_serial("example.com", 2, SOON)


@pytest.mark.parametrize("receiver", ["bind", "nsd", "knot"])
def test_a_primary_sees_its_secondaries_converge(lab, receiver):
    ours, theirs = lab.understudy(), lab.peer(receiver)
    options(ours, monitor_interval=600)
    ours.add(Zone("example.com", zone_text("example.com", 1), allow=OPEN, notify=[theirs.endpoint]))
    theirs.add(Zone("example.com", primaries=[ours.endpoint]))
    ours.start()
    theirs.start()
    theirs.wait_serial("example.com", 1)
    seen = wait_server(ours, theirs.endpoint, lambda one: one["serial"] == 1)
    assert seen["part"] == "receiver"
    # The round comes in ten minutes: what is seen now was asked because of the change.
    ours.update("example.com", zone_text("example.com", 2))
    wait_server(ours, theirs.endpoint, lambda one: one["serial"] == 2 and one["lag_seconds"] == 0)


def test_the_name_servers_of_the_zone_and_ourselves(lab):
    """The NS set by its addresses in the zone; our own is not asked, and one without an address is named."""
    try:
        ours, sibling = (lab.understudy(address="127.53.7.1", port=53), lab.nsd(address="127.53.7.2", port=53))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.53.7.1", 53))
    except OSError:
        pytest.skip("port 53 is not ours to use")
    text = ("$ORIGIN example.com.\n$TTL 60\n@ SOA ns1 root 7 3600 600 604800 60\n"
            "@ NS ns1\n@ NS ns2\n@ NS ns.elsewhere.test.\n@ NS ns3\n"
            "ns1 A 127.53.7.1\nns2 A 127.53.7.2\nns3 A 224.0.0.1\n")
    options(ours, monitor="yes")
    ours.add(Zone("example.com", text, allow=OPEN))
    sibling.add(Zone("example.com", text))
    ours.start()
    sibling.start()
    seen = wait_server(ours, Endpoint("127.53.7.2"), lambda one: one["serial"] == 7)
    assert seen["name"].startswith("ns2.example.com") and seen["error"] is None
    seen = servers(ours)
    assert seen["127.53.7.1@53"]["self"] and not seen["127.53.7.2@53"]["self"]
    assert seen["127.53.7.1@53"]["serial"] == 7 and seen["127.53.7.1@53"]["round_trip_us"] is None
    assert "none that one host can have" in seen["224.0.0.1@53"]["error"]
    unknown = next(one for one in seen.values() if (one["name"] or "").startswith("ns.elsewhere"))
    assert "monitor-servers can name it" in unknown["error"]
    assert unknown["serial"] is None and unknown["address"] is None


class Silent:
    """Takes questions and answers none, or each with the bytes that `reply` makes of it."""

    def __init__(self, reply=None):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.endpoint = Endpoint("127.0.0.1", free_port())
        self.socket.bind(self.endpoint[:2])
        self.questions = []
        self.sources = set()
        self.reply = reply
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                data, source = self.socket.recvfrom(4096)
            except OSError:
                return
            self.questions.append(data)
            self.sources.add(source)
            if self.reply:
                self.socket.sendto(self.reply(data), source)


def test_a_silent_server_costs_all_zones_together_a_few_questions(lab):
    dead, alive, ours = Silent(), lab.nsd(), lab.understudy()
    options(ours, monitor_interval=10)
    for i in range(100):
        name = f"z{i}.example"
        alive.add(Zone(name, zone_text(name, 1)))
        zone = ours.add(Zone(name, zone_text(name, 1)))
        zone.options = watch(ours, dead.endpoint, alive.endpoint)
    alive.start()
    ours.start()
    began = time.monotonic()
    for i in (0, 50, 99):
        wait_server(ours, alive.endpoint, lambda one: one["serial"] == 1, f"z{i}.example")
    ours.wait_log("answers no question for a serial", SOON)
    seen = wait_server(ours, dead.endpoint, lambda one: one["error"], "z0.example")
    assert seen["error"].startswith("no answer by UDP") and seen["serial"] is None
    # 16 at once before it is known to be dead, each asked three times; then one at a
    # time, after pauses that grow.
    assert len(dead.questions) <= 16 * 3 + 6 + 3 * int((time.monotonic() - began) / 10)
    assert len({question[:2] for question in dead.questions}) > 8, "the IDs are the same"
    assert len(dead.sources) > 8, "the ports are the same"


def lame(data):
    return data[:2] + b"\x80\x00" + data[4:6] + bytes(6) + data[12:]


def cut(data):
    return data[:2] + b"\x86\x00" + data[4:6] + bytes(6) + data[12:]


def wrong_question(data):
    return data[:2] + b"\x84\x00" + data[4:6] + bytes(6) + data[12:].replace(b"example", b"elpmaxe")


def noise(data):
    return data[:2] + b"\x84\x00\x00\x01\x00\x09\x00\x00\x00\x00" + data[12:] + b"\xc0\x0c\x00\x06\xff"


@pytest.mark.parametrize("reply, words", [
    (lame, "lame: it answers, but not with authority"),
    (cut, "a truncated answer, and none by TCP"),
    (wrong_question, "no answer by UDP"),
    (noise, "a malformed answer"),
], ids=["lame", "cut", "another-question", "noise"])
def test_what_a_bad_answer_is_called(lab, reply, words):
    odd, ours = Silent(reply), lab.understudy()
    zone = ours.add(Zone("example.com", zone_text("example.com", 1)))
    zone.options = watch(ours, odd.endpoint)
    ours.start()
    seen = wait_server(ours, odd.endpoint, lambda one: one["error"])
    assert seen["error"].startswith(words) and seen["serial"] is None


def test_a_sibling_that_is_ahead(lab):
    """A serial that our primary does not have is shown, and makes nobody late."""
    primary, ours, odd = lab.nsd(), lab.understudy(), lab.bind()
    primary.add(Zone("example.com", zone_text("example.com", 5), allow=OPEN))
    odd.add(Zone("example.com", zone_text("example.com", 2026112201)))
    zone = ours.add(Zone("example.com", primaries=[primary.endpoint]))
    zone.options = watch(ours, odd.endpoint)
    for server in (primary, odd, ours):
        server.start()
    ours.wait_serial("example.com", 5)
    seen = wait_server(ours, odd.endpoint, lambda one: one["serial"] == 2026112201)
    assert seen["ahead"] and seen["lag_seconds"] == 0 and seen["error"] is None
    seen = wait_server(ours, primary.endpoint, lambda one: one["serial"] == 5)
    assert seen["lag_seconds"] == 0


def test_reloads_while_questions_are_on_their_way(lab):
    """Zones that go, come back and are no longer watched while a server keeps all of them waiting."""
    dead, ours = Silent(), lab.understudy()
    names = [f"z{i}.example" for i in range(12)]
    kept = {}
    for name in names:
        kept[name] = ours.add(Zone(name, zone_text(name, 1)))
        kept[name].options = watch(ours, dead.endpoint)
    ours.start()
    wait_until(lambda: len(dead.questions) >= 4, SOON)
    for name in names[::2]:
        del ours.zones[name]
    kept[names[1]].options = watch(ours, dead.endpoint) + ["monitor no;"]
    ours.write_files()
    ours.reload()
    wait_until(lambda: ours.run("status", "-c", ours.config_path, names[0])[0] == 1, SOON)
    assert servers(ours, names[1]) == {}
    for name in names[::2]:
        ours.zones[name] = kept[name]
    ours.write_files()
    ours.reload()
    wait_until(lambda: ours.run("status", "-c", ours.config_path, names[0])[0] in (0, 4), SOON)
    wait_server(ours, dead.endpoint, lambda one: True, names[0])
    # The laboratory sees that the server ends well with some of them still waiting.
    assert servers(ours, names[3])


def test_switched_off(lab):
    watched, ours = Silent(), lab.understudy()
    options(ours, monitor="no", monitor_interval=10)
    zone = ours.add(Zone("example.com", zone_text("example.com", 1)))
    zone.options = watch(ours, watched.endpoint)
    ours.start()
    assert servers(ours) == {}
    assert watched.questions == []
