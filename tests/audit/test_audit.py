# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit against domains each of which has one fault, and against sound ones."""

import json
import os
import re
import socket
import subprocess

import pytest

import broken
from broken import KEY, WEAK
from peers import Endpoint, Key, Understudy, Zone
from peers.process import ROOT as ROOT_FOLDER, has_ipv6
from peers.understudy import binary
from world import NEIGHBOUR, NOBODY, ONE, ROOT, TWO, World

SANITIZER = {"ASAN_OPTIONS": "exitcode=99:detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("world"))
    for describe in broken.WORLDS:
        describe.domain = describe(made)
    for describe in broken.OTHERS:
        describe(made)
    try:
        yield made.start()
    finally:
        made.close()


def run(world, *arguments):
    """The verb as a user types it: (exit code, standard output, standard error)."""
    done = subprocess.run(
        [str(binary()), "audit", *map(str, arguments), "--root", ROOT, "--port", str(world.port), "--timeout", "1"],
        env={**os.environ, **SANITIZER}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=90)
    assert done.returncode != 99 and "runtime error" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


def audit(world, *arguments):
    code, out, err = run(world, *arguments, "--json")
    assert out, err
    report = json.loads(out)
    worst = {finding["severity"] for finding in report["findings"]}
    assert code == (1 if "error" in worst else 4 if "warning" in worst else 0)
    return report


def ids(report):
    return sorted({finding["id"] for finding in report["findings"]})


@pytest.mark.parametrize("describe", broken.WORLDS, ids=lambda describe: describe.__name__)
def test_a_fault_is_found_and_nothing_else(world, describe):
    domain = describe.domain
    if any("::1" in addresses for addresses in (*domain.hosts.values(), *domain.glue.values())) and not has_ipv6():
        pytest.skip("there is no ::1 here")
    report = audit(world, domain.name, *broken.arguments(describe, world))
    assert ids(report) == sorted(describe.expected), json.dumps(report["findings"], indent=1)
    for finding in report["findings"]:
        assert finding["what"] and finding["why"] and finding["mend"]
    if describe.at:
        assert describe.at in [finding["where"]["address"] for finding in report["findings"]]


# --- with a configuration

def configuration(tmp_path, world, *, dialect="named", role="secondary", listen=None, primaries=None, key=None,
                  options=(), zone="healthy.test"):
    """A configuration of a server of the domain, in either dialect."""
    server = Understudy(tmp_path, dialect=dialect, address=listen or TWO, port=world.port)
    ends = [Endpoint(a, world.port, key) for a in (primaries or [ONE])]
    server.add(Zone(zone, primaries=ends if role == "secondary" else [], options=list(options)))
    server.write_config()
    return ["-c", server.config_path]


def finding(report, wanted):
    found = [f for f in report["findings"] if f["id"] == wanted]
    assert len(found) == 1, ids(report)
    return found[0]


def test_a_zone_that_the_configuration_lacks(world, tmp_path):
    report = audit(world, "behind.test", *configuration(tmp_path, world))
    assert ids(report) == ["not-configured", "serial-behind"]


def test_notify_that_an_nsd_conf_refuses(world, tmp_path):
    """The guide's trap: request-xfr alone does not let NOTIFY in."""
    path = configuration(tmp_path, world, dialect="nsd", zone="keyed.test", key=KEY)[1]
    path.write_text("".join(line for line in path.open() if "allow-notify" not in line))
    report = audit(world, "keyed.test", "-c", path)
    assert ids(report) == ["notify-refused"]
    found = finding(report, "notify-refused")
    assert found["where"]["address"] == ONE
    assert f"allow-notify: {ONE} {KEY.name}" in found["mend"]


def test_a_secondary_that_has_all_it_needs(world, tmp_path):
    for dialect in ("named", "nsd"):
        report = audit(world, "keyed.test", *configuration(tmp_path / dialect, world, dialect=dialect,
                                                           zone="keyed.test", key=KEY))
        assert ids(report) == []


def test_a_primary_that_refuses_the_transfer(world, tmp_path):
    report = audit(world, "healthy.test", *configuration(tmp_path, world))
    assert ids(report) == ["primary-refuses"]
    assert finding(report, "primary-refuses")["where"]["address"] == ONE


def test_a_primary_that_is_down(world, tmp_path):
    report = audit(world, "healthy.test", *configuration(tmp_path, world, primaries=[NOBODY]))
    assert ids(report) == ["primary-silent"]


def test_a_transfer_without_a_key(world, tmp_path):
    report = audit(world, "open.test", *configuration(tmp_path, world, primaries=[TWO], listen=ONE, zone="open.test"))
    assert ids(report) == ["transfer-without-key"], "this host is no stranger to its primary"


def test_a_key_that_the_primary_does_not_know(world, tmp_path):
    report = audit(world, "keyed.test", *configuration(tmp_path, world, zone="keyed.test", key=Key("other.test")))
    assert ids(report) == ["key-refused"]
    assert "BADKEY" in finding(report, "key-refused")["what"]


def test_a_key_with_another_secret(world, tmp_path):
    report = audit(world, "keyed.test", *configuration(tmp_path, world, zone="keyed.test",
                                                       key=Key(KEY.name, seed="another")))
    assert "BADSIG" in finding(report, "key-refused")["what"]


def test_a_key_with_a_weak_digest(world, tmp_path):
    report = audit(world, "weakly.test", *configuration(tmp_path, world, zone="weakly.test", key=WEAK))
    assert ids(report) == ["key-weak"]


def test_a_hidden_primary_with_a_newer_serial(world, tmp_path):
    """Nobody public has it yet: all are behind."""
    report = audit(world, "hidden.test", *configuration(tmp_path, world, zone="hidden.test", key=KEY,
                                                        primaries=[NEIGHBOUR]))
    assert ids(report) == ["serial-behind"]
    assert {f["where"]["address"] for f in report["findings"]} == {ONE, TWO}


def as_primary(tmp_path, world, *options, **how):
    return configuration(tmp_path, world, role="primary", listen=ONE, zone="healthy.test", options=options, **how)


def test_a_primary_that_tells_its_secondary_nothing(world, tmp_path):
    path = as_primary(tmp_path, world)[1]
    path.write_text(f'key "{KEY.name}" {{ algorithm {KEY.algorithm}; secret "{KEY.secret}"; }};\n'
                    + path.read_text().replace("allow-transfer { none; };", f"allow-transfer {{ key {KEY.name}; }};"))
    report = audit(world, "healthy.test", "-c", path)
    assert ids(report) == ["notify-missing"]
    found = finding(report, "notify-missing")
    assert found["where"] == {"server": "ns2.healthy.test", "address": TWO}
    assert f"also-notify {{ {TWO} port {world.port}; }};" in found["mend"]


def test_a_primary_that_gives_its_secondary_nothing(world, tmp_path):
    report = audit(world, "healthy.test", *as_primary(tmp_path, world))
    assert ids(report) == ["notify-missing", "transfer-denied"]
    assert "allow-transfer" in finding(report, "transfer-denied")["mend"]


def test_a_primary_that_gives_everything_to_anyone(world, tmp_path):
    path = as_primary(tmp_path, world)[1]
    path.write_text(path.read_text().replace("allow-transfer { none; };", "allow-transfer { any; };"))
    report = audit(world, "healthy.test", "-c", path)
    assert ids(report) == ["notify-missing", "transfer-anyone"]


def test_a_primary_that_goes_by_addresses(world, tmp_path):
    path = as_primary(tmp_path, world)[1]
    path.write_text(path.read_text().replace("allow-transfer { none; };", f"allow-transfer {{ {TWO}; }};")
                    .replace("notify no;", f"notify explicit; also-notify {{ {TWO} port {world.port}; }};"))
    report = audit(world, "healthy.test", "-c", path)
    assert ids(report) == ["transfer-without-key"]


def test_a_configured_server_that_nobody_names(world, tmp_path):
    report = audit(world, "keyed.test", *configuration(tmp_path, world, zone="keyed.test", key=KEY,
                                                       listen="127.10.6.1"))
    assert ids(report) == ["not-listed"]
    assert report["enter"]["zone"] == ["keyed.test. 3600 IN NS ns3.keyed.test.",
                                       "ns3.keyed.test. 3600 IN A 127.10.6.1"]


# --- other ways to ask

def test_a_new_secondary_gets_its_lines(world):
    code, out, _ = run(world, "healthy.test", "--new", f"ns9.healthy.test={NEIGHBOUR},2001:db8::9")
    for line in ("healthy.test. 3600 IN NS ns9.healthy.test.", f"ns9.healthy.test. 3600 IN A {NEIGHBOUR}",
                 "ns9.healthy.test. 3600 IN AAAA 2001:db8::9", f"glue record   ns9.healthy.test. {NEIGHBOUR}"):
        assert line in out
    assert code == 4 and "[not-ready]" in out, "it does not serve the zone yet, and that is said"


def test_a_new_secondary_that_is_ready(world):
    report = audit(world, "hidden.test", "--new", f"ns9.hidden.test={NEIGHBOUR}")
    assert "not-ready" not in ids(report) and "not-listed" in ids(report)
    assert ids(audit(world, "healthy.test", "--new", f"ns9.healthy.test={NEIGHBOUR}")) == ["not-listed", "not-ready"]


def test_the_root_and_a_tld(world):
    """The root has no parent, and these two are poor: one server each."""
    for name in (".", "test"):
        report = audit(world, name)
        assert ids(report) == ["few-servers"], report
        assert [s["state"] for s in report["servers"]] == ["in step"]


def test_a_new_secondary_elsewhere_needs_no_glue(world):
    report = audit(world, "healthy.test", "--new", f"ns3.behind.test={ONE}")
    assert report["enter"]["zone"] == ["healthy.test. 3600 IN NS ns3.behind.test."]
    assert report["enter"]["registrar"] == ["name server   ns3.behind.test."]


def test_a_key_on_the_command_line(world, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(KEY.secret)
    secret.chmod(0o600)
    server = f"{ONE}@{world.port}"
    key = f"{KEY.name}:{KEY.algorithm}:{secret}"
    assert ids(audit(world, "keyed.test", "--server", server, "--tsig", key)) == []
    assert ids(audit(world, "healthy.test", "--server", server, "--tsig", key)) == ["primary-refuses"]
    assert ids(audit(world, "either.test", "--server", server, "--tsig", key)) == ["transfer-without-key"]
    assert ids(audit(world, "either.test", "--server", server)) == ["open-transfer"]


def test_a_clock_that_is_fast(world, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(KEY.secret)
    secret.chmod(0o600)
    report = audit(world, "fast.test", "--server", f"{world.domains['fast.test'].fast}@{world.port}",
                   "--tsig", f"{KEY.name}:{KEY.algorithm}:{secret}")
    assert ids(report) == ["clock-off"]
    assert re.search(r"clock (899|900|901) s ahead of ours", finding(report, "clock-off")["what"])


def test_a_domain_before_it_is_registered(world):
    servers = [a for s in (ONE, TWO) for a in ("--server", f"{s}@{world.port}")]
    assert ids(audit(world, "unborn.test", *servers)) == ["no-delegation"]
    assert ids(audit(world, "unborn.test", *servers, "--no-parent")) == []


def test_servers_of_another_family(world):
    """Where this host has no way to them, that is no fault of theirs."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
            s.connect(("2001:db8::53", 53))
        expected = ["no-answer"]
    except OSError:
        expected = ["no-route"]
    assert ids(audit(world, "sixth.test")) == expected


def test_nagios_gets_one_line(world):
    for domain, code, word in (("healthy.test", 0, "OK"), ("behind.test", 1, "WARNING"), ("refused.test", 2, "CRITICAL")):
        found, out, _ = run(world, domain, "--nagios")
        assert found == code
        assert out.startswith(f"DNS {word} - {domain}: ") and out.count("\n") == 1
        assert re.search(r" \| errors=\d+;;0 warnings=\d+;0; infos=\d+ servers=\d+ behind=\d+;0; time=[\d.]+s\n$", out)


def test_nagios_hears_when_nobody_can_be_asked(world):
    code, out, _ = run(world, "healthy.test", "--nagios", "--parent", f"{NOBODY}@{world.port}")
    assert code == 3 and out.startswith("DNS UNKNOWN - ")
    code, out, _ = run(world, "healthy.test", "--parent", f"{NOBODY}@{world.port}")
    assert code == 1 and "ERROR: the parent could not be asked" in out


def test_the_text_is_for_people(world):
    for name in world.domains:
        _, out, err = run(world, name, "--no-as")
        assert not err and "\033" not in out
        for line in out.splitlines():
            assert len(line) <= 100 and line == line.rstrip(), line
    code, out, _ = run(world, "healthy.test")
    assert code == 0 and out.startswith("healthy.test: all good; newest serial 2026112200; 2 addresses")


@pytest.mark.parametrize("words, says", [
    ([], "name the domain"),
    (["a..b"], "no domain name"),
    (["a.test", "b.test"], "one domain at a time"),
    (["a.test", "--server", "nowhere"], "--server wants ADDR or ADDR@PORT"),
    (["a.test", "--new", "ns.a.test"], "--new wants NAME=ADDR"),
    (["a.test", "--new", "ns.a.test=x"], '"x" is no address'),
    (["a.test", "--json", "--nagios"], "exclude each other"),
    (["a.test", "--tsig", "k:hmac-sha256:/nowhere"], "--server"),
    (["a.test", "--frobnicate"], "--frobnicate"),
])
def test_mistakes_are_explained(world, words, says):
    code, out, err = run(world, *words)
    assert code == 2 and not out and says in err


# --- nothing is forgotten

def kinds():
    """(id, severity) of every finding that there is."""
    text = (ROOT_FOLDER / "src" / "audit" / "catalogue.c").read_text()
    found = re.findall(r'\{ "([a-z-]+)", AUDIT_(\w+),', text)
    assert len(found) > 60
    return found


def test_every_finding_is_documented():
    text = (ROOT_FOLDER / "docs" / "audit.md").read_text()
    words = {"ERROR": "error", "WARNING": "warning", "INFO": "note"}
    for name, severity in kinds():
        assert f"| `{name}` | {words[severity]} |" in text, name


def test_every_finding_has_its_world():
    folder = ROOT_FOLDER / "tests" / "audit"
    text = (folder / "broken.py").read_text() + (folder / "test_audit.py").read_text()
    for name, _ in kinds():
        assert f'"{name}"' in text, name
