# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs, as hands at a terminal and scripts meet them."""

import json
import os
import pty
import re
import resource
import select
import shutil
import socket
import subprocess
import threading
import time

import pytest

from peers import Endpoint, Key, Listener, Zone, free_port, zone_text
from peers.process import wait_until
from peers.understudy import binary

ZONE = "example.com"
SEEING = ("status", "zones", "explain", "history", "stats", "log-level")


def say(server, verb, *words, code=0):
    got, out, err = server.run(verb, *words, "--state-dir", server.state_dir)
    assert got == code, (got, out, err)
    return out + err


def of(server, verb, *words, code=0):
    """What a verb says in JSON."""
    return json.loads(say(server, verb, *words, "--json", code=code))


def plain(text):
    """In one line, wherever it was folded."""
    return " ".join(text.split())


@pytest.fixture
def pair(lab):
    """A primary, and a secondary that has its zone at serial 1."""
    first, second = lab.understudy(), lab.understudy()
    first.add(Zone(ZONE, zone_text(ZONE, 1), allow=[Endpoint("127.0.0.1")], notify=[second.endpoint]))
    second.add(Zone(ZONE, primaries=[first.endpoint]))
    first.start()
    second.start()
    second.wait_serial(ZONE, 1)
    return first, second


@pytest.fixture
def mixed(lab):
    """A server whose zones are in several states."""
    first, server = lab.understudy(), lab.understudy()
    for name in ("good.test", "other.test"):
        first.add(Zone(name, zone_text(name, 7 if name == "good.test" else 9), allow=[Endpoint("127.0.0.1")]))
        server.add(Zone(name, primaries=[first.endpoint]))
    first.add(Zone("refused.test", zone_text("refused.test", 1)))
    server.add(Zone("refused.test", primaries=[first.endpoint]))
    server.add(Zone("own.test", zone_text("own.test", 42)))
    first.start()
    server.start()
    for name, serial in (("good.test", 7), ("other.test", 9), ("own.test", 42)):
        server.wait_serial(name, serial)
    wait_until(lambda: "refused" in say(server, "zones", "--troubled", "--names", code=4))
    return server


# --- lists

def names(server, *words, code=0):
    return say(server, "zones", *words, "--names", code=code).split()


def test_zones_are_listed_by_state_name_and_order(mixed):
    everything = ["good.test", "other.test", "own.test", "refused.test"]
    assert names(mixed, code=4) == everything
    assert names(mixed, "--reverse", code=4) == everything[::-1]
    assert names(mixed, "--current") == everything[:3]
    assert names(mixed, "--empty", code=4) == ["refused.test"]
    assert names(mixed, "--bad", code=4) == ["refused.test"]
    assert names(mixed, "--troubled", "--primary") == []
    assert names(mixed, "--primary") == ["own.test"]
    assert names(mixed, "--secondary", "--current") == ["good.test", "other.test"]
    assert names(mixed, "--stale", "--expired", "--held", "--behind", "--rolled-back", "--rejected", "--unsaved") == []
    assert names(mixed, "--sort", "serial", code=4)[:3] == ["own.test", "other.test", "good.test"]
    assert names(mixed, "--sort", "state", code=4)[0] == "refused.test"
    assert names(mixed, "OTHER") == ["other.test"]
    assert names(mixed, "o*.test") == ["other.test", "own.test"]
    assert say(mixed, "zones", "--held") == "no zone is so\n"


def test_the_table_of_zones_fits_a_hundred_columns(mixed):
    lines = say(mixed, "zones", code=4).splitlines()
    assert lines[0].split() == ["ZONE", "STATE", "SERIAL", "LAG", "PRIMARY", "CONFIRMED", "EXPIRY"]
    assert lines[1].split()[:3] == ["good.test", "current", "7"]
    assert lines[-1] == "4 zones: 3 current, 1 empty, 1 with errors"
    assert all(len(line) <= 100 for line in lines)


def test_zones_in_json_are_those_of_the_table(mixed):
    told = of(mixed, "zones", "--current", "--sort", "serial")
    assert [(zone["zone"], zone["serial"], zone["role"]) for zone in told["zones"]] == [
        ("own.test", 42, "primary"), ("other.test", 9, "secondary"), ("good.test", 7, "secondary")]
    assert told["summary"]["zones"] == 3
    assert of(mixed, "zones", "--expired")["zones"] == []


def test_a_key_to_sort_by_that_there_is_none(mixed):
    assert "by name, state, lag" in say(mixed, "zones", "--sort", "colour", code=2)


# --- one zone

def test_status_of_a_zone_tells_every_server_and_what_is_answered(pair):
    first, second = pair
    told = wait_until(lambda: (s := of(second, "status", ZONE)) if of(second, "status", ZONE)["servers"] else None)
    primary = next(server for server in told["servers"] if server["part"] == "primary")
    assert primary["address"] == f"127.0.0.1@{first.port}" and primary["serial"] == 1
    assert told["answered"]["as_expected"] is True and told["answered"]["serial"] == 1
    assert told["lag_seconds"] == 0
    text = say(second, "status", ZONE)
    assert f"answers         serial 1 on 127.0.0.1@{second.port}" in text
    assert re.search(rf"primary +127.0.0.1@{first.port} +1 +in step", text)


def test_several_zones_at_once(mixed):
    told = of(mixed, "status", "own.test", "good.test")
    assert [(zone["zone"], zone["state"]) for zone in told] == [("own.test", "current"), ("good.test", "current")]
    text = say(mixed, "status", "own.test", "nowhere.test", "good.test", code=1)
    assert "zone            own.test" in text and "zone            good.test" in text
    assert "nowhere.test: no such zone here" in text
    assert of(mixed, "status", "nowhere.test", code=1)["code"] == 1


def test_status_believes_what_is_answered(lab):
    """Another server that took the port after the start is found out."""
    server = lab.understudy()
    server.add(Zone(ZONE, zone_text(ZONE, 1)))
    server.options = ["allow-query { 127.0.0.2; };"]
    server.start()
    wait_until(lambda: ZONE in say(server, "zones", "--current", "--names"))
    assert "REFUSED" in say(server, "status", ZONE), "our own access list is no fault"


# --- explain

def explained(server, zone=ZONE, code=4):
    return plain(say(server, "explain", zone, code=code))


def test_explain_a_zone_that_is_well(pair):
    first, second = pair
    text = explained(second, code=0)
    assert "example.com is a secondary zone and current: serial 1 is served" in text
    assert f"It is copied from 127.0.0.1@{first.port} unsigned, as {second.config_path}:" in text
    assert "Nothing is wrong; there is nothing to do." in text
    paragraphs = of(second, "explain", ZONE)["paragraphs"]
    assert [p["about"] for p in paragraphs] == ["state", "source", "last", "do", "ahead"]


def test_explain_a_primary_that_refuses(mixed):
    text = explained(mixed, "refused.test")
    assert "No transfer has ever ended well." in text
    assert "its access list does not let this server transfer the zone" in text
    assert "allow-transfer { 127.0.0.1; };" in text


@pytest.mark.parametrize("theirs, words", [
    (Key("another.key"), "The primary has no key of this name"),
    (Key("tr.key", seed="other"), "Compare the secret of key tr.key at"),
])
def test_explain_a_key_that_does_not_fit(lab, theirs, words):
    first, second = lab.bind(), lab.understudy()
    first.add(Zone(ZONE, zone_text(ZONE, 1), allow=[first.with_key(theirs)]))
    second.add(Zone(ZONE, primaries=[first.with_key(Key("tr.key"))]))
    first.start()
    second.start()
    wait_until(lambda: "TSIG" in explained(second) or "NOTAUTH" in explained(second))
    assert words in explained(second)
    assert Key("tr.key").secret not in explained(second)


def test_explain_a_primary_that_is_not_there(lab):
    server = lab.understudy()
    port = free_port()
    server.add(Zone(ZONE, primaries=[Endpoint("127.0.0.1", port)]))
    server.start()
    wait_until(lambda: "failed" in explained(server))
    text = explained(server)
    assert "See whether the primary runs" in text
    assert f"dig @127.0.0.1 -p {port} {ZONE} SOA +norec +tcp" in text


def test_explain_a_lower_serial_and_follow_the_advice(pair):
    first, second = pair
    first.update(ZONE, zone_text(ZONE, 5))
    second.wait_serial(ZONE, 5)
    first.stop()
    first.write_zone(ZONE, zone_text(ZONE, 3))
    shutil.rmtree(first.state_dir)
    first.launch()
    first.wait_ready()
    wait_until(lambda: first.serial(ZONE) == 3)
    assert "lower than ours" in say(second, "refresh", "--wait", ZONE, code=1)
    text = plain("".join(second.run("explain", ZONE, "--state-dir", second.state_dir)[1:]))
    assert "raise the serial at the primary above 5" in text and f"understudy retransfer {ZONE}" in text
    assert "serial 3 is served, it was 5" in say(second, "retransfer", "--wait", ZONE)
    assert "Nothing is wrong" in explained(second, code=0)


def test_explain_what_is_held_and_decide(lab):
    first, second = lab.understudy(), lab.understudy()
    first.options = ["max-shrink 100;"]
    first.add(Zone(ZONE, zone_text(ZONE, 1, hosts=300), allow=[Endpoint("127.0.0.1")]))
    second.add(Zone(ZONE, primaries=[first.endpoint]))
    first.start()
    second.start()
    second.wait_serial(ZONE, 1)
    first.update(ZONE, zone_text(ZONE, 2, hosts=3))
    first.wait_serial(ZONE, 2)
    assert "serial 2 is held" in say(second, "refresh", "--wait", ZONE, code=4)
    assert names(second, "--held", code=4) == [ZONE]
    text = explained(second)
    assert "Serial 2 has come and is held back since" in text and "by the check max-shrink" in text
    assert f"understudy approve {ZONE} 2" in text
    assert "serial 2" in say(second, "approve", ZONE, "3", code=1)
    assert "serial 2 is served" in say(second, "approve", "--wait", ZONE, "2")
    assert second.serial(ZONE) == 2
    assert "no version is held" in say(second, "reject", ZONE, code=1)

    # And one that is rejected.
    first.update(ZONE, zone_text(ZONE, 3, hosts=300))
    first.wait_serial(ZONE, 3)
    say(second, "refresh", "--wait", ZONE)
    first.update(ZONE, zone_text(ZONE, 4, hosts=3))
    first.wait_serial(ZONE, 4)
    say(second, "refresh", "--wait", ZONE, code=4)
    say(second, "reject", ZONE, "4")
    assert "serial 3 stays: 4, which its primary has, was rejected" in say(second, "refresh", "--wait", ZONE)
    text = explained(second, code=0)
    assert "Serial 4 was rejected by the operator" in text and "It is fetched by itself" not in text


def test_explain_a_rollback(pair):
    first, second = pair
    first.update(ZONE, zone_text(ZONE, 2))
    second.wait_serial(ZONE, 2)
    say(second, "rollback", ZONE, "1")
    assert "serial 1 is served in place of 2, which is newer" in explained(second)
    assert names(second, "--rolled-back", code=4) == [ZONE]
    say(second, "resume", ZONE)
    assert "Nothing is wrong" in explained(second, code=0)


def test_explain_a_zone_file_that_cannot_be_written(lab):
    first, second = lab.understudy(), lab.understudy()
    first.add(Zone(ZONE, zone_text(ZONE, 1), allow=[Endpoint("127.0.0.1")]))
    zone = second.add(Zone(ZONE, primaries=[first.endpoint]))
    second.zones[ZONE] = Elsewhere(**vars(zone))
    first.start()
    second.start()
    second.wait_serial(ZONE, 1)
    assert "No such file or directory" in say(second, "write", ZONE, code=1)
    text = explained(second, code=0)
    assert "Its zone file cannot be written:" in text and f"understudy write {ZONE}" in text
    assert "could not be written" in say(second, "write", code=1)
    (second.folder / "missing").mkdir()
    assert "its file is written, serial 1" in say(second, "write", ZONE)
    assert (second.folder / "missing" / "a.zone").read_text().count("SOA") == 1
    assert "Nothing is wrong" in explained(second, code=0)


class Elsewhere(Zone):
    file = "missing/a.zone"


def test_explain_a_primary_zone_whose_file_is_broken(lab):
    server = lab.understudy()
    server.add(Zone("own.test", zone_text("own.test", 1)))
    server.start()
    server.wait_serial("own.test", 1)
    server.write_zone("own.test", zone_text("own.test", 2) + "www IN NONSENSE 1\n")
    assert "own.test" in say(server, "reload", "--wait", "own.test", code=1)
    text = explained(server, "own.test", code=0)
    assert "Its file could not be taken" in text and "What was read before is served on." in text
    assert "own.zone" in text or "own.test.zone" in text
    server.write_zone("own.test", zone_text("own.test", 3))
    assert "serial 3 is served" in say(server, "reload", "--wait", "own.test")


def test_explain_a_full_disk(pair):
    first, second = pair
    # No file grows beyond 16 KiB: less than the store needs, more than the log.
    resource.prlimit(second.process.pid, resource.RLIMIT_FSIZE, (16 * 1024, resource.RLIM_INFINITY))
    first.update(ZONE, zone_text(ZONE, 2))
    first.wait_serial(ZONE, 2)
    assert "not stored yet" in say(second, "refresh", "--wait=3", ZONE, code=1)
    text = plain("".join(second.run("explain", ZONE, "--state-dir", second.state_dir)[1:]))
    assert "A new version cannot be stored" in text and f"df -h {second.state_dir}" in text
    assert names(second, "--unsaved", code=4) == [ZONE]
    assert second.serial(ZONE) == 1
    resource.prlimit(second.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    second.wait_serial(ZONE, 2)


def test_explain_one_that_has_expired(lab):
    first, second = lab.understudy(), lab.understudy()
    first.add(Zone(ZONE, zone_text(ZONE, 1, refresh=1, retry=1, expire=3), allow=[Endpoint("127.0.0.1")]))
    second.add(Zone(ZONE, primaries=[first.endpoint]))
    first.start()
    second.start()
    second.wait_serial(ZONE, 1)
    first.stop()
    second.wait_rcode(ZONE, "SERVFAIL")
    text = explained(second)
    assert "has expired: no primary has confirmed serial 1 since" in text
    assert names(second, "--expired", "--sort", "expiry", code=4) == [ZONE]
    assert of(second, "status", ZONE, code=4)["answered"]["as_expected"] is True


# --- what is done

def test_refresh_waits_for_the_outcome(pair):
    first, second = pair
    assert say(second, "refresh", "--wait", ZONE) == f"{ZONE}: serial 1 is the newest\n"
    first.write_zone(ZONE, zone_text(ZONE, 2))
    say(first, "reload", "--wait")
    assert first.serial(ZONE) == 2
    told = of(second, "refresh", "--wait=20", ZONE)
    assert told["code"] == 0 and re.search("serial 2 is (served, it was 1|the newest)", told["text"])
    first.stop()
    assert "connection refused" in say(second, "refresh", "--wait", ZONE, code=1)
    assert say(second, "refresh", ZONE) == f"{ZONE}: asking its primaries\n"


def test_waiting_has_a_limit(lab):
    hole = socket.socket()
    hole.bind(("127.0.0.1", 0))
    hole.listen(8)
    server = lab.understudy()
    server.add(Zone(ZONE, primaries=[Endpoint("127.0.0.1", hole.getsockname()[1])]))
    server.start()
    assert "still under way" in say(server, "refresh", "--wait=1", ZONE, code=1)
    hole.close()


def test_all_zones_at_once(mixed):
    assert say(mixed, "refresh", "--all") == "3 zones asked for, 1 passed over, for which it is not\n"
    assert "1 zone not as it should be: understudy zones --bad lists it" in say(
        mixed, "refresh", "--all", "--wait", code=4)
    text = say(mixed, "write")
    assert "2 zones written, 2 passed over" in text and "all are written" in text
    assert (mixed.folder / "good.test.zone").exists()
    assert "name a zone, or say --all" in say(mixed, "retransfer", code=2)
    assert "name zones, or say --all" in say(mixed, "retransfer", "--all", "good.test", code=2)


def test_notify_tells_again(lab):
    with Listener() as listener:
        server = lab.understudy()
        server.add(Zone(ZONE, zone_text(ZONE, 3), notify=[listener.endpoint]))
        server.add(Zone("alone.test", zone_text("alone.test", 1)))
        server.start()
        wait_until(lambda: listener.heard)
        before = len(listener.heard)
        assert say(server, "notify", "--wait", ZONE) == f"{ZONE}: all have heard it\n"
        wait_until(lambda: listener.heard[before:] == [(ZONE, 3, False)])
        assert "nobody is to be told of it" in say(server, "notify", "alone.test", code=1)
        assert "1 zone told of, 1 passed over" in say(server, "notify")


def test_notify_that_is_refused_is_a_failure(lab):
    first, second = lab.understudy(), lab.understudy()
    first.add(Zone(ZONE, zone_text(ZONE, 1), notify=[second.endpoint]))
    second.add(Zone(ZONE, zone_text(ZONE, 1)))
    second.start()
    first.start()
    first.wait_serial(ZONE, 1)
    assert "did not hear it, or refused" in say(first, "notify", "--wait", ZONE, code=1)


def test_stats_only_ever_grow(pair):
    first, second = pair
    before = of(second, "stats")
    second.ask("www." + ZONE)
    after = of(second, "stats")
    assert after["server"]["udp_queries"] > before["server"]["udp_queries"]
    assert after["zones"]["secondary_zones"] == 1 and after["zones"]["published"] == 1
    assert after["primaries"][0]["address"] == f"127.0.0.1@{first.port}"
    assert after["primaries"][0]["axfr"] == 1
    text = say(second, "stats")
    assert re.search(r"^answered NOERROR +\d+$", text, re.M) and "PRIMARY" in text


def test_log_level(pair):
    _, second = pair
    assert say(second, "log-level") == "info\n"
    assert say(second, "log-level", "debug") == "debug, until the next reload or restart\n"
    assert of(second, "log-level")["text"] == "debug"
    assert "error, warning, notice, info and debug" in say(second, "log-level", "loud", code=2)
    assert say(second, "verbosity", "1").startswith("info")


def test_reload_of_one_zone_leaves_the_others(lab):
    server = lab.understudy()
    for name in ("a.test", "b.test"):
        server.add(Zone(name, zone_text(name, 1)))
    server.start()
    for name in ("a.test", "b.test"):
        server.wait_serial(name, 1)
        server.write_zone(name, zone_text(name, 2))
    assert say(server, "reload", "--wait", "a.test") == "a.test: serial 2 is served\n"
    assert (server.serial("a.test"), server.serial("b.test")) == (2, 1)
    assert "all zones are as they should be" in say(server, "reload", "--wait")
    assert server.serial("b.test") == 2


# --- the words of others, and mistakes

@pytest.mark.parametrize("word, operands, says", [
    ("zonestatus", [ZONE], "state           current"), ("zone-status", [ZONE], "state           current"),
    ("zone-refresh", [ZONE], "asking its primaries"), ("transfer", [], "1 zone asked for"),
    ("force_transfer", [ZONE], "transfer of the whole zone begun"), ("zone-retransfer", [ZONE], "begun"),
    ("reconfig", [], "reloaded: 1 zone"), ("zone-reload", [], "reloaded: 1 zone"), ("sync", [], "all are written"),
    ("zone-flush", [ZONE], "its file is written"), ("stats_noreset", [], "queries over UDP"),
    ("list-zones", [], ZONE), ("showzone", [ZONE], "It is copied from"), ("log_reopen", [], "reloaded")])
def test_the_words_of_other_servers_are_understood(pair, word, operands, says):
    assert says in say(pair[1], word, *operands)


@pytest.mark.parametrize("word, advice", [
    ("addzone", "edit it, then understudy reload"), ("freeze", "edit it, then understudy reload"),
    ("querylog", "querylog yes in the configuration"), ("zone-sign", "does not sign"), ("flush", "does not resolve")])
def test_words_without_a_meaning_here_say_what_to_do(lab, word, advice):
    code, out, err = lab.understudy().run(word)
    assert code == 2 and "not implemented" in err and advice in err
    code, out, err = lab.understudy().run("help", word)
    assert code == 0 and "not implemented" in out


@pytest.mark.parametrize("typed, meant", [
    ("statsu", "status"), ("refersh", "refresh"), ("aprove", "approve"), ("zonestauts", "zonestatus"), ("rolback", "rollback")])
def test_a_mistyped_verb_suggests_the_near_one(lab, typed, meant):
    code, _, err = lab.understudy().run(typed)
    assert code == 2 and f"did you mean {meant}?" in err
    code, _, err = lab.understudy().run("x" * 30)
    assert code == 2 and "did you mean" not in err


def test_the_first_page_is_short_and_grouped(lab):
    server = lab.understudy()
    code, out, _ = server.run("help")
    assert code == 0 and len(out.splitlines()) <= 45 and all(len(line) <= 80 for line in out.splitlines())
    for group in ("The server", "How things are", "Copying", "Deciding what is served"):
        assert f"\n{group}\n" in out
    bare = server.run()
    assert bare[0] == 2 and bare[1] == out
    assert server.run("--help")[1] == out


def verbs(server):
    return re.findall(r"^  ([a-z-]+) {2,}\S", server.run("help")[1], re.M)


def test_each_verb_has_help_and_knows_no_nonsense(lab):
    server = lab.understudy()
    found = verbs(server)
    assert len(found) >= 20 and "understudy" not in found
    for verb in found:
        code, out, _ = server.run("help", verb)
        assert code == 0 and out.startswith(f"understudy {verb}"), verb
        assert all(len(line) <= 100 for line in out.splitlines()), verb
        if verb != "help":
            assert server.run(verb, "--help")[1] == out, verb
            assert server.run(verb, "--no-such-option")[0] == 2, verb


def test_without_a_server_each_verb_ends_with_3(lab):
    server = lab.understudy()
    server.state_dir.mkdir()
    operands = {"explain": [ZONE], "history": [ZONE], "diff": [ZONE, "1", "2"], "refresh": [ZONE], "retransfer": [ZONE],
                "approve": [ZONE], "reject": [ZONE], "rollback": [ZONE, "1"], "resume": [ZONE]}
    apart = {"serve", "check-config", "audit", "help", "version"}
    for verb in sorted(set(verbs(server)) - apart):
        code, out, err = server.run(verb, *operands.get(verb, []), "--state-dir", server.state_dir)
        assert code == 3 and "no server runs on the state directory" in err, (verb, code, err)
        code, out, err = server.run(verb, *operands.get(verb, []), "--wait", "--state-dir", server.state_dir)
        assert code in (2, 3), (verb, code, err)


def test_every_verb_speaks_json(pair):
    _, second = pair
    for words in (["status"], ["status", ZONE], ["zones"], ["explain", ZONE], ["history", ZONE], ["stats"], ["log-level"],
                  ["refresh", ZONE], ["retransfer", "--wait", ZONE], ["write", ZONE], ["write"], ["notify", ZONE],
                  ["approve", ZONE], ["reject", ZONE], ["rollback", ZONE, "9"], ["resume", ZONE], ["diff", ZONE, "1", "1"],
                  ["reload"], ["reload", ZONE], ["refresh", "--all"], ["stop"]):
        code, out, err = second.run(*words, "--json", "--state-dir", second.state_dir)
        told = json.loads(out)
        assert isinstance(told, dict) and code in (0, 1), (words, code, out, err)
        if "code" in told:
            assert told["code"] == code, words
    second.may_fail = True


# --- terminals

def on_a_terminal(server, *words, **env):
    """What is written where standard output and error are a terminal."""
    primary, secondary = pty.openpty()
    process = subprocess.Popen([str(w) for w in (binary(), *words, "--state-dir", server.state_dir)],
                               env={**os.environ, **server.environment(), "TERM": "xterm", **env},
                               stdin=secondary, stdout=secondary, stderr=secondary)
    os.close(secondary)
    text = b""
    while True:
        try:
            piece = os.read(primary, 65536)
        except OSError:
            break
        if not piece:
            break
        text += piece
    process.wait()
    os.close(primary)
    return text.decode()


def test_colours_are_for_terminals_alone(mixed):
    assert "\033[32mcurrent\033[0m" in on_a_terminal(mixed, "zones", NO_COLOR="")
    assert "\033[" not in on_a_terminal(mixed, "zones", NO_COLOR="1")
    assert "\033[" not in on_a_terminal(mixed, "zones", TERM="dumb", NO_COLOR="")
    assert "\033[" not in on_a_terminal(mixed, "zones", "--json", NO_COLOR="")
    for verb in (["zones"], ["status"], ["status", "good.test"], ["explain", "refused.test"]):
        assert "\033" not in "".join(mixed.run(*verb, "--state-dir", mixed.state_dir)[1:]), verb


class Trickle:
    """Stands before a primary and lets what it sends through drop by drop."""

    def __init__(self, primary, pause):
        self.primary, self.pause = primary, pause
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(16)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                asker, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(asker,), daemon=True).start()

    def _carry(self, asker):
        with asker, socket.create_connection((self.primary.address, self.primary.port)) as answerer:
            try:
                while True:
                    ready, _, _ = select.select([asker, answerer], [], [], 10)
                    for one in ready:
                        piece = one.recv(4096)
                        if not piece:
                            return
                        if one is answerer:
                            time.sleep(self.pause)
                        (answerer if one is asker else asker).sendall(piece)
            except OSError:
                return


def test_a_long_transfer_shows_how_far_it_is(lab):
    first, second = lab.understudy(), lab.understudy()
    first.add(Zone(ZONE, zone_text(ZONE, 1, hosts=4000), allow=[Endpoint("127.0.0.1")]))
    first.start()
    first.wait_serial(ZONE, 1)
    trickle = Trickle(first, 0.0)
    second.add(Zone(ZONE, primaries=[Endpoint("127.0.0.1", trickle.port)]))
    second.start()
    second.wait_serial(ZONE, 1)
    trickle.pause = 0.1
    text = on_a_terminal(second, "retransfer", "--wait", ZONE)
    assert re.search(rf"{ZONE} \[#* *\] \d+ records, \d+\.\d MB", text), text
    assert text.rstrip().endswith("serial 1 is the newest")
    assert "[#" not in say(second, "retransfer", "--wait", ZONE), "no bar where nobody sees it"
    trickle.listener.close()


# --- the control socket

def raw(server):
    s = socket.socket(socket.AF_UNIX)
    s.connect(str(server.state_dir / "control.sock"))
    return s


def test_an_asker_that_dribbles_is_not_waited_for_without_end(pair):
    _, second = pair
    with raw(second) as s:
        s.settimeout(60)

        def ended():
            try:
                s.send(b"{")
            except OSError:
                return True
            return select.select([s], [], [], 0.3)[0] != []
        wait_until(ended)
    assert "1 current" in say(second, "status")


def test_an_asker_that_takes_nothing_harms_nobody(pair):
    _, second = pair
    held = [raw(second) for _ in range(6)]
    for s in held:
        s.sendall(b'{"verb":"status"}\n')
    assert "1 current" in say(second, "status")
    for s in held:
        s.close()


def test_requests_that_make_no_sense(pair):
    _, second = pair
    for request, words in ((b"hello\n", b"not JSON"), (b'{"verb":"status","zone":"a..b"}\n', b"no domain name"),
                           (b'{"verb":"zones","filter":["blue"]}\n', b"there is no filter blue"),
                           (b'{"verb":"zones","filter":[7]}\n', b"there is no filter"),
                           (b'{"verb":"refresh"}\n', b"name a zone"), (b'{"verb":"refresh","all":true,"zone":"a"}\n', b"or --all")):
        with raw(second) as s:
            s.settimeout(60)
            s.sendall(request)
            answer = b""
            while piece := s.recv(65536):
                answer += piece
            assert answer.startswith(b"understudy 2\n") and words in answer, answer
            assert answer.endswith(b"\n0 2\n")
    with raw(second) as s:
        s.settimeout(60)
        try:
            s.sendall(b"x" * 20000)
        except OSError:
            pass
        try:
            assert s.recv(10) == b""
        except ConnectionResetError:
            pass
