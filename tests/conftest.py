# SPDX-License-Identifier: GPL-3.0-or-later
"""The laboratory: a fixture that makes servers and cleans up after them."""

import os
import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import peers                                    # noqa: E402
from peers import process                       # noqa: E402

SOAK = os.environ.get("UNDERSTUDY_SOAK") == "1"
# Seconds for each of a test's setup, call and teardown, several times what any
# needs on a busy machine: what hangs fails, and the others still run.
LIMIT = 6 * 3600 if SOAK else 600


class TooLong(BaseException):
    """Not an Exception, so that no test takes it for one of a server's."""


def _out_of_time(*_):
    raise TooLong(f"not done after {LIMIT} s")


def _limited():
    before = signal.signal(signal.SIGALRM, _out_of_time)
    signal.alarm(LIMIT)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_setup():
    yield from _limited()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call():
    yield from _limited()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown():
    yield from _limited()


class Lab:
    """Makes servers, each in a folder of its own; ends them with the test."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.servers = []

    def _make(self, kind, name=None, **how):
        name = name or f"{kind.kind.lower()}{len(self.servers)}"
        server = kind(self.folder / name, **how)
        self.servers.append(server)
        return server

    def bind(self, **how) -> peers.Bind:
        return self._make(peers.Bind, **how)

    def nsd(self, **how) -> peers.Nsd:
        return self._make(peers.Nsd, **how)

    def knot(self, **how) -> peers.Knot:
        return self._make(peers.Knot, **how)

    def powerdns(self, **how) -> peers.PowerDns:
        return self._make(peers.PowerDns, **how)

    def understudy(self, dialect="named", **how) -> peers.Understudy:
        return self._make(peers.Understudy, dialect=dialect, **how)

    def peer(self, kind: str, **how):
        """A real server by name: bind, nsd, knot, powerdns."""
        return getattr(self, kind)(**how)

    def close(self):
        """End all; Understudy must end cleanly and with nothing to report."""
        faults = []
        for server in self.servers:
            if not isinstance(server, peers.Understudy):
                server.kill()
                continue
            died = server.process is not None and server.process.poll() is not None
            expected = getattr(server, "may_fail", False)
            try:
                code = server.stop()
            except process.ServerError as error:
                faults.append(str(error))
                code = 0
            if died and not expected:
                faults.append(f"{server} had ended by itself with {code}")
            elif code not in (0, None) and not expected:
                faults.append(f"{server} ended with {code}, not 0")
            report = server.sanitizer_report()
            if report:
                faults.append(f"{server}: {report}")
        assert not faults, "\n".join(faults)

    def logs(self):
        for server in self.servers:
            text = server.log()
            yield f"log of {server}", text if len(text) < 12000 else "…" + text[-12000:]


@pytest.fixture
def lab(tmp_path, request):
    laboratory = Lab(tmp_path)
    request.node.lab = laboratory
    yield laboratory
    laboratory.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    laboratory = getattr(item, "lab", None)
    if report.failed and laboratory is not None:
        report.sections.extend(laboratory.logs())


def pytest_sessionfinish():
    process.end_all()
