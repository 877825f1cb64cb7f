# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP listener from outside: metrics, JSON, events, and who may ask."""

import http.client
import json
import re
import socket
import subprocess
import time

import pytest

from peers import ROOT, Endpoint, Zone, free_port, zone_text
from peers.process import PEERS, has_ipv6, wait_until

ZONE = "example.com"
DIST = ROOT / "dist"


def with_page(lab, dialect="named", address="127.0.0.1", options=()):
    server = lab.understudy(dialect=dialect)
    server.http = free_port()
    named = dialect == "named"
    server.options = [f"http-listen {address}@{server.http};" if named else f"http-listen: {address}@{server.http}",
                      *options]
    return server


def pair(lab, text=None, options=(), **how):
    """A primary, and a secondary with the page; both serve serial 1."""
    first, second = lab.understudy(), with_page(lab, **how)
    first.add(Zone(ZONE, text or zone_text(ZONE, 1), allow=[Endpoint("127.0.0.1")], notify=[second.endpoint],
                   options=["monitor no;", "max-shrink 100;"]))
    second.add(Zone(ZONE, primaries=[first.endpoint], options=["monitor explicit;", *options]))
    first.start()
    second.start()
    second.wait_serial(ZONE, 1)
    return first, second


def ask(server, path, method="GET", host=None, headers=(), address="127.0.0.1", version=11):
    connection = http.client.HTTPConnection(address, server.http, timeout=60)
    connection._http_vsn, connection._http_vsn_str = version, f"HTTP/{version // 10}.{version % 10}"
    connection.putrequest(method, path, skip_host=True)
    if host != "":
        connection.putheader("Host", host or f"127.0.0.1:{server.http}")
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer, body


def metrics(server, query=""):
    answer, body = ask(server, f"/metrics{query}")
    assert answer.status == 200, body
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
            for line in body.splitlines() if not line.startswith("#")}


def zones(server, query=""):
    answer, body = ask(server, f"/api/zones{query}")
    assert answer.status == 200, body
    return json.loads(body)


def promtool(*arguments, stdin=""):
    done = subprocess.run([PEERS / "usr/bin/promtool", *arguments], input=stdin, text=True, cwd=DIST,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    return done.returncode, done.stdout


# --- metrics

def test_the_metrics_are_what_prometheus_wants(lab):
    _, second = pair(lab)
    second.ask(f"www.{ZONE}", "AAAA")
    second.ask(f"www.{ZONE}", "HTTPS", tcp=True)
    answer, body = ask(second, "/metrics")
    assert answer.getheader("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    code, said = promtool("check", "metrics", stdin=body)
    assert code == 0 and said == "", said
    families = re.findall(r"^# TYPE (\S+) (\S+)$", body, re.MULTILINE)
    assert len(families) == len(set(families)) and len(families) > 50
    assert [name for name, _ in families] == re.findall(r"^# HELP (\S+) \S", body, re.MULTILINE)


def test_what_is_asked_is_counted(lab):
    _, second = pair(lab)
    before = metrics(second)
    second.ask(f"www.{ZONE}", "AAAA")
    second.ask(f"nothing.{ZONE}", "MX")
    second.ask(f"www.{ZONE}", "CAA", tcp=True)
    second.dig("version.bind", "CH", "TXT")
    after = metrics(second)

    def grew(name):
        return after[name] - before.get(name, 0)
    assert grew("understudy_queries_total") == 4
    assert grew('understudy_queries_by_transport_total{transport="udp"}') == 3
    assert grew('understudy_queries_by_transport_total{transport="tcp"}') == 1
    for kind in ("AAAA", "MX", "CAA", "TXT"):
        assert grew(f'understudy_queries_by_type_total{{type="{kind}"}}') == 1
    assert grew('understudy_queries_by_class_total{class="CH"}') == 1
    assert grew('understudy_queries_by_class_total{class="IN"}') == 3
    assert grew('understudy_queries_by_opcode_total{opcode="QUERY"}') == 4
    assert grew('understudy_queries_by_rcode_total{rcode="NXDOMAIN"}') == 1
    assert grew("understudy_connections_total") == 1


def test_a_zone_has_its_times_and_serials(lab):
    first, second = pair(lab)
    label = f'{{zone="{ZONE}"}}'
    m = metrics(second)
    assert m[f"understudy_zone_serial{label}"] == 1
    assert m[f"understudy_zone_state{label}"] == 1
    assert m[f"understudy_zone_held{label}"] == 0
    assert m[f"understudy_zone_behind_since_timestamp_seconds{label}"] == 0
    now = time.time()
    assert abs(m[f"understudy_zone_last_success_timestamp_seconds{label}"] - now) < 60
    assert abs(m[f"understudy_zone_expire_timestamp_seconds{label}"] - now - 604800) < 60
    assert m[f"understudy_zone_life_timestamp_seconds{label}"] == m[f"understudy_zone_expire_timestamp_seconds{label}"] - 604800
    assert f"understudy_zone_rrsig_expire_timestamp_seconds{label}" not in m
    first.update(ZONE, zone_text(ZONE, 2))
    second.wait_serial(ZONE, 2)
    m = wait_until(lambda: (found := metrics(second))[f"understudy_zone_serial{label}"] == 2 and found)
    primary = f'primary="127.0.0.1@{first.port}"'
    assert m[f'understudy_primary_up{{{primary}}}'] == 1
    assert sum(m[f'understudy_primary_transfers_total{{{primary},xfrtype="{kind}"}}'] for kind in ("AXFR", "IXFR")) == 2
    assert m['understudy_notifies_received_total{outcome="accepted"}'] >= 1
    assert m['understudy_zones{state="current"}'] == 1
    sent = metrics(with_own_page(first, lab))  # a primary counts what it serves
    assert sent['understudy_xfr_requests_served_total{xfrtype="AXFR"}'] + \
        sent['understudy_xfr_requests_served_total{xfrtype="IXFR"}'] >= 2


def with_own_page(server, lab):
    """Gives a running server a page by a reload."""
    server.http = free_port()
    server.options = [f"http-listen 127.0.0.1@{server.http};"]
    mark = server.log_mark()
    server.write_config()
    server.reload()
    server.wait_log("reloaded: ", since=mark)
    return server


def test_series_of_zones_can_be_left_out(lab):
    _, second = pair(lab, options=["check-zonemd no;"])
    assert f'understudy_zone_serial{{zone="{ZONE}"}}' in metrics(second)
    assert not any("{zone=" in name for name in metrics(second, "?zones=no"))
    assert not any("{zone=" in name for name in metrics(second, "?zones=troubled"))  # it is well
    assert ask(second, "/metrics?zones=some")[0].status == 400


def test_a_troubled_zone_is_shown_where_only_those_are(lab):
    first, second = pair(lab, zone_text(ZONE, 1, hosts=200))
    first.update(ZONE, zone_text(ZONE, 2, hosts=3))
    second.wait_log("serial 2 held")
    label = f'{{zone="{ZONE}"}}'
    m = wait_until(lambda: (found := metrics(second, "?zones=troubled")).get(f"understudy_zone_held{label}") and found)
    assert m[f"understudy_zone_serial{label}"] == 1 and m["understudy_zones_held"] == 1
    assert m[f"understudy_zone_behind_since_timestamp_seconds{label}"] > 0


def test_the_earliest_signature_is_found(lab):
    extra = "".join(f"{owner} IN RRSIG {kind} 13 2 3600 {expires} 20260101000000 4711 {ZONE}. AAAA\n"
                    for owner, kind, expires in (("@", "SOA", "20401231000000"), ("@", "NS", "20401231000000"),
                                                 ("host1", "A", "20300601120000")))
    _, second = pair(lab, zone_text(ZONE, 1, extra=extra))
    label = f'understudy_zone_rrsig_expire_timestamp_seconds{{zone="{ZONE}"}}'
    m = wait_until(lambda: (found := metrics(second)) and label in found and found,
                   message="no signature was found")
    assert m[label] == 1906545600  # 2030-06-01 12:00 UTC


# --- rules and dashboard

def exported(lab):
    _, second = pair(lab)
    return set(re.findall(r"^# TYPE (\S+)", ask(second, "/metrics")[1], re.MULTILINE))


def test_the_alert_rules_do_what_they_say():
    code, said = promtool("check", "rules", "alerts.yml")
    assert code == 0, said
    code, said = promtool("test", "rules", "alerts.test.yml")
    assert code == 0, said
    rules = set(re.findall(r"- alert: (\S+)", (DIST / "alerts.yml").read_text()))
    tested = set(re.findall(r"alertname: (\w+)", (DIST / "alerts.test.yml").read_text()))
    assert rules == tested


def test_rules_and_dashboard_use_what_is_exported(lab):
    known = exported(lab)
    for name in ("alerts.yml", "grafana.json"):
        used = set(re.findall(r"\b((?:understudy|process)_[a-z_]+)\b", (DIST / name).read_text()))
        assert used and used <= known, f"{name}: {used - known}"
    shown = set(re.findall(r"\b((?:understudy|process)_[a-z_]+)\b", (DIST / "grafana.json").read_text()))
    assert len(shown) > 35


def test_the_dashboard_is_whole():
    dashboard = json.loads((DIST / "grafana.json").read_text())
    taken = [p["gridPos"] for p in dashboard["panels"]]
    assert len({p["id"] for p in dashboard["panels"]}) == len(taken)
    for i, a in enumerate(taken):
        assert a["x"] + a["w"] <= 24
        for b in taken[:i]:
            assert (a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
                    or a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]), (a, b)


# --- JSON and events

def test_zones_are_found_and_ordered(lab):
    server = with_page(lab)
    for name in ("a.example", "b.example", "far.test"):
        server.add(Zone(name, zone_text(name, 5, hosts=len(name)), options=["monitor no;"]))
    server.add(Zone("lost.example", primaries=[Endpoint("127.0.0.1", free_port())], options=["monitor explicit;"]))
    server.start()

    def names(query):
        return [z["zone"] for z in wait_until(lambda: zones(server, query))["zones"]]
    wait_until(lambda: zones(server)["total"] == 4)
    assert names("")[0] == "lost.example"                 # what needs one comes first
    assert names("?filter=attention") == ["lost.example"]
    assert names("?search=EXAMPLE&order=name") == ["a.example", "b.example", "lost.example"]
    assert names("?order=name&offset=1&limit=2") == ["b.example", "lost.example"]
    assert names("?filter=primary&order=records")[0] in ("a.example", "b.example")
    found = zones(server, "?filter=primary&limit=0")
    assert (found["matched"], found["zones"]) == (3, [])
    for bad in ("?order=size", "?limit=-1", "?limit=x", "?filter=", "?colour=red", "?search=" + "x" * 300, "?limit"):
        assert ask(server, f"/api/zones{bad}")[0].status == 400, bad


def test_one_zone_is_told_in_full(lab):
    first, second = pair(lab)
    answer, body = ask(second, f"/api/zone?name={ZONE}.")
    zone = json.loads(body)
    assert zone["serial"] == 1 and zone["level"] == "fine" and zone["role"] == "secondary"
    assert any(f"127.0.0.1@{first.port}" in p["text"] for p in zone["explain"]["paragraphs"])
    assert [s["part"] for s in zone["servers"]] == ["primary"]
    assert ask(second, "/api/zone?name=other.example")[0].status == 404
    assert ask(second, "/api/zone")[0].status == 400
    assert ask(second, "/api/zone?name=a..b")[0].status == 400
    primaries = json.loads(ask(second, "/api/primaries")[1])["primaries"]
    assert [p["address"] for p in primaries] == [f"127.0.0.1@{first.port}"]


class Events:
    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.http, timeout=60)
        self.connection.request("GET", "/api/events")
        self.answer = self.connection.getresponse()

    def next(self, kind):
        """The data of the next event of that kind."""
        name = None
        while True:
            line = self.answer.readline().decode().rstrip("\n")
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: ") and name == kind:
                return json.loads(line[6:])


def test_a_change_is_told_as_it_happens(lab):
    first, second = pair(lab)
    events = Events(second)
    assert events.answer.getheader("Content-Type") == "text/event-stream"
    hello = events.next("hello")
    assert hello["zones"]["total"] == 1 and hello["version"]
    assert events.next("pulse")["sums"]["current"] == 1
    first.update(ZONE, zone_text(ZONE, 2))
    wait_until(lambda: any(z["serial"] == 2 for z in events.next("zones")["zones"]))


def test_zones_that_come_and_go_are_told(lab):
    _, second = pair(lab)
    events = Events(second)
    edition = events.next("hello")["edition"]
    second.add(Zone("new.example", zone_text("new.example"), options=["monitor no;"]))
    second.write_files()
    second.reload()
    wait_until(lambda: events.next("zones")["sums"]["total"] == 2)
    assert zones(second)["edition"] > edition
    del second.zones["new.example"]
    second.write_config()
    second.reload()
    wait_until(lambda: zones(second)["total"] == 1)


def test_who_listens_does_not_keep_the_server_from_ending(lab):
    _, second = pair(lab)
    listeners = [Events(second) for _ in range(20)]
    for events in listeners:
        events.next("hello")
    assert second.stop() == 0


def test_only_so_many_may_listen(lab):
    _, second = pair(lab)
    listeners = [Events(second) for _ in range(64)]
    assert all(events.answer.status == 200 for events in listeners)
    assert Events(second).answer.status == 503
    assert ask(second, "/")[0].status == 200


# --- who may ask what

def test_nothing_can_be_done_here_but_look(lab):
    _, second = pair(lab)
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"):
        answer, body = ask(second, "/api/zones", method=method)
        assert answer.status == 405 and answer.getheader("Allow") == "GET, HEAD", (method, answer.status)
    answer, body = ask(second, "/metrics", method="HEAD")
    assert answer.status == 200 and body == ""
    assert ask(second, "/api/events", method="HEAD")[0].status == 200
    for path in ("/etc/passwd", "/../../etc/passwd", "/%2e%2e/named.conf", "/page.css/", "//"):
        assert ask(second, path)[0].status == 404, path


def test_a_browser_is_told_to_trust_nothing_else(lab):
    _, second = pair(lab)
    for path in ("/", "/page.js", "/api/zones", "/nothing", "/metrics"):
        answer, _ = ask(second, path)
        policy = answer.getheader("Content-Security-Policy")
        assert policy.startswith("default-src 'none'; ") and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.getheader("X-Content-Type-Options") == "nosniff"
        assert answer.getheader("Referrer-Policy") == "no-referrer"
        assert answer.getheader("Access-Control-Allow-Origin") is None


@pytest.mark.parametrize("host, good", [
    ("127.0.0.1", True), ("192.0.2.7:80", True), ("[2001:db8::1]:8053", True), ("localhost:8053", True),
    ("LOCALHOST.", True), ("dns.example.net", True), (socket.gethostname(), True), ("", True),
    ("evil.example", False), ("evil.example:8053", False), ("127.0.0.1.evil.example", False),
    ("localhost.evil.example", False), ("[::1", False), ("dns.example.net.evil", False), (":80", False)])
def test_another_name_than_ours_is_refused(lab, host, good):
    """So that no page from elsewhere reads us by a name of its own (DNS rebinding)."""
    server = with_page(lab, options=["http-host dns.example.net;"])
    server.add(Zone(ZONE, zone_text(ZONE), options=["monitor no;"]))
    server.start()
    answer, body = ask(server, "/api/zones", host=host, version=10 if host == "" else 11)
    assert answer.status == (200 if good else 421), body


def test_files_are_not_sent_twice(lab):
    _, second = pair(lab)
    answer, _ = ask(second, "/page.js")
    tag = answer.getheader("ETag")
    assert answer.status == 200 and tag
    answer, body = ask(second, "/page.js", headers=[("If-None-Match", tag)])
    assert answer.status == 304 and body == ""


def test_a_slow_head_is_ended_and_others_are_served(lab):
    _, second = pair(lab)
    slow = [socket.create_connection(("127.0.0.1", second.http)) for _ in range(60)]
    for s in slow:
        s.sendall(b"GET / HT")
    assert ask(second, "/")[0].status == 200
    for junk in (b"\0" * 2000, b"GET " + b"x" * 100000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"a:b\r\n" * 20000):
        with socket.create_connection(("127.0.0.1", second.http)) as s:
            try:
                s.sendall(junk)
                s.recv(1000)
            except OSError:
                pass
    assert ask(second, "/")[0].status == 200
    for s in slow:
        s.close()


# --- where it listens

def test_it_is_off_unless_asked_for(lab):
    server = lab.understudy()
    server.add(Zone(ZONE, zone_text(ZONE), options=["monitor no;"]))
    server.start()
    assert "by HTTP" not in server.log()


@pytest.mark.skipif(not has_ipv6(), reason="there is no ::1 here")
def test_it_listens_on_ipv6_and_several_addresses_by_the_command_line(lab):
    server = lab.understudy()
    server.http, other = free_port(), free_port()
    server.arguments = ["--http", f"127.0.0.1@{server.http}", "--http", f"::1@{other}"]
    server.add(Zone(ZONE, zone_text(ZONE), options=["monitor no;"]))
    server.start()
    assert zones(server)["total"] == 1
    server.http = other
    assert ask(server, "/", host=f"[::1]:{other}", address="::1")[0].status == 200


def test_an_address_that_others_reach_is_warned_of(lab):
    server = with_page(lab, address="0.0.0.0", dialect="nsd")
    server.add(Zone(ZONE, zone_text(ZONE), options=["monitor: no"]))
    server.start()
    line = server.wait_log(f"0.0.0.0@{server.http} by HTTP")
    assert "warning" in line and "firewall" in line


def test_a_reload_changes_where_it_listens(lab):
    _, second = pair(lab)
    old, second.http = second.http, free_port()
    second.options = [f"http-listen 127.0.0.1@{second.http};"]
    second.write_config()
    second.reload()
    wait_until(lambda: second.wait_log("reloaded: "))
    assert zones(second)["total"] == 1
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", old), timeout=30)
    # An address that is taken is told, and what is there goes on.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        second.options.append(f"http-listen 127.0.0.1@{taken.getsockname()[1]};")
        mark = second.log_mark()
        second.write_config()
        second.reload()
        second.wait_log("reloaded, but http-listen: .*cannot listen", since=mark)
    assert zones(second)["total"] == 1
    second.options = []
    mark = second.log_mark()
    second.write_config()
    second.reload()
    second.wait_log("no longer at", since=mark)
