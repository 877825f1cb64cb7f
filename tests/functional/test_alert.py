# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator is told when the state of a zone changes, once, and whoever is
told can be slow or dead without anyone noticing."""

import http.server
import json
import os
import threading
import time

import pytest

from peers import Endpoint, Zone, zone_text
from peers.process import wait_until


def brief(serial=1, **how):
    return zone_text("example.com", serial, **{"refresh": 1, "retry": 1, "expire": 8, **how})


class Program:
    """A program that notes each call: its variables and its standard input."""

    def __init__(self, folder, body=""):
        self.calls = folder / "calls"
        self.calls.mkdir()
        self.path = folder / "tell me"
        self.path.write_text("#!/bin/sh\n" + body + f"""
n=$(mktemp "{self.calls}/XXXXXX")
{{ env; echo; cat; }} >"$n.part" && mv "$n.part" "$n.call"
""")
        self.path.chmod(0o755)

    def heard(self):
        found = []
        for path in sorted(self.calls.glob("*.call"), key=lambda p: p.stat().st_mtime_ns):
            head, _, body = path.read_text().partition("\n\n")
            variables = dict(line.split("=", 1) for line in head.splitlines() if "=" in line)
            found.append((variables, json.loads(body)))
        return found

    def states(self, zone="example.com"):
        return [v["STATE"] for v, _ in self.heard() if v.get("ZONE") == zone]

    def wait(self, state, zone="example.com"):
        wait_until(lambda: state in self.states(zone),
                   message=lambda: f"never told that {zone} is {state}, only {self.heard()}")


class Hook:
    """A webhook on loopback; each request is answered with the next of `codes`,
    the last of them for ever."""

    def __init__(self, codes=(200,), delay=0, location=None):
        self.requests, self.codes = [], list(codes)
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.requests.append((self.path, dict(self.headers), json.loads(body)))
                time.sleep(delay)
                code = hook.codes.pop(0) if len(hook.codes) > 1 else hook.codes[0]
                try:
                    self.send_response(code)
                    if location:
                        self.send_header("Location", location)
                    self.end_headers()
                    self.wfile.write(b"ok")
                except OSError:
                    pass

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/T0/token"

    def events(self):
        return [event for _, _, body in list(self.requests) for event in body["events"]]

    def wait(self, **fields):
        def seen():
            for event in self.events():
                if all(event.get(k) == v for k, v in fields.items()):
                    return event
            return None
        return wait_until(seen, message=lambda: f"no event {fields} among {self.events()}")

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def hook():
    made = []

    def make(**how):
        made.append(Hook(**how))
        return made[-1]
    yield make
    for one in made:
        one.close()


def pair(lab, options, dialect="named", **how):
    first, second = lab.understudy(), lab.understudy(dialect=dialect)
    first.add(Zone("example.com", brief(**how), allow=[Endpoint("127.0.0.1")]))
    second.add(Zone("example.com", primaries=[first.endpoint]))
    second.options += options
    return first, second


@pytest.mark.parametrize("dialect", ["named", "nsd"])
def test_the_way_to_expiry_and_back(lab, dialect):
    first, second = pair(lab, [], dialect)
    program = Program(second.folder)
    second.options += ([f"alert-program \"'{program.path}'\";", "alert-delay 0;"] if dialect == "named" else
                       [f"alert-program: \"'{program.path}'\"", "alert-delay: 0"])
    first.start()
    second.start()
    second.wait_serial("example.com", 1)
    first.kill()
    program.wait("expired")
    told = program.states()
    # In order, each at most once, and none that the copy had left already.
    ladder = ["failing", "stale", "expiring-50", "expiring-75", "expiring-90", "expired"]
    assert [s for s in ladder if s in told] == [s for s in told if s in ladder]
    variables, message = [c for c in program.heard() if c[0].get("STATE") == "expired"][0]
    assert variables["ZONE"] == "example.com" and variables["SERIAL"] == "1"
    assert variables["PREVIOUS"] in ladder and variables["COUNT"] == "1"
    assert int(variables["EXPIRES_AT"]) <= time.time() + 1
    assert "no longer answered for" in variables["REASON"]
    assert variables["SUMMARY"].startswith("example.com is expired: ")
    assert message["events"][0]["zone"] == "example.com" and message["events"][0]["state"] == "expired"
    assert "NOTIFY_SOCKET" not in variables
    first.launch()
    program.wait("ok")


def test_a_version_that_is_held_and_approved(lab, hook):
    receiver = hook()
    first, second = pair(lab, [f'alert-url "{receiver.url}";', "alert-delay 0;", "max-shrink 10;"],
                         refresh=3600, expire=86400, hosts=120)
    first.start()
    second.start()
    second.wait_serial("example.com", 1)
    first.update("example.com", brief(2, refresh=3600, expire=86400, hosts=60))
    first.wait_serial("example.com", 2)
    second.run("refresh", "example.com", "--state-dir", second.state_dir)
    event = receiver.wait(zone="example.com", state="held")
    assert event["previous"] == "ok" and event["held_serial"] == 2 and event["serial"] == 1
    assert "understudy approve example.com" in event["reason"]
    second.run("approve", "example.com", "--state-dir", second.state_dir)
    assert receiver.wait(zone="example.com", state="ok", aspect="held")["serial"] == 2
    path, headers, body = receiver.requests[0]
    assert path == "/T0/token" and headers["Content-Type"] == "application/json"
    assert body["text"] and body["host"]


def test_a_zone_that_never_came_and_its_primary(lab, hook):
    receiver = hook()
    first, second = pair(lab, [f'alert-url "{receiver.url}";', "alert-delay 0;"])
    second.start()      # nobody is there to copy from
    event = receiver.wait(zone="example.com", state="missing")
    assert "serial" not in event and event["reason"]
    event = receiver.wait(aspect="primary", state="failing")
    assert event["primary"] == f"127.0.0.1@{first.port}"
    first.start()
    receiver.wait(zone="example.com", state="ok", previous="missing")
    receiver.wait(primary=f"127.0.0.1@{first.port}", state="ok")


def test_a_restart_tells_nothing_twice(lab, hook):
    receiver = hook()
    first, second = pair(lab, [f'alert-url "{receiver.url}";', "alert-delay 1;"], expire=3600)
    first.start()
    second.start()
    second.wait_serial("example.com", 1)
    first.kill()
    receiver.wait(zone="example.com", state="stale")
    saved = second.state_dir / "alerts"
    wait_until(lambda: saved.exists() and "stale" in saved.read_text())
    before = len([e for e in receiver.events() if e.get("zone")])
    second.restart()
    second.wait_log("is ready")
    time.sleep(4)       # long enough to be told again, were it told
    assert len([e for e in receiver.events() if e.get("zone")]) == before
    first.launch()
    receiver.wait(zone="example.com", state="ok")


def test_many_zones_are_one_call(lab, hook):
    receiver = hook()
    first, second = lab.understudy(), lab.understudy()
    program = Program(second.folder)
    second.options += [f'alert-url "{receiver.url}";', f"alert-program \"'{program.path}'\";", "alert-delay 2;",
                       "serial-query-rate 1000;"]
    for i in range(300):
        name = f"z{i}.example"
        first.add(Zone(name, zone_text(name, 1, refresh=1, retry=1, expire=3600), allow=[Endpoint("127.0.0.1")]))
        second.add(Zone(name, primaries=[first.endpoint]))
    first.start()
    second.start()
    for i in (0, 299):
        second.wait_serial(f"z{i}.example", 1)
    first.kill()
    wait_until(lambda: sum(len(b["events"]) + sum(b.get("not_listed", {}).values())
                           for _, _, b in list(receiver.requests)) >= 300)
    assert len(receiver.requests) <= 40, "not one each"
    assert all(len(body["events"]) <= 200 for _, _, body in receiver.requests)
    wait_until(lambda: program.heard())
    assert len(program.heard()) <= 80
    assert any(int(variables["COUNT"]) > 8 for variables, _ in program.heard())


def test_a_receiver_that_is_slow_or_dead_holds_nobody_up(lab, hook):
    """The program sleeps for ever, the webhook takes the connection and says
    nothing; the zone goes on as if they were not there."""
    receiver = hook(delay=600)
    first, second = pair(lab, [f'alert-url "{receiver.url}";', "alert-delay 0;", "alert-timeout 2;"],
                         refresh=3600, expire=86400, hosts=120)
    program = Program(second.folder, body="sleep 600")
    second.options += [f"alert-program \"'{program.path}'\";", "max-shrink 10;"]
    first.start()
    second.start()
    second.wait_serial("example.com", 1)
    first.update("example.com", brief(2, refresh=3600, expire=86400, hosts=60))
    first.wait_serial("example.com", 2)
    second.run("refresh", "example.com", "--state-dir", second.state_dir)
    second.wait_log("took more than 2 s and was killed")
    second.wait_log("alert-url: Timeout was reached")
    assert second.ask("www.example.com", "A").rcode() == 0
    first.update("example.com", brief(3, refresh=3600, expire=86400, hosts=120))
    first.wait_serial("example.com", 3)
    second.run("refresh", "example.com", "--state-dir", second.state_dir)
    second.wait_serial("example.com", 3)
    assert second.stop() == 0       # it waited for nobody: they sleep for longer than it may take
    # What was killed goes when the kernel gets to it.
    wait_until(lambda: not [p for p in os.listdir("/proc") if p.isdigit() and _is_orphan(p, str(program.path))])


def _is_orphan(pid, path):
    try:
        return path in open(f"/proc/{pid}/cmdline").read()
    except OSError:
        return False


def test_a_webhook_that_fails_is_tried_again(lab, hook):
    receiver = hook(codes=(503, 429, 200))
    first, second = pair(lab, [f'alert-url "{receiver.url}";', "alert-delay 0;"])
    second.start()
    receiver.wait(zone="example.com", state="missing")
    second.wait_log("alert-url: it answers with HTTP status 503")
    second.wait_log("alert-url: it works again")
    assert receiver.requests[0][2] == receiver.requests[1][2] == receiver.requests[2][2]


def test_redirects_are_not_followed_and_certificates_are_verified(lab, hook):
    elsewhere = hook()
    receiver = hook(codes=(307,), location=elsewhere.url)
    first, second = pair(lab, [f'alert-url "{receiver.url}";', "alert-delay 0;"])
    second.start()
    second.wait_log("an alert is given up: it answers with HTTP status 307, which is not followed")
    assert not elsewhere.requests
    assert "token" not in second.log(), "what may be secret of the address is in no log"

    third = lab.understudy()
    third.add(Zone("example.com", primaries=[first.endpoint]))
    third.options += [f'alert-url "{_tls_server(third.folder)}";', "alert-delay 0;"]
    third.start()
    third.wait_log("alert-url: .*(certificate|SSL peer)")


def _tls_server(folder):
    """An HTTPS server with a certificate that nobody has signed."""
    import ssl
    import subprocess
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-days", "1",
                    "-keyout", key, "-out", cert], check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    server.handle_error = lambda *_: None
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"https://localhost:{server.server_address[1]}/"


def test_a_program_that_cannot_be_started_is_told_of(lab):
    first, second = pair(lab, ['alert-program "/nowhere/at/all";', "alert-delay 0;"])
    second.start()
    second.wait_log("alert-program: /nowhere/at/all cannot be started: No such file or directory")
