# SPDX-License-Identifier: GPL-3.0-or-later
"""The past of a zone: which versions are kept, what differs between them, and
serving an older one until the operator resumes."""

import json
import time

import pytest

from peers import Endpoint, Zone, zone_text
from peers.process import wait_until

ZONE = "example.com"


def text(serial):
    """Version N has host1 … hostN, and one record that is there in version 3 alone."""
    brief = "brief IN TXT \"there in 3 alone\"\n" if serial == 3 else ""
    return zone_text(ZONE, serial, hosts=serial, extra=brief)


@pytest.fixture
def pair(lab):
    """A primary and a secondary that has followed it from serial 1 to 5."""
    first, second = lab.understudy(), lab.understudy()
    first.add(Zone(ZONE, text(1), allow=[Endpoint("127.0.0.1")], notify=[second.endpoint]))
    second.add(Zone(ZONE, primaries=[first.endpoint]))
    first.start()
    second.start()
    second.wait_serial(ZONE, 1)
    for serial in range(2, 6):
        first.update(ZONE, text(serial))
        second.wait_serial(ZONE, serial)
    return first, second


def say(server, verb, *words, code=0):
    got, out, err = server.run(verb, ZONE, *words, "--state-dir", server.state_dir)
    assert got == code, (got, out, err)
    return out + err


def status(server):
    return json.loads(server.status(ZONE, "--json"))


def restart(server, how):
    how()
    server.launch()
    server.wait_ready()


def hosts(server):
    """How many hosts it answers for."""
    return sum(bool(server.ask(f"host{i}.{ZONE}").answer) for i in range(8))


# --- history and diff

def test_history_lists_what_is_kept(pair):
    first, second = pair
    for server in pair:
        history = json.loads(say(server, "history", "--json"))
        assert [v["serial"] for v in history["versions"]] == [1, 2, 3, 4, 5]
        assert [v["served"] for v in history["versions"]] == [False] * 4 + [True]
        assert (history["serial"], history["newest"], history["rolled_back"]) == (5, 5, False)
        oldest, *later = history["versions"]
        assert oldest["since"] is None and oldest["added"] is None
        assert [(v["removed"], v["added"]) for v in later] == [(1, 2), (1, 3), (2, 2), (1, 2)]
        assert all(abs(v["since"] - time.time()) < 120 and v["bytes"] > 100 for v in later)
    lines = say(second, "history").splitlines()
    assert lines[0].split() == ["SERIAL", "SINCE", "REMOVED", "ADDED", "BYTES"]
    assert [line[:3] for line in lines[1:6]] == ["  1", "  2", "  3", "  4", "* 5"]
    assert lines[6:] == ["* is served"]


def test_history_of_a_zone_that_never_changed(lab):
    server = lab.understudy()
    server.add(Zone(ZONE, text(1)))
    server.start()
    server.wait_serial(ZONE, 1)
    history = json.loads(say(server, "history", "--json"))
    assert [(v["serial"], v["served"]) for v in history["versions"]] == [(1, True)]
    assert "only 1 is: its journal begins with the next change" in say(server, "diff", "1", "2", code=1)


def test_diff_tells_what_went_and_what_came(pair):
    _, second = pair
    soa = "example.com. 3600 IN SOA ns1.example.com. hostmaster.example.com. {} 3600 600 604800 300"
    assert say(second, "diff", "1", "4").splitlines() == [
        "; example.com: serial 1 to 4: 1 record went, 4 came, the SOA aside",
        "- " + soa.format(1), "+ " + soa.format(4),
        "+ host1.example.com. 3600 IN A 198.51.0.2",
        "+ host2.example.com. 3600 IN A 198.51.0.3",
        "+ host3.example.com. 3600 IN A 198.51.0.4",
        '- serial.example.com. 3600 IN TXT "1"',
        '+ serial.example.com. 3600 IN TXT "4"',
    ]
    back = say(second, "diff", "4", "3").splitlines()
    assert back[1:4] == ["- " + soa.format(4), "+ " + soa.format(3),
                         '+ brief.example.com. 3600 IN TXT "there in 3 alone"']
    assert "- host3.example.com. 3600 IN A 198.51.0.4" in back
    assert say(second, "diff", "5", "5") == "; example.com: serial 5 to 5: 0 records went, 0 came\n"


def test_diff_names_what_is_kept_where_it_is_asked_for_more(pair):
    _, second = pair
    for words in (("5", "9"), ("9", "5")):
        assert say(second, "diff", *words, code=1) == \
            "example.com: serial 9 is not kept; kept are 1, 2, 3, 4 and 5\n"
    assert '"x" is no serial' in say(second, "diff", "x", "5", code=2)
    assert "name two serials, or --primary" in say(second, "diff", "5", code=2)
    got, _, err = second.run("diff", "elsewhere.test", "1", "2", "--state-dir", second.state_dir)
    assert got == 1 and "no such zone here" in err


def test_diff_against_the_primary(pair):
    first, second = pair
    same = say(second, "diff", "--primary").splitlines()
    assert len(same) == 1
    assert same[0].startswith("; example.com: serial 5, which is served, to 5 at 127.0.0.1")
    assert same[0].endswith("the same serial: 0 records went, 0 came")
    # Changed, and the serial forgotten: no transfer would ever show that.
    path = first.folder / first.zones[ZONE].file
    path.write_text(text(5) + "forgotten IN A 192.0.2.99\n")
    first.run("reload", "--state-dir", first.state_dir)
    wait_until(lambda: first.ask(f"forgotten.{ZONE}").answer)
    different = say(second, "diff", "--primary").splitlines()
    assert different[1:] == ["+ forgotten.example.com. 3600 IN A 192.0.2.99"]
    # Nothing of it is served, and the zone goes on as before.
    assert not second.ask(f"forgotten.{ZONE}").answer
    first.update(ZONE, text(6))
    second.wait_serial(ZONE, 6)
    first.stop()
    assert "transfer from 127.0.0.1" in say(second, "diff", "--primary", code=1)


# --- rollback and resume

def test_an_older_version_is_served_until_resumed(pair):
    first, second = pair
    said = say(second, "rollback", "2")
    assert "serial 2 is served in place of 5 until `understudy resume example.com`" in said
    assert "No NOTIFY is sent" in said
    assert second.serial(ZONE) == 2
    assert hosts(second) == 2 and not second.ask(f"brief.{ZONE}", "TXT").answer

    state = status(second)
    assert state["serial"] == 2
    assert state["rolled_back"]["serial"] == 2 and state["rolled_back"]["newest"] == 5
    assert abs(state["rolled_back"]["since"] - time.time()) < 60
    code, out, _ = second.run("status", "--state-dir", second.state_dir)
    assert code == 4 and "1 rolled back" in out
    assert "`understudy resume example.com`" in out.replace("\n    ", " ")
    assert "rolled back to serial 2 in place of 5" in say(second, "status", code=4).replace("\n    ", " ")
    history = json.loads(say(second, "history", "--json"))
    assert [v["serial"] for v in history["versions"] if v["served"]] == [2]

    # The primary goes on: it is watched, and nothing is fetched.
    before = second.log().count("complete: ")
    first.update(ZONE, text(6))
    wait_until(lambda: status(second)["primary_serial"] == 6)
    confirmed = status(second)["confirmed"]
    time.sleep(1.1)
    say(second, "refresh")
    wait_until(lambda: status(second)["confirmed"] > confirmed)
    assert second.serial(ZONE) == 2
    assert "understudy resume example.com" in say(second, "retransfer", code=1)
    assert second.log().count("complete: ") == before

    assert "serial 5 is served again" in say(second, "resume")
    second.wait_serial(ZONE, 6)
    assert hosts(second) == 6
    wait_until(lambda: status(second)["lag_seconds"] == 0)
    assert status(second)["rolled_back"] is None
    # The journal was not torn by it.
    history = json.loads(say(second, "history", "--json"))
    assert [v["serial"] for v in history["versions"]] == [1, 2, 3, 4, 5, 6]
    assert "it is not rolled back" in say(second, "resume", code=1)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_it_holds_over_restarts(pair, how):
    first, second = pair
    say(second, "rollback", "3")
    since = status(second)["rolled_back"]
    for _ in range(2):
        restart(second, getattr(second, how))
        second.wait_serial(ZONE, 3)
        assert second.ask(f"brief.{ZONE}", "TXT").answer
        assert status(second)["rolled_back"] == since
        second.wait_log("still rolled back: serial 3 is served in place of 5")
    # From there to another, older or newer, and on without the primary.
    first.stop()
    say(second, "rollback", "1")
    assert second.serial(ZONE) == 1 and hosts(second) == 1
    say(second, "rollback", "4")
    assert second.serial(ZONE) == 4 and hosts(second) == 4
    assert "is the newest: `understudy resume example.com`" in say(second, "rollback", "5", code=1)
    restart(second, getattr(second, how))
    second.wait_serial(ZONE, 4)
    say(second, "resume")
    assert second.serial(ZONE) == 5
    restart(second, getattr(second, how))
    second.wait_serial(ZONE, 5)
    assert status(second)["rolled_back"] is None


def test_what_cannot_be_gone_back_to(pair):
    first, second = pair
    assert say(second, "rollback", "9", code=1) == \
        "example.com: serial 9 is not kept; kept are 1, 2, 3, 4 and 5\n"
    assert "serial 5 is what is served" in say(second, "rollback", "5", code=1)
    assert "name the zone, and the serial" in say(second, "rollback", code=2)
    assert "this server is its primary" in say(first, "rollback", "3", code=1)
    assert second.serial(ZONE) == 5 and status(second)["rolled_back"] is None


def test_the_zone_file_follows_what_is_served(pair):
    _, second = pair
    path = second.folder / second.zones[ZONE].file
    wait_until(lambda: "host4." in path.read_text())
    say(second, "rollback", "2")
    wait_until(lambda: "host2." not in path.read_text())
    say(second, "resume")
    wait_until(lambda: "host4." in path.read_text())


def test_a_zone_that_comes_back_is_not_rolled_back(pair):
    _, second = pair
    say(second, "rollback", "2")
    zone = second.zones.pop(ZONE)
    second.add(Zone("other.test", zone_text("other.test", 1)))
    second.write_config()
    say_reload(second)
    wait_until(lambda: second.serial(ZONE) is None)
    second.zones.pop("other.test")
    second.add(zone)
    second.write_config()
    say_reload(second)
    second.wait_serial(ZONE, 5)
    restart(second, second.stop)
    second.wait_serial(ZONE, 5)
    assert status(second)["rolled_back"] is None


def say_reload(server):
    got, out, err = server.run("reload", "--state-dir", server.state_dir)
    assert got == 0, (out, err)
