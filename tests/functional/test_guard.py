# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard: a copy that looks wrong is held back, the old one goes on being
served, and the operator decides."""

import json
import pathlib
import time

import dns.rdataset
import dns.rdatatype
import dns.zone
import pytest

from peers import Endpoint, Zone, zone_text
from peers.process import wait_until

ZONE = "example.com"


def lab_pair(lab, text, options=(), primary="understudy"):
    """A primary, and a secondary with those options; both serve serial 1."""
    first = lab.peer(primary)
    second = lab.understudy()
    first.add(Zone(ZONE, text, allow=[Endpoint("127.0.0.1")], notify=[second.endpoint],
                   options=["check-zonemd no;", "max-shrink 100;"] if primary == "understudy" else []))
    second.add(Zone(ZONE, primaries=[first.endpoint], options=list(options)))
    first.start()
    first.wait_serial(ZONE, 1)
    second.start()
    return first, second


def status(server):
    return json.loads(server.status(ZONE, "--json"))


def wait_held(server, serial, check, rejected=False):
    def held():
        state = status(server)["held"]
        return state if state and state["serial"] == serial and state["rejected"] == rejected else None
    state = wait_until(held, message=lambda: f"serial {serial} is not held: {status(server)}")
    assert state["check"] == check, state
    return state


def say(server, verb, *serial, code=0):
    got, out, err = server.run(verb, ZONE, *serial, "--state-dir", server.state_dir)
    assert got == code, (out, err)
    return out + err


def transfers(server):
    return server.log().count("complete: ")


# --- max-shrink

@pytest.mark.parametrize("primary", ["bind", "understudy"])
def test_a_shrunken_zone_waits_for_the_operator(lab, primary):
    first, second = lab_pair(lab, zone_text(ZONE, 1, hosts=200), primary=primary)
    second.wait_serial(ZONE, 1)
    first.update(ZONE, zone_text(ZONE, 2, hosts=3))
    held = wait_held(second, 2, "max-shrink")
    assert held["why"] == "197 of 207 names would go (95 %, limit 75 %)"
    line = second.wait_log(r"serial 2 held: 197 of 207 names would go")
    assert "the old version stays; `understudy approve example.com 2` publishes it" in line

    # The old one is served, the status says so, and nobody is asked again.
    assert second.ask(f"host199.{ZONE}").answer
    code, text, _ = second.run("status", "--state-dir", second.state_dir)
    assert code == 4
    assert "serial 2 held for" in text and "understudy approve example.com 2" in text.replace("\n    ", " ")
    assert "1 held" in text
    before = transfers(second)
    for _ in range(3):
        say(second, "refresh")
        time.sleep(0.3)
    assert transfers(second) == before
    assert second.serial(ZONE) == 1

    assert "serial 2 approved" in say(second, "approve")
    second.wait_serial(ZONE, 2)
    assert not second.ask(f"host199.{ZONE}").answer
    wait_until(lambda: status(second)["held"] is None)
    assert status(second)["last_error"] is None
    # And it is what a restart finds.
    second.stop()
    second.launch()
    second.wait_ready()
    second.wait_serial(ZONE, 2)
    assert status(second)["held"] is None
    assert "no version is held" in say(second, "approve", code=1)


def test_what_is_held_is_kept_over_a_restart(lab):
    first, second = lab_pair(lab, zone_text(ZONE, 1, hosts=200))
    second.wait_serial(ZONE, 1)
    first.update(ZONE, zone_text(ZONE, 2, hosts=3))
    before = wait_held(second, 2, "max-shrink")
    for end in (second.stop, second.kill):
        end()
        second.launch()
        second.wait_ready()
        second.wait_serial(ZONE, 1)
        assert wait_held(second, 2, "max-shrink") == before
    # The primary is not even needed any more.
    first.stop()
    say(second, "approve")
    second.wait_serial(ZONE, 2)
    assert len(second.ask(f"host2.{ZONE}").answer) == 1


def test_what_could_not_be_kept_is_not_mistaken_for_what_was_held_before(lab):
    first, second = lab_pair(lab, zone_text(ZONE, 1, hosts=200))
    second.wait_serial(ZONE, 1)
    first.update(ZONE, zone_text(ZONE, 2, hosts=3))
    wait_held(second, 2, "max-shrink")
    kept = next((pathlib.Path(second.state_dir) / "held").iterdir())
    pathlib.Path(f"{kept}.tmp").mkdir()
    first.update(ZONE, zone_text(ZONE, 3, hosts=4))
    wait_held(second, 3, "max-shrink")
    say(second, "approve")
    second.wait_log("the approved version cannot be published: serial 3 could not be kept, "
                    "serial 2 is what was held before")
    assert second.serial(ZONE) == 1
    # It is fetched again, and held again.
    pathlib.Path(f"{kept}.tmp").rmdir()
    say(second, "refresh")
    wait_held(second, 3, "max-shrink")
    say(second, "approve")
    second.wait_serial(ZONE, 3)


def test_a_rejected_serial_is_passed_over_until_a_newer_one_comes(lab):
    first, second = lab_pair(lab, zone_text(ZONE, 1, hosts=200))
    second.wait_serial(ZONE, 1)
    first.update(ZONE, zone_text(ZONE, 2, hosts=3))
    wait_held(second, 2, "max-shrink")
    assert "serial 2 rejected" in say(second, "reject")
    before = transfers(second)
    wait_held(second, 2, "max-shrink", rejected=True)
    assert "was rejected and is gone" in say(second, "approve", code=1)
    # Not to have what is not wanted is no lag.
    is_not_behind(second, primary_serial=2)
    say(second, "refresh", "--wait")
    is_not_behind(second, primary_serial=2)
    second.stop()
    second.launch()
    second.wait_ready()
    say(second, "refresh", "--wait")
    wait_held(second, 2, "max-shrink", rejected=True)
    is_not_behind(second, primary_serial=2)
    assert transfers(second) == before
    assert second.serial(ZONE) == 1

    first.update(ZONE, zone_text(ZONE, 3, hosts=201))
    second.wait_serial(ZONE, 3)
    wait_until(lambda: status(second)["held"] is None)


def is_not_behind(server, primary_serial):
    state = status(server)
    assert (state["lag_seconds"], state["primary_serial"]) == (0, primary_serial), state
    shown = server.status(ZONE)
    assert "behind" not in shown, shown
    assert "serial 2 was rejected by the operator" in shown, shown


def test_a_newer_version_overtakes_what_is_held(lab):
    first, second = lab_pair(lab, zone_text(ZONE, 1, hosts=200))
    second.wait_serial(ZONE, 1)
    first.update(ZONE, zone_text(ZONE, 2, hosts=3))
    wait_held(second, 2, "max-shrink")
    first.update(ZONE, zone_text(ZONE, 3, hosts=4))
    wait_held(second, 3, "max-shrink")
    first.update(ZONE, zone_text(ZONE, 4, hosts=200))
    second.wait_serial(ZONE, 4)
    second.wait_log("serial 3, which was held, is overtaken")
    assert status(second)["held"] is None


def test_only_what_was_looked_at_is_approved(lab):
    """Between the look and the word another version may have come."""
    first, second = lab_pair(lab, zone_text(ZONE, 1, hosts=200))
    second.wait_serial(ZONE, 1)
    first.update(ZONE, zone_text(ZONE, 2, hosts=10))
    wait_held(second, 2, "max-shrink")
    first.update(ZONE, zone_text(ZONE, 3, hosts=0))
    wait_held(second, 3, "max-shrink")
    said = say(second, "approve", 2, code=1)
    assert "serial 2 is not what is held: that is serial 3" in said and "names would go" in said
    assert second.serial(ZONE) == 1
    say(second, "approve", 3)
    second.wait_serial(ZONE, 3)


def test_an_approved_version_expires_when_the_one_before_would_have(lab):
    """Approving is no word of the primaries: with them gone, the copy ends as it
    would have, and not a whole EXPIRE later."""
    def text(serial, hosts):
        return zone_text(ZONE, serial, hosts=hosts, refresh=60, retry=1, expire=600)
    first, second = lab_pair(lab, text(1, 200))
    second.wait_serial(ZONE, 1)
    first.update(ZONE, text(2, 10))
    wait_held(second, 2, "max-shrink")
    first.kill()
    before = status(second)["expires_at"]
    time.sleep(3)
    say(second, "approve")
    second.wait_serial(ZONE, 2)
    assert abs(status(second)["expires_at"] - before) <= 1


def test_a_primary_that_answers_prolongs_the_life_of_what_is_served(lab):
    """How far a copy is on its way to expiry is told from there, and not from the
    last confirmation; after a restart too."""
    def text(serial, hosts):
        return zone_text(ZONE, serial, hosts=hosts, refresh=1, retry=1, expire=600)
    first, second = lab_pair(lab, text(1, 200))
    second.wait_serial(ZONE, 1)
    first.update(ZONE, text(2, 10))
    wait_held(second, 2, "max-shrink")
    lived = wait_until(lambda: (s := status(second))["life_since"] >= s["confirmed"] + 3 and s, 30)
    assert lived["expires_at"] - lived["life_since"] == 600
    first.kill()
    second.stop()
    second.start()
    again = status(second)
    assert again["expires_at"] - again["life_since"] == 600
    assert again["life_since"] >= lived["life_since"] - 1 and again["confirmed"] == lived["confirmed"]


def test_retransfer_fetches_and_judges_again(lab):
    first, second = lab_pair(lab, zone_text(ZONE, 1, hosts=200))
    second.wait_serial(ZONE, 1)
    first.update(ZONE, zone_text(ZONE, 2, hosts=3))
    wait_held(second, 2, "max-shrink")
    say(second, "reject")
    say(second, "retransfer")
    wait_held(second, 2, "max-shrink")
    assert second.serial(ZONE) == 1


def test_the_check_can_be_switched_off(lab):
    first, second = lab_pair(lab, zone_text(ZONE, 1, hosts=200), ["max-shrink 100;"])
    second.wait_serial(ZONE, 1)
    first.update(ZONE, zone_text(ZONE, 2, hosts=3))
    second.wait_serial(ZONE, 2)


def test_a_zone_file_that_shrinks_is_held_too(lab):
    server = lab.understudy()
    server.add(Zone(ZONE, zone_text(ZONE, 1, hosts=200)))
    server.start()
    server.wait_serial(ZONE, 1)
    server.update(ZONE, zone_text(ZONE, 2, hosts=3))
    wait_held(server, 2, "max-shrink")
    assert server.serial(ZONE) == 1
    # The file still has it after a restart, and it still waits.
    server.stop()
    server.launch()
    server.wait_ready()
    wait_held(server, 2, "max-shrink")
    server.wait_serial(ZONE, 1)
    say(server, "approve")
    server.wait_serial(ZONE, 2)
    server.stop()
    server.launch()
    server.wait_ready()
    server.wait_serial(ZONE, 2)
    assert status(server)["held"] is None


# --- max-records-per-type, max-types-per-name

CROWDS = {
    "max-records-per-type": ("".join(f"many IN A 198.51.100.{i}\n" for i in range(1, 8)),
                             "many.example.com has 7 records of type A, max-records-per-type is 6"),
    "max-types-per-name": ('many IN A 192.0.2.1\nmany IN TXT "x"\nmany IN AAAA ::1\nmany IN MX 1 a\nmany IN LOC 1 N 1 E 1\n',
                           "many.example.com has 5 types of records, max-types-per-name is 4"),
}
LIMITS = ["max-records-per-type 6;", "max-types-per-name 4;"]


@pytest.mark.parametrize("check", CROWDS)
def test_a_crowded_name_is_held_and_named(lab, check):
    records, why = CROWDS[check]
    first, second = lab_pair(lab, zone_text(ZONE, 1), LIMITS)
    second.wait_serial(ZONE, 1)
    first.update(ZONE, zone_text(ZONE, 2, extra=records))       # by IXFR
    assert wait_held(second, 2, check)["why"] == why
    assert second.serial(ZONE) == 1
    say(second, "approve", 2)
    second.wait_serial(ZONE, 2)
    # What was approved is not asked about again with every change elsewhere.
    first.update(ZONE, zone_text(ZONE, 3, extra=records + "other IN A 192.0.2.2\n"))
    second.wait_serial(ZONE, 3)


@pytest.mark.parametrize("check", CROWDS)
def test_a_crowded_name_in_a_first_copy_and_in_a_file(lab, check):
    records, why = CROWDS[check]
    first, second = lab_pair(lab, zone_text(ZONE, 1, extra=records), LIMITS)
    assert wait_held(second, 1, check)["why"] == why
    third = lab.understudy()
    third.add(Zone(ZONE, zone_text(ZONE, 1), options=LIMITS))
    third.start()
    third.wait_serial(ZONE, 1)
    third.write_zone(ZONE, zone_text(ZONE, 2, extra=records))
    third.reload()
    assert wait_held(third, 2, check)["why"] == why
    assert third.serial(ZONE) == 1


# --- ZONEMD

def digested(serial, hosts=5, spoil=False):
    """A zone with its digest, as a signer would publish it."""
    zone = dns.zone.from_text(zone_text(ZONE, serial, hosts=hosts), origin=ZONE, relativize=False)
    digest = zone.compute_digest(dns.zone.DigestHashAlgorithm.SHA384)
    if spoil:
        digest = digest.replace(digest=bytes(48))
    return zone_text(ZONE, serial, hosts=hosts, extra=f"@ IN ZONEMD {digest.to_text()}\n")


def test_a_bad_digest_is_held_and_the_next_good_one_is_served(lab):
    first, second = lab_pair(lab, digested(1))
    second.wait_serial(ZONE, 1)
    first.update(ZONE, digested(2, spoil=True))
    held = wait_held(second, 2, "zonemd")
    assert "does not fit its ZONEMD digest" in held["why"]
    assert second.serial(ZONE) == 1
    first.update(ZONE, digested(3, hosts=7))
    second.wait_serial(ZONE, 3)
    # A digest that was left behind is no better than a wrong one.
    stale = digested(3, hosts=7).replace("hostmaster 3 ", "hostmaster 4 ")
    first.update(ZONE, stale)
    held = wait_held(second, 4, "zonemd")
    assert held["why"] == "its ZONEMD digest is of serial 3, the zone has 4"
    say(second, "approve")
    second.wait_serial(ZONE, 4)


def test_a_first_copy_with_a_bad_digest_is_not_served(lab):
    first, second = lab_pair(lab, digested(1, spoil=True))
    wait_held(second, 1, "zonemd")
    assert second.serial(ZONE) is None
    before = transfers(second)
    say(second, "refresh")
    time.sleep(0.5)
    assert transfers(second) == before
    say(second, "approve")
    second.wait_serial(ZONE, 1)


def test_digests_need_not_be_looked_at(lab):
    first, second = lab_pair(lab, digested(1, spoil=True), ["check-zonemd no;"])
    second.wait_serial(ZONE, 1)


# --- the operator's own program

def script(lab, text):
    path = lab.folder / "verifier"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_the_verifier_decides(lab):
    path = script(lab, f"""
cat > {lab.folder}/seen
echo "looked at $VERIFY_ZONE, on standard input: $VERIFY_ZONE_ON_STDIN"
grep -q 'forbidden' {lab.folder}/seen && echo 'there is something forbidden' >&2 && exit 7
exit 0""")
    first, second = lab_pair(lab, zone_text(ZONE, 1), [f'verifier "{path} -x";'])
    second.wait_serial(ZONE, 1)
    second.wait_log(r"verifier: looked at example\.com, on standard input: yes")
    assert "www.example.com. 3600 IN CNAME example.com." in (lab.folder / "seen").read_text()

    first.update(ZONE, zone_text(ZONE, 2, extra="forbidden IN A 192.0.2.66\n"))
    held = wait_held(second, 2, "verifier")
    assert held["why"] == f'the verifier {path} said no, with exit code 7: "there is something forbidden"'[:255] \
        or "said no, with exit code 7" in held["why"]
    assert not second.ask(f"forbidden.{ZONE}").answer
    first.update(ZONE, zone_text(ZONE, 3))
    second.wait_serial(ZONE, 3)


def test_a_verifier_that_hangs_is_killed_and_holds_up_nobody(lab):
    path = script(lab, "[ $VERIFY_ZONE = example.com ] || exit 0; exec sleep 1000")
    first, second = lab_pair(lab, zone_text(ZONE, 1), [f'verifier "{path}";', "verifier-timeout 2;"])
    first.add(Zone("example.net", zone_text("example.net", 1), allow=[Endpoint("127.0.0.1")],
                   notify=[second.endpoint]))
    second.add(Zone("example.net", primaries=[first.endpoint], options=[f'verifier "{path}";']))
    first.write_files()
    second.write_config()
    first.reload()
    first.wait_serial("example.net", 1)
    second.reload()
    second.wait_serial("example.net", 1)
    held = wait_held(second, 1, "verifier")
    assert "gave no verdict within 2 s and was killed" in held["why"]
    assert second.serial(ZONE) is None


def test_a_verifier_that_crashes_is_a_no(lab):
    path = script(lab, "cat > /dev/null; kill -SEGV $$")
    _, second = lab_pair(lab, zone_text(ZONE, 1), [f'verifier "{path}";'])
    held = wait_held(second, 1, "verifier")
    assert "signal 11" in held["why"]


def test_the_server_ends_while_a_verifier_runs(lab):
    path = script(lab, f"echo started; touch {lab.folder}/runs; sleep 1000")
    _, second = lab_pair(lab, zone_text(ZONE, 1), [f'verifier "{path}";'])
    wait_until((lab.folder / "runs").exists)
    assert second.stop() == 0       # it sleeps for longer than that may take


def test_a_burst_is_checked_once_more_and_not_once_each(lab):
    """While a check runs, later serials wait, and the last of them is checked."""
    runs_file, go = lab.folder / "runs", lab.folder / "go"
    path = script(lab, f"echo run >> {runs_file}; cat > /dev/null\n"
                  f"[ $(wc -l < {runs_file}) = 2 ] || exit 0\n"
                  f"while [ ! -e {go} ]; do sleep 0.1; done")
    first, second = lab_pair(lab, zone_text(ZONE, 1), [f'verifier "{path}";', "verifier-timeout 300;"])
    second.wait_serial(ZONE, 1)
    for serial in range(2, 12):
        first.update(ZONE, zone_text(ZONE, serial))
        first.wait_serial(ZONE, serial)
        if serial == 2:     # its check runs until the whole burst is there
            wait_until(lambda: runs_file.read_text().count("run") == 2)
    go.touch()
    second.wait_serial(ZONE, 11)
    runs = runs_file.read_text().count("run")
    assert 3 <= runs <= 5, "serial 1, the first of the burst, and what came of the rest"
