# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGHUP: new configuration and changed zone files, without losing a query."""

import json
import os
import threading
import time

import pytest

from peers import Endpoint, Zone, client, zone_text
from peers.process import wait_until


def primary(lab, dialect="named", serial=1, hosts=80):
    server = lab.understudy(dialect=dialect)
    server.add(Zone("example.com", zone_text("example.com", serial, hosts=hosts)))
    server.start()
    server.wait_serial("example.com", serial)
    return server


@pytest.mark.parametrize("dialect", ["named", "nsd"])
def test_no_query_is_lost(lab, dialect):
    server = primary(lab, dialect)
    with client.QueryStream("127.0.0.1", server.port, "www.example.com", rate=400) as stream:
        serial = 1
        # A busy machine asks more slowly: reloads go on until enough was asked.
        while serial < 7 or (stream.sent <= 100 and serial < 60):
            serial += 1
            server.add(Zone(f"extra{serial}.test", zone_text(f"extra{serial}.test", serial)))
            server.write_files()
            server.update("example.com", zone_text("example.com", serial, hosts=80))
            server.wait_serial("example.com", serial)
            server.wait_serial(f"extra{serial}.test", serial)
            time.sleep(0.1)
    assert stream.sent > 100
    assert stream.lost == 0, f"{stream.lost} of {stream.sent} lost"
    assert set(stream.rcodes) == {0}


def test_zones_come_and_go(lab):
    server = primary(lab)
    server.add(Zone("second.test", zone_text("second.test", 7)))
    server.write_files()
    server.reload()
    server.wait_serial("second.test", 7)
    del server.zones["second.test"]
    server.write_config()
    server.reload()
    server.wait_rcode("second.test", "REFUSED")
    assert server.serial("example.com") == 1


def test_a_zone_that_comes_back_has_its_copy(lab):
    """A line lost from the configuration by mistake, while the primary is away."""
    other = lab.nsd()
    other.add(Zone("example.com", zone_text("example.com", 5), allow=[Endpoint("127.0.0.1")]))
    other.start()
    server = lab.understudy()
    zone = Zone("example.com", primaries=[other.endpoint])
    server.add(zone)
    server.add(Zone("stays.test", zone_text("stays.test", 1)))
    server.start()
    server.wait_serial("example.com", 5)
    other.kill()
    del server.zones["example.com"]
    server.write_config()
    server.reload()
    server.wait_rcode("example.com", "REFUSED")
    server.wait_log(r"1 zone is no longer configured")
    (server.folder / zone.file).unlink(missing_ok=True)
    server.add(zone)
    server.write_config()
    server.reload()
    server.wait_serial("example.com", 5)


def test_a_zone_goes_while_its_file_is_written(lab):
    """Who writes it goes on, and still names the zone when it is done."""
    other = lab.nsd()
    other.add(Zone("example.com", zone_text("example.com", 5, hosts=60000), allow=[Endpoint("127.0.0.1")]))
    other.start()
    server = lab.understudy()
    server.options.append("log-level debug;")
    zone = Zone("example.com", primaries=[other.endpoint])
    server.add(zone)
    server.add(Zone("stays.test", zone_text("stays.test", 1)))
    server.start()
    server.wait_log(r"serial 5 is served")
    del server.zones["example.com"]
    server.write_config()
    server.reload()
    server.wait_rcode("example.com", "REFUSED")
    server.wait_log(r"example.com: zone file \S+ written, serial 5")
    assert server.running


def test_a_primary_becomes_a_secondary(lab):
    other = lab.bind()
    other.add(Zone("example.com", zone_text("example.com", 5), allow=[Endpoint("127.0.0.1")]))
    other.start()
    server = primary(lab)
    server.add(Zone("example.com", primaries=[other.endpoint]))
    server.write_config()
    server.reload()
    server.wait_serial("example.com", 5)


def test_a_broken_configuration_changes_nothing(lab):
    server = primary(lab)
    good = server.config_path.read_text()
    mark = server.log_mark()
    server.config_path.write_text(good.replace("allow-transfer { none; };", "allow-transfer { none }", 1))
    server.reload()
    line = server.wait_log(r"named\.conf:\d+:\d+", since=mark)
    assert ";" in line
    time.sleep(0.3)
    assert server.running and server.serial("example.com") == 1
    server.config_path.write_text(good)
    server.update("example.com", zone_text("example.com", 2))
    server.wait_serial("example.com", 2)


@pytest.mark.parametrize("damage", [
    "www IN A 192.0.2.300\n", "@ IN SOA ns1 x 9 9 9 9 9\n", "broken IN\n",
    "$INCLUDE /nonexistent/file\n", "outside.example.net. IN A 192.0.2.1\n(\n"])
def test_a_broken_zone_file_keeps_the_old_version(lab, damage):
    server = primary(lab)
    mark = server.log_mark()
    server.update("example.com", zone_text("example.com", 2, extra=damage))
    line = server.wait_log(r"example\.com", since=mark)
    assert line
    time.sleep(0.5)
    assert server.serial("example.com") == 1
    assert server.ask("www.example.com").answer
    server.update("example.com", zone_text("example.com", 3))
    server.wait_serial("example.com", 3)


def test_a_zone_file_that_is_gone_keeps_the_old_version(lab):
    server = primary(lab)
    mark = server.log_mark()
    server.zone_path("example.com").unlink()
    server.reload()
    server.wait_log(r"example\.com", since=mark)
    assert server.serial("example.com") == 1


def test_an_unchanged_file_is_not_read_again(lab):
    server = primary(lab)
    for _ in range(3):
        server.reload()
    time.sleep(0.5)
    assert server.running and server.serial("example.com") == 1


def test_reload_after_reload(lab):
    """A storm of signals is one reload after the other, not a crash."""
    server = primary(lab)
    for serial in range(2, 30):
        server.update("example.com", zone_text("example.com", serial))
    server.wait_serial("example.com", 29)


def reload_by_verb(server):
    code, out, err = server.run("reload", "--state-dir", server.state_dir)
    assert code == 0, (out, err)
    return out.strip()


def test_a_reload_touches_only_what_it_changes(lab):
    """However many zones there are, and wherever in the file the change stands."""
    server = lab.understudy()
    for i in range(300):
        server.add(Zone(f"z{i:03}.test", zone_text(f"z{i:03}.test", 1)))
    server.start()
    server.wait_serial("z299.test", 1)
    for name in server.zones:
        os.utime(server.zone_path(name), (time.time() - 3600,) * 2)
    wait_until(lambda: reload_by_verb(server) == "reloaded: 300 zones, 0 warnings", step=0.3)
    # All that stands behind it has another place now.
    del server.zones["z000.test"]
    server.write_config()
    assert reload_by_verb(server) == "reloaded: 299 zones, 1 removed, 0 warnings"
    server.add(Zone("new.test", zone_text("new.test", 4)))
    server.zones["z007.test"].options.append("allow-query { 127.0.0.0/8; };")
    server.zones["z008.test"].options.append("allow-query { 192.0.2.0/24; };")
    server.write_files()
    told = reload_by_verb(server)
    assert told.startswith("reloaded: 300 zones, 1 added, 2 changed"), told
    server.wait_serial("new.test", 4)
    server.wait_rcode("z008.test", "REFUSED")
    for name in ("z007.test", "z001.test", "z299.test"):
        assert server.serial(name) == 1
    server.zones["z008.test"].options.clear()
    server.write_config()
    assert ", 1 changed" in reload_by_verb(server)
    server.wait_serial("z008.test", 1)


def test_an_attempt_goes_on_with_the_new_primary(lab):
    """The old one takes the connection and says nothing: nobody waits for it any more."""
    import socket
    other = lab.bind()
    other.add(Zone("example.com", zone_text("example.com", 5), allow=[Endpoint("127.0.0.1")]))
    other.start()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = lab.understudy()
        server.add(Zone("example.com", primaries=[Endpoint("127.0.0.1", silent.getsockname()[1])]))
        server.start()
        silent.settimeout(20)
        connection, _ = silent.accept()
        with connection:
            server.add(Zone("example.com", primaries=[other.endpoint]))
            server.write_config()
            assert reload_by_verb(server) == "reloaded: 1 zone, 1 changed, 0 warnings"
            server.wait_serial("example.com", 5)
            connection.settimeout(20)
            while connection.recv(4096):
                pass  # the question, and then the end


def state_of(server, name="example.com"):
    return json.loads(server.status(name, "--json"))


def copy_of(lab, text, options=(), primary_options=()):
    """A primary, and a secondary that has its zone."""
    other = lab.understudy()
    other.add(Zone("example.com", text, allow=[Endpoint("127.0.0.1")], options=list(primary_options)))
    other.start()
    server = lab.understudy()
    server.options.append("log-level debug;")
    server.add(Zone("example.com", primaries=[other.endpoint], options=list(options)))
    server.start()
    server.wait_log(r"example.com: zone file \S+ written, serial 5")
    return other, server


def test_other_bounds_of_the_timers_hold_for_the_copy_there_is(lab):
    other, server = copy_of(lab, zone_text("example.com", 5), options=["min-refresh-time 86400;"])
    assert state_of(server)["refresh_at"] > time.time() + 40000
    server.zones["example.com"].options[:] = ["max-refresh-time 600;", "min-refresh-time 600;"]
    server.write_config()
    assert reload_by_verb(server) == "reloaded: 1 zone, 1 changed, 0 warnings"
    assert state_of(server)["refresh_at"] < time.time() + 700


def test_a_copy_is_written_to_the_file_that_is_named_now(lab):
    class Elsewhere(Zone):
        file = "elsewhere.zone"

    other, server = copy_of(lab, zone_text("example.com", 5))
    server.add(Elsewhere("example.com", primaries=[other.endpoint]))
    server.write_config()
    assert reload_by_verb(server) == "reloaded: 1 zone, 1 changed, 0 warnings"
    server.wait_log(r"example.com: zone file \S+elsewhere.zone written, serial 5")


def test_a_copy_becomes_a_primary(lab):
    """What was known of its primaries does not concern it any more."""
    other, server = copy_of(lab, zone_text("example.com", 5, hosts=100), primary_options=["max-shrink 100;"])
    other.update("example.com", zone_text("example.com", 6, hosts=3))
    assert server.run("refresh", "example.com", "--state-dir", server.state_dir)[0] == 0
    server.wait_log(r"serial 6 held")
    wait_until(lambda: state_of(server)["lag_seconds"] > 0)
    server.add(Zone("example.com", zone_text("example.com", 9, hosts=100)))
    server.write_files()
    reload_by_verb(server)
    server.wait_serial("example.com", 9)
    state = state_of(server)
    assert (state["lag_seconds"], state["primary_serial"], state["held"], state["last_error"]) == (0, None, None, None)
    path = server.zone_path("example.com")
    written = path.read_text()
    server.stop()
    assert path.read_text() == written


def test_the_file_of_a_copy_that_becomes_a_primary_is_written_no_more(lab):
    """Not even where the copy waited to be written behind a large one."""
    other = lab.understudy()
    other.add(Zone("large.test", zone_text("large.test", 5, hosts=150000), allow=[Endpoint("127.0.0.1")]))
    other.add(Zone("example.com", zone_text("example.com", 5), allow=[Endpoint("127.0.0.1")]))
    other.start()
    server = lab.understudy()
    server.options.append("log-level debug;")
    server.add(Zone("large.test", primaries=[other.endpoint]))
    server.add(Zone("example.com", primaries=[other.endpoint]))
    server.start()
    server.wait_log(r"large.test: zone file \S+ written, serial 5")
    server.wait_log(r"example.com: zone file \S+ written, serial 5")
    log = server.log()
    large, small = (log.count(f"{name}: zone file") for name in ("large.test", "example.com"))
    server.zones["example.com"] = Zone("example.com", zone_text("example.com", 9))
    server.write_files()
    # Each is answered when its file is written.
    for name in ("large.test", "example.com"):
        threading.Thread(target=server.run, args=("write", name, "--state-dir", server.state_dir)).start()
        time.sleep(0.03)
    reload_by_verb(server)
    # On a machine that was busy elsewhere both may have been written before.
    if server.log().count("large.test: zone file") > large:
        return
    wait_until(lambda: server.log().count("large.test: zone file") > large)
    server.wait_serial("example.com", 9)
    server.stop()
    assert server.log().count("example.com: zone file") == small
    assert "9" in server.zone_path("example.com").read_text().split()
