# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting: what is said of a wrong start, and what a good one needs."""

import json
import os
import signal
import subprocess
import time

import pytest

from peers import Endpoint, Zone, free_port, store, zone_text
from peers.process import has_ipv6, wait_until
from peers.understudy import binary


def test_version_and_help(lab):
    server = lab.understudy()
    code, out, _ = server.run("version")
    assert code == 0 and "understudy" in out.lower()
    code, out, _ = server.run("help")
    assert code == 0
    for verb in ("serve", "check-config", "status", "version", "help"):
        assert verb in out


@pytest.mark.parametrize("arguments", [
    ["no-such-verb"], ["serve"], ["serve", "-c", "/nonexistent/named.conf"], ["serve", "--no-such-option"],
    ["check-config", "/nonexistent"], ["serve", "--secondary", "example.com"],
    ["serve", "--secondary", "example.com", "--primary", "not-an-address"]])
def test_wrong_arguments_end_with_words(lab, arguments):
    code, out, err = lab.understudy().run(*arguments)
    assert code in (1, 2), (code, out, err)
    assert len((out + err).strip()) > 10


WRONG = {
    "missing semicolon": ('zone "a.test" { type primary; file "a" };\n', 1),
    "unknown word": ('options {\n    no-such-option yes;\n};\n', 2),
    "unknown type": ('zone "a.test" {\n    type tertiary;\n};\n', 2),
    "unclosed brace": ('options {\n    recursion no;\n', 2),
    "unclosed string": ('options {\n    directory "/tmp;\n};\n', 2),
    "unknown key": ('zone "a.test" {\n    type secondary;\n    primaries { 192.0.2.1 key nobody; };\n};\n', 3),
    "no primaries": ('zone "a.test" {\n    type secondary;\n};\n', 1),
    "bad address": ('zone "a.test" {\n type secondary;\n primaries { 192.0.2.300; };\n};\n', 3),
    "bad algorithm": ('key k {\n    algorithm hmac-md4;\n    secret "AAAA";\n};\n', 2),
    "bad secret": ('key k {\n    algorithm hmac-sha256;\n    secret "not base64!";\n};\n', 3),
    "zone twice": ('zone "a.test" { type primary; file "a"; };\nzone "A.test" { type primary; file "b"; };\n', 2),
    "unknown acl": ('zone "a.test" {\n type primary; file "a";\n allow-transfer { nobody; };\n};\n', 3),
    "nsd unknown word": ('server:\n    no-such-option: yes\n', 2),
    "nsd unknown key": ('zone:\n    name: a.test\n    request-xfr: 192.0.2.1 nobody\n', 3),
    "nsd bad address": ('zone:\n    name: a.test\n    request-xfr: 192.0.2.300 NOKEY\n', 3),
    "nsd unknown pattern": ('zone:\n    name: a.test\n    include-pattern: nobody\n', 3),
    "not a config": ('<html>\n<body>\n', 1),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_configuration_is_named_by_file_line_and_column(lab, what):
    text, line = WRONG[what]
    server = lab.understudy()
    path = server.folder / "wrong.conf"
    path.write_text(text)
    code, out, err = server.run("check-config", path)
    assert code == 1, (out, err)
    told = [l for l in (out + err).splitlines() if "wrong.conf:" in l and "warning" not in l]
    assert told, (out, err)
    numbers = [int(l.split("wrong.conf:")[1].split(":")[0]) for l in told]
    assert any(abs(n - line) <= 1 for n in numbers), told
    code, out, err = server.run("serve", "-c", path, "--state-dir", server.state_dir,
                                "--listen", f"127.0.0.1@{free_port()}")
    assert code != 0 and "wrong.conf:" in err


def test_check_config_sums_up_each_zone(lab):
    server = lab.understudy()
    server.add(Zone("first.test", zone_text("first.test")))
    server.add(Zone("second.test", primaries=[Endpoint("192.0.2.1", 53)]))
    server.write_files()
    code, out, err = server.run("check-config", server.config_path)
    assert code == 0, (out, err)
    for name, role in (("first.test", "primary"), ("second.test", "secondary")):
        assert any(name in l and role in l for l in out.splitlines()), out


def test_check_config_warns_of_zone_files_that_cannot_be_had(lab):
    server = lab.understudy()
    path = server.folder / "files.conf"
    path.write_text("options { allow-transfer { none; }; };\n"
                    f'zone "first.test" {{ type primary; file "{server.folder}/none.zone"; }};\n'
                    'zone "second.test" { type secondary; primaries { 192.0.2.1; };\n'
                    f'    file "{server.folder}/nowhere/second.zone"; }};\n')
    code, out, err = server.run("check-config", path)
    assert code == 0 and "2 warnings" in out, (out, err)
    assert f"files.conf:2: zone first.test: {server.folder}/none.zone cannot be read" in err
    assert f"files.conf:3: zone second.test: {server.folder}/nowhere cannot be written in" in err


def test_a_statement_without_effect_is_one_warning_with_its_line(lab):
    server = lab.understudy()
    path = server.folder / "old.conf"
    path.write_text("options {\n    recursion yes;\n    allow-transfer { none; };\n};\n")
    code, out, err = server.run("check-config", path)
    assert code == 0
    warned = [l for l in (out + err).splitlines() if "old.conf:2" in l]
    assert len(warned) == 1 and "recursion" in warned[0]


def test_two_servers_on_one_state_directory(lab):
    first = lab.understudy()
    first.add(Zone("example.com", zone_text("example.com", 1)))
    first.start()
    code, out, err = first.run("serve", "-c", first.config_path, "--listen", f"127.0.0.1@{free_port()}")
    assert code != 0
    assert str(first.state_dir) in err and ("use" in err or "lock" in err), err
    assert first.serial("example.com") == 1


def test_a_port_that_is_taken(lab):
    first = lab.understudy()
    first.add(Zone("example.com", zone_text("example.com", 1)))
    first.start()
    code, out, err = first.run("serve", "-c", first.config_path, "--state-dir", first.folder / "other")
    assert code != 0 and str(first.port) in err and "in use" in err.lower(), err


def test_status_of_a_server_that_is_not_running(lab):
    server = lab.understudy()
    code, out, err = server.run("status", "--state-dir", server.folder)
    assert code == 3, (code, out, err)


def test_status(lab):
    first, second = lab.bind(), lab.understudy()
    first.add(Zone("example.com", zone_text("example.com", 2026010101), allow=[Endpoint("127.0.0.1")]))
    second.add(Zone("example.com", primaries=[first.endpoint]))
    second.add(Zone("own.test", zone_text("own.test", 42)))
    first.start()
    second.start()
    second.wait_serial("example.com", 2026010101)
    for text in (second.status(), second.run("status", "-c", second.config_path)[1]):
        assert "example.com" in text and "own.test" in text
    one = second.status("example.com")
    for word in ("secondary", "2026010101", "127.0.0.1"):
        assert word in one, one
    assert "own.test" not in one
    code, out, err = second.run("status", "nowhere.test", "--state-dir", second.state_dir)
    assert code == 1 and "nowhere.test" in out + err


def test_sigterm_ends_cleanly(lab):
    server = lab.understudy()
    server.add(Zone("example.com", zone_text("example.com", 1)))
    server.start()
    assert server.stop() == 0


def test_restart_serves_from_the_store_with_the_primary_away(lab):
    first, second = lab.bind(), lab.understudy()
    first.add(Zone("example.com", zone_text("example.com", 7), allow=[Endpoint("127.0.0.1")]))
    second.add(Zone("example.com", primaries=[first.endpoint]))
    first.start()
    second.start()
    second.wait_serial("example.com", 7)
    second.stop()
    first.kill()
    second.zone_path("example.com").unlink(missing_ok=True)
    second.start()
    second.wait_serial("example.com", 7)
    assert second.ask("host1.example.com").answer


@pytest.mark.parametrize("masterfile", ["raw", "text"])
def test_a_bind_secondary_moves_over_with_its_cached_zones(lab, masterfile):
    """BIND's own cached file, raw by default; no primary in sight."""
    first, old, new = lab.bind(), lab.bind(), lab.understudy()
    first.add(Zone("example.com", zone_text("example.com", 7), allow=[Endpoint("127.0.0.1")]))
    old.add(Zone("example.com", primaries=[first.endpoint], options=[]))
    if masterfile == "raw":
        old.write_config_text = old.write_config
        def write_raw():
            old.write_config_text()
            path = old.folder / "named.conf"
            path.write_text(path.read_text().replace("masterfile-format text;", "masterfile-format raw;"))
        old.write_config = write_raw
    first.start()
    old.start()
    old.wait_serial("example.com", 7)
    from peers.process import wait_until
    wait_until(old.zone_path("example.com").exists)
    old.stop()
    first.kill()
    new.add(Zone("example.com", primaries=[first.endpoint]))
    new.zone_path("example.com").write_bytes(old.zone_path("example.com").read_bytes())
    new.start()
    new.wait_serial("example.com", 7)
    assert new.ask("host1.example.com").answer


def test_listening_on_a_wildcard_answers_from_the_address_asked(lab):
    server = lab.understudy(address="0.0.0.0")
    server.config_text = None
    server.add(Zone("example.com", zone_text("example.com", 1)))
    server.options = [f"listen-on port {server.port} {{ any; }};"]
    server.address = "127.0.0.77"
    server.start()
    server.wait_serial("example.com", 1)       # a reply from elsewhere would not be taken
    server.address = "127.0.0.1"
    server.wait_serial("example.com", 1)


@pytest.mark.skipif(not has_ipv6(), reason="there is no ::1 here")
def test_ipv6(lab):
    server = lab.understudy()
    server.add(Zone("example.com", zone_text("example.com", 1)))
    server.options = [f"listen-on-v6 port {server.port} {{ ::1; }};"]
    server.start()
    from peers import client
    assert client.serial("::1", server.port, "example.com") == 1
    assert client.ask("::1", server.port, "www.example.com", tcp=True).answer


def test_the_identity_that_the_config_gives(lab):
    server = lab.understudy()
    server.options = ['version "none of yours";', 'hostname "second.example.net";', 'server-id "two";']
    server.add(Zone("example.com", zone_text("example.com", 1)))
    server.start()
    for name, text in (("version.bind", b"none of yours"), ("hostname.bind", b"second.example.net"),
                       ("id.server", b"two")):
        reply = server.ask(name, "TXT", rdclass="CH")
        assert reply.answer[0][0].strings == (text,)


def readable_by_nobody(lab):
    """A server, its files written, that may be started as another user."""
    if os.getuid() != 0:
        pytest.skip("needs root")
    server = lab.understudy()
    server.add(Zone("example.com", zone_text("example.com", 1)))
    server.write_files()
    # The folder above belongs to the tests alone: nobody may pass through it.
    for folder in (server.folder, *list(server.folder.parents)[:4]):
        if str(folder).startswith("/tmp/"):
            os.chmod(folder, 0o755)
    return server


def test_privileges_are_dropped_to_the_user_named(lab):
    server = readable_by_nobody(lab)
    server.arguments = ["--user", "nobody"]
    server.start()
    server.wait_serial("example.com", 1)
    status = open(f"/proc/{server.process.pid}/status").read()
    import pwd
    nobody = pwd.getpwnam("nobody").pw_uid
    assert f"Uid:\t{nobody}\t{nobody}\t{nobody}\t{nobody}" in status


def test_a_log_file_rotated_where_we_may_not_write_gets_advice(lab):
    server = readable_by_nobody(lab)
    logs = server.folder / "logs"
    logs.mkdir()                # root's: nobody can write into it
    server.options = [f'log-file "{logs / "log"}";']
    server.arguments = ["--user", "nobody"]
    server.start()
    server.wait_serial("example.com", 1)
    (logs / "log").rename(logs / "log.1")
    server.reload()
    wait_until(lambda: "cannot open the log file" in (logs / "log.1").read_text())
    line = next(l for l in (logs / "log.1").read_text().splitlines() if "cannot open the log file" in l)
    assert "Permission denied" in line and "let user nobody make files in that folder" in line
    assert "copytruncate" in line


def test_status_of_many_is_sorted_and_names_who_will_be_asked(lab):
    server = lab.understudy()
    nobody = Endpoint("127.0.0.1", free_port())
    for name in ("b.test", "a.example", "www.a.example", "a.test", "test"):
        server.add(Zone(name, primaries=[nobody]))
    server.start(wait=False)
    wait_until(lambda: server.run("status", "--state-dir", server.state_dir)[0] == 4)
    rows = [l.split() for l in server.status().splitlines()[1:] if l[:1] not in ("", " ")][:5]
    # Canonical order (RFC 4034, 6.1): by labels from the right.
    assert [r[0] for r in rows] == ["a.example", "www.a.example", "test", "a.test", "b.test"]
    assert all(r[2] == "empty" and r[4] == f"127.0.0.1@{nobody.port}" for r in rows), rows
    listed = json.loads(server.status("--json"))["zones"]
    assert [z["lag_seconds"] for z in listed] == [None] * 5
    assert {z["primary"] for z in listed} == {f"127.0.0.1@{nobody.port}"}


def aged(path, seconds=10):
    """A file that was changed just now may change again unseen: this one was not."""
    then = time.time() - seconds
    os.utime(path, (then, then))


def stored(server, before=None):
    """Awaits what is stored behind the first answers: something else than `before`."""
    return wait_until(lambda: (now := store.stored(server, "example.com")) != before and now,
                      message=f"{server} stores nothing new")


def killed_and_started(server):
    server.kill()
    mark = server.log_mark()
    server.launch()             # on the files as they are
    server.wait_ready()
    return server.wait_log(r"example\.com: serial \d+ loaded from", since=mark)


def test_a_primary_whose_file_is_the_same_starts_from_the_store(lab):
    server = lab.understudy()
    server.add(Zone("example.com", zone_text("example.com", 1)))
    server.write_files()
    path = server.zone_path("example.com")
    aged(path)
    server.launch()
    server.wait_serial("example.com", 1)
    before = stored(server)
    assert "from the store" in killed_and_started(server)
    assert server.ask("www.example.com").answer
    # Another file, whatever its serial, is read; and is the one that is stored then.
    for serial, host in ((2, "second"), (2, "third")):
        server.write_zone("example.com", zone_text("example.com", serial, extra=f"{host} IN A 192.0.2.77\n"))
        aged(path, 8 if host == "second" else 6)
        assert "from its file" in killed_and_started(server)
        assert server.ask(f"{host}.example.com").answer
        before = stored(server, before)
        assert "from the store" in killed_and_started(server)
        assert server.ask(f"{host}.example.com").answer


def test_a_primary_whose_file_was_reloaded_starts_from_the_store(lab):
    server = lab.understudy()
    server.add(Zone("example.com", zone_text("example.com", 1)))
    server.start()
    server.wait_serial("example.com", 1)
    stored(server)
    path = server.zone_path("example.com")
    server.write_zone("example.com", zone_text("example.com", 2))
    aged(path, 8)
    server.reload()
    server.wait_serial("example.com", 2)    # what is served after a reload is stored
    assert "serial 2 loaded from the store" in killed_and_started(server)
    # Touched, and found to be the same: that is remembered too.
    before = stored(server)
    aged(path, 5)
    server.reload()
    stored(server, before)
    assert "serial 2 loaded from the store" in killed_and_started(server)


def test_what_changed_while_a_primary_was_down_goes_out_as_ixfr(lab):
    second = lab.understudy()
    first = lab.understudy()
    extra = "".join(f"host{i} IN A 192.0.2.{i}\n" for i in range(100))
    first.add(Zone("example.com", zone_text("example.com", 1, extra=extra), allow=[Endpoint("127.0.0.1")],
                   notify=[second.endpoint]))
    second.add(Zone("example.com", primaries=[first.endpoint]))
    first.start()
    second.start()
    second.wait_serial("example.com", 1)
    first.stop()
    first.write_zone("example.com", zone_text("example.com", 2, extra=extra + "new IN A 192.0.2.200\n"))
    first.launch()
    first.wait_ready()
    second.wait_serial("example.com", 2)
    second.wait_log(r"example\.com: transfer from .* complete: IXFR")
    assert second.ask("new.example.com").answer
    history = json.loads(first.run("history", "example.com", "--json", "--state-dir", first.state_dir)[1])
    assert [v["serial"] for v in history["versions"]] == [1, 2]
    # Read again as it was: no step, and nothing stored anew.
    first.stop()
    aged(first.zone_path("example.com"), 3)
    first.launch()
    first.wait_ready()
    history = json.loads(first.run("history", "example.com", "--json", "--state-dir", first.state_dir)[1])
    assert [v["serial"] for v in history["versions"]] == [1, 2]


def test_a_primary_whose_file_includes_another_is_read(lab):
    server = lab.understudy()
    part = server.folder / "part.zone"
    part.write_text("part IN A 192.0.2.1\n")
    aged(part)
    server.add(Zone("example.com", zone_text("example.com", 1, extra=f"$INCLUDE {part}\n")))
    server.write_files()
    aged(server.zone_path("example.com"))
    server.launch()
    server.wait_serial("example.com", 1)
    assert "from its file" in killed_and_started(server)
    part.write_text("other IN A 192.0.2.1\n")
    aged(part, 5)
    assert "from its file" in killed_and_started(server)
    assert server.ask("other.example.com").answer and not server.ask("part.example.com").answer
    # A reload sees it too.
    part.write_text("third IN A 192.0.2.1\n")
    server.reload()
    wait_until(lambda: server.ask("third.example.com").answer)


def test_the_process_ends_when_its_signal_comes_during_the_start(lab):
    server = lab.understudy()
    for i in range(200):
        server.add(Zone(f"z{i}.test", zone_text(f"z{i}.test", 1)))
    server.start(wait=False)
    time.sleep(0.05)
    server.may_fail = True      # before it handles signals, SIGTERM simply ends it
    server.signal(signal.SIGTERM)
    assert server.process.wait(60) in (0, -signal.SIGTERM)


assert subprocess and binary
