# SPDX-License-Identifier: GPL-3.0-or-later
"""A server under test: its folder, its port, its process, its log."""

import ctypes
import fcntl
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import dns.exception

from . import client
from .model import Endpoint

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = ROOT / ".peers"
# Seconds for anything that should happen at once. Generous, because builds
# with sanitizers on a busy two-core machine are slow; nothing sleeps this long.
PATIENCE = float(os.environ.get("UNDERSTUDY_PATIENCE", "60"))

_held_ports = []
_live = set()


class ServerError(AssertionError):
    """A server did not do what a test needs it to do; says its log too."""


def free_port() -> int:
    """A UDP and TCP port that is free and that no other test process will take.

    The ports lie below the range of outgoing connections, and each one in use
    is held by a file lock, so that tests may run side by side.
    """
    folder = pathlib.Path(tempfile.gettempdir()) / f"understudy-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    start = 10000 + (os.getpid() * 61) % 20000
    for offset in range(20000):
        port = 10000 + (start - 10000 + offset) % 20000
        lock = open(folder / str(port), "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        if _bindable(port):
            _held_ports.append(lock)
            return port
        lock.close()
    raise ServerError("no free port on loopback")


def _bindable(port: int) -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
            try:
                s.bind(("0.0.0.0", port))
            except OSError:
                return False
    return True


def has_ipv6() -> bool:
    """Whether this machine has ::1: containers often do not."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def end_all():
    """Kill whatever a test session has left; called when it ends."""
    for server in list(_live):
        server.kill()


def wait_until(what, timeout: float = None, step: float = 0.02, message: str = ""):
    """Call `what` until it returns something true, and return that."""
    deadline = time.monotonic() + (PATIENCE if timeout is None else timeout)
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > deadline:
            text = message() if callable(message) else message
            raise ServerError(f"timed out: {text or what}")
        time.sleep(step)


class Server:
    """One name server in the foreground. Subclasses say how it is configured."""

    kind = "server"

    def __init__(self, folder, address: str = "127.0.0.1", port: int = None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.address = address
        self.port = port or free_port()
        self.zones = {}
        self.process = None
        self.log_path = self.folder / "log"
        self.env = {}

    # What a subclass provides.
    def write_config(self):
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    # Zones.
    def add(self, zone):
        """Serve one more zone (from the next start or reload on)."""
        self.zones[zone.name] = zone
        return zone

    def zone_path(self, name: str) -> pathlib.Path:
        return self.folder / self.zones[name].file

    def write_zone(self, name: str, text: str):
        """Replace a primary zone's file; in one step, as an editor does."""
        self.zones[name].text = text
        path = self.zone_path(name)
        fresh = path.with_name(path.name + ".new")
        fresh.write_text(text)
        # Servers compare times of modification, some of them by the second.
        stamp = max(time.time(), getattr(self, "_last_stamp", 0) + 1)
        self._last_stamp = stamp
        os.utime(fresh, (stamp, stamp))
        fresh.rename(path)

    def update(self, name: str, text: str):
        """Change a zone of a primary and make it serve the change."""
        self.write_zone(name, text)
        self.reload()

    def write_files(self):
        self.write_config()
        for zone in self.zones.values():
            if not zone.secondary and zone.text:
                self.write_zone(zone.name, zone.text)

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(self.address, self.port)

    def with_key(self, key) -> Endpoint:
        return Endpoint(self.address, self.port, key)

    # Life.
    def start(self, wait: bool = True, extra=()):
        assert self.process is None, f"{self} runs already"
        self.write_files()
        self.launch(extra)
        if wait:
            self.wait_ready()
        return self

    def launch(self, extra=()):
        """Start the process on the files as they are."""
        env = dict(os.environ)
        env.update(self.environment())
        env.update(self.env)
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [str(a) for a in (*self.command(), *extra)], cwd=self.folder, env=env,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, preexec_fn=_die_with_parent)
        log.close()
        _live.add(self)

    def environment(self):
        libraries = PEERS / "usr" / "lib" / f"{os.uname().machine}-linux-gnu"
        return {"LD_LIBRARY_PATH": f"{libraries}:{os.environ.get('LD_LIBRARY_PATH', '')}".rstrip(":")}

    def program(self, name: str) -> str:
        for place in ("usr/sbin", "usr/bin"):
            if (PEERS / place / name).exists():
                return str(PEERS / place / name)
        found = shutil.which(name)
        if not found:
            raise ServerError(f"{name} is not in .peers/: run scripts/peers.sh")
        return found

    def tool(self, *command, check=True, **how):
        """Run one of the server's own tools in its folder."""
        env = dict(os.environ)
        env.update(self.environment())
        return subprocess.run([self.program(command[0]), *map(str, command[1:])],
                              cwd=self.folder, env=env, check=check, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **how)

    def wait_ready(self, timeout: float = None):
        """Until it answers anything at all over UDP and accepts TCP."""
        def ready():
            if self.process.poll() is not None:
                raise ServerError(f"{self} ended with {self.process.returncode} before it was ready")
            return client.answers(self.address, self.port)
        wait_until(ready, timeout, message=f"{self} is not ready")
        return self

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def reload(self):
        self.signal(signal.SIGHUP)

    def stop(self, timeout: float = None) -> int:
        """SIGTERM, and the exit code. A server that does not go is killed and
        that is an error."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout or PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()
                raise ServerError(f"{self} did not end within {timeout or PATIENCE:.0f} s of SIGTERM")
        code = self.process.returncode
        self._gone()
        return code

    def kill(self):
        """SIGKILL to it and all that it started."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self._gone()

    def _gone(self):
        # A helper process of the server may outlive it by a moment and hold
        # the port.
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self.process = None
        _live.discard(self)

    def restart(self):
        self.stop()
        return self.start()

    # What it says.
    def log(self) -> str:
        try:
            return self.log_path.read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def log_mark(self) -> int:
        return len(self.log())

    def log_since(self, mark: int) -> str:
        return self.log()[mark:]

    def wait_log(self, pattern: str, timeout: float = None, since: int = 0):
        """Until a line matches the pattern (case ignored); returns the line."""
        expression = re.compile(pattern, re.IGNORECASE)

        def seen():
            for line in self.log_since(since).splitlines():
                if expression.search(line):
                    return line
            return None
        return wait_until(seen, timeout,
                          message=lambda: f"no line like /{pattern}/ in the log of {self}")

    # What it answers.
    def ask(self, name, rdtype="A", **how):
        return client.ask(self.address, self.port, name, rdtype, **how)

    def serial(self, zone: str):
        """The serial served, or None where there is no answer with an SOA. Asked
        again, as a resolver would, while a server that runs is slow to answer."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return client.serial_of(self.ask(zone, "SOA", timeout=1))
            except (OSError, dns.exception.DNSException):
                if not self.running or time.monotonic() > deadline:
                    return None

    def wait_serial(self, zone: str, serial: int, timeout: float = None):
        wait_until(lambda: self.serial(zone) == serial, timeout,
                   message=lambda: f"{self} serves {zone} with serial {self.serial(zone)}, not {serial}")

    def wait_rcode(self, name: str, rcode: str, timeout: float = None):
        wait_until(lambda: client.rcode(self.address, self.port, name) == rcode, timeout,
                   message=lambda: f"{self} answers {name} with "
                                   f"{client.rcode(self.address, self.port, name)}, not {rcode}")

    def axfr(self, zone: str, key=None, **how):
        return client.axfr(self.address, self.port, zone, key, **how)

    def dig(self, *args) -> str:
        return client.dig(self.address, self.port, *args)

    def __repr__(self):
        return f"{self.kind} on {self.address}@{self.port}"


if sys.platform != "linux":
    raise RuntimeError("the tests need Linux (prctl, loopback addresses)")
