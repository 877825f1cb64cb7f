# SPDX-License-Identifier: GPL-3.0-or-later
"""One line an event, for people and for programs, with the reason in it and
never a secret."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess

import pytest

from peers import Endpoint, Key, Zone, client, zone_text
from peers.process import wait_until

KEY = Key("tr.example")
STRANGER = Key("tr.example", seed="another secret")


def logfmt(line):
    return dict(part.split("=", 1) for part in shlex.split(line))


def events(server, parse):
    return [parse(line) for line in server.log().splitlines()]


def wait_event(server, parse, name, **fields):
    def seen():
        for event in events(server, parse):
            if event.get("event") == name and all(str(event.get(k)) == str(v) for k, v in fields.items()):
                return event
        return None
    return wait_until(seen, message=lambda: f"no event {name} {fields} in the log of {server}")


def pair(lab, options, dialect="named"):
    """A primary and its secondary, both of ours, which sign."""
    first, second = lab.understudy(), lab.understudy(dialect=dialect)
    first.options += ["log-level debug;"]
    second.options += options
    first.add(Zone("example.com", zone_text("example.com", 1), allow=[Endpoint("127.0.0.1", key=KEY)]))
    second.add(Zone("example.com", primaries=[first.endpoint._replace(key=KEY)], ixfr=True))
    return first, second


@pytest.mark.parametrize("dialect,form,parse", [
    ("named", "logfmt", logfmt), ("named", "json", json.loads),
    ("nsd", "logfmt", logfmt), ("nsd", "json", json.loads)])
def test_a_program_can_read_each_line(lab, dialect, form, parse):
    option = f"log-format {form};" if dialect == "named" else f"log-format: {form}"
    first, second = pair(lab, [option], dialect)
    first.start()
    second.start()
    second.wait_serial("example.com", 1)
    event = wait_event(second, parse, "transfer-in", zone="example.com")
    assert event["level"] == "info"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["time"])
    assert event["primary"] == f"127.0.0.1@{first.port}"
    assert event["key"] == "tr.example" and event["kind"] == "AXFR" and event["transport"] == "tcp"
    assert int(event["serial"]) == 1 and "old_serial" not in event
    assert int(event["bytes"]) > 100 and int(event["records"]) > 5 and int(event["duration_ms"]) >= 0
    assert wait_event(second, parse, "published", serial=1)["zone"] == "example.com"
    assert wait_event(second, parse, "start", zones=1)["version"]
    # The sentence is there too, under the name that each form has for it.
    assert "transfer from" in event["message" if form == "json" else "msg"]

    first.update("example.com", zone_text("example.com", 2))
    first.wait_serial("example.com", 2)
    second.run("refresh", "example.com", "--state-dir", second.state_dir)
    event = wait_event(second, parse, "transfer-in", serial=2)
    assert event["kind"] == "IXFR" and int(event["old_serial"]) == 1

    code = second.stop()
    assert code == 0
    assert wait_event(second, parse, "stop", reason="SIGTERM")


@pytest.mark.parametrize("form,parse", [("logfmt", logfmt), ("json", json.loads)])
def test_a_failure_has_its_precise_reason(lab, form, parse):
    first, second = pair(lab, [f"log-format {form};"])
    second.zones["example.com"].primaries = [first.endpoint._replace(key=STRANGER)]
    first.start()
    second.start()
    event = wait_event(second, parse, "refresh-failed", zone="example.com", key="tr.example")
    assert event["primary"] == f"127.0.0.1@{first.port}"
    assert re.search(r"BADSIG|BADKEY|TSIG", event["reason"])
    client.notify(second.address, second.port, "example.com", 5, source="127.0.0.9")
    event = wait_event(second, parse, "notify-refused", zone="example.com", serial=5)
    assert event["client"] == "127.0.0.9" and "no entry matches 127.0.0.9" in event["reason"]


@pytest.mark.parametrize("form", ["text", "logfmt", "json"])
def test_no_secret_is_in_any_log(lab, form):
    """Whatever goes right or wrong, at the highest level."""
    first, second = pair(lab, [f"log-format {form};", "log-level debug;",
                               'alert-url "http://127.0.0.1:9/T0/hook-secret";', "alert-delay 0;"])
    first.options += [f"log-format {form};"]
    third = lab.understudy()
    third.options += [f"log-format {form};", "log-level debug;"]
    third.add(Zone("example.com", primaries=[first.endpoint._replace(key=STRANGER)]))
    for server in (first, second, third):
        server.start()
    second.wait_serial("example.com", 1)
    third.wait_log(r"TSIG|BADSIG")
    # A configuration that does not read, with the secret right beside the fault.
    good = second.config_path.read_text()
    second.config_path.write_text(good.replace("algorithm", "algorihtm"))
    second.reload()
    second.wait_log("reload refused")
    second.config_path.write_text(good)
    second.stop()
    said = "".join(server.log() for server in (first, second, third))
    for secret in (KEY.secret, STRANGER.secret, "hook-secret"):
        assert secret not in said
    assert "tr.example" in said


def test_the_log_file_is_turned_over(lab):
    first, second = pair(lab, [])
    path = second.folder / "understudy.log"
    second.options += [f'log-file "{path}";']
    first.start()
    second.start()
    wait_until(lambda: "is ready" in path.read_text())
    assert path.stat().st_mode & 0o007 == 0, "not for everyone"
    path.rename(second.folder / "understudy.log.1")
    second.reload()
    wait_until(lambda: path.exists() and "reloaded" in path.read_text())
    # Also by a reload that is refused: logrotate knows nothing of that.
    good = second.config_path.read_text()
    second.config_path.write_text("rubbish;\n")
    path.rename(second.folder / "understudy.log.2")
    second.reload()
    wait_until(lambda: path.exists() and "reload refused" in path.read_text())
    # And without the option standard error has it again.
    second.config_path.write_text(good.replace(f'log-file "{path}";', ""))
    second.reload()
    second.wait_log("reloaded: 1 zone")


def test_a_channel_of_bind_says_where_to(lab):
    server = lab.understudy()
    server.add(Zone("example.com", zone_text("example.com", 1)))
    server.start()
    server.stop()
    text = server.config_path.read_text()
    server.config_text = text + (
        'logging { channel main { file "main.log" versions 3 size 5m; severity notice; print-time yes; };\n'
        "          category default { main; }; category queries { null; }; };\n")
    server.start()
    path = server.folder / "main.log"
    wait_until(lambda: path.exists() and "is ready" in path.read_text())
    assert "notice: " in path.read_text() and " info: " not in path.read_text()


def may_mount():
    return os.geteuid() == 0 and subprocess.run(
        ["unshare", "-m", "true"], stderr=subprocess.DEVNULL).returncode == 0


class Reader:
    """A folder of our own in place of one of the system's, with a socket that
    the server under test takes for the journal's or syslog's."""

    def __init__(self, server, folder, name):
        self.path = server.folder / "sockets"
        self.path.mkdir()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path / name))
        self.socket.settimeout(60)
        command = server.command
        server.command = lambda: ["unshare", "-m", "sh", "-c",
                                  f"mount -t tmpfs none /run && mkdir -p {folder} && mount --bind {self.path} {folder}"
                                  ' && exec "$@"', "sh", *command()]

    def datagrams(self):
        while True:
            yield self.socket.recv(65536).decode()


@pytest.mark.skipif(not may_mount(), reason="needs to mount")
def test_the_journal_has_fields(lab):
    first, second = pair(lab, ["log-target journal;", "log-format json;"])
    journal = Reader(second, "/run/systemd/journal", "socket")
    first.start()
    second.start()
    for datagram in journal.datagrams():
        fields = dict(line.split("=", 1) for line in datagram.splitlines())
        if fields.get("EVENT") == "transfer-in":
            break
    assert fields["MESSAGE"].startswith("example.com: transfer from 127.0.0.1@")
    assert fields["PRIORITY"] == "6" and fields["SYSLOG_IDENTIFIER"] == "understudy"
    assert fields["ZONE"] == "example.com" and fields["PRIMARY"] == f"127.0.0.1@{first.port}"
    assert fields["KEY"] == "tr.example" and fields["SERIAL"] == "1" and fields["KIND"] == "AXFR"


@pytest.mark.skipif(not may_mount(), reason="needs to mount")
def test_a_journal_that_is_stuck_holds_nobody_up(lab):
    first, second = pair(lab, ["log-target journal;", "log-level debug;", "querylog yes;"])
    journal = Reader(second, "/run/systemd/journal", "socket")
    first.start()
    second.start()
    for i in range(1500):
        assert second.ask("www.example.com", "A").rcode() == 0
    first.update("example.com", zone_text("example.com", 2))
    first.wait_serial("example.com", 2)
    second.run("refresh", "example.com", "--state-dir", second.state_dir)
    second.wait_serial("example.com", 2)
    # When it reads again it hears how much it missed.
    seen, journal.socket = journal.datagrams(), journal.socket
    journal.socket.settimeout(0.5)
    try:
        for _ in seen:
            pass
    except socket.timeout:
        pass
    journal.socket.settimeout(60)
    second.ask("www.example.com", "A")
    assert any("were lost here" in d for d, _ in zip(journal.datagrams(), range(3)))
