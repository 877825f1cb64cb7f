# SPDX-License-Identifier: GPL-3.0-or-later
"""The measurements. Each function measures one server once and returns
{row: value}; what a row is called, its unit and which way is better stands
in ROWS."""

import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
from typing import NamedTuple, Optional

import propagation
import servers
from servers import (CLASSES, LOAD_CORE, Prober, SERVER_CORE, TITLES, Watcher, asking, await_answers, until_idle,
                     zone_of)
from zones import SERIAL

STEADY = 50000      # questions a second, the same for every server


class Row(NamedTuple):
    title: str
    unit: str
    more_is_better: bool = False
    goal: str = ""                  # of the design, to print beside it
    limit: Optional[str] = None     # the row or the name of what bounds it
    digits: int = 2


def _cpu_rows(kind, title, goal=""):
    return {
        f"cpu {kind}": Row(f"CPU per answer, {title}", "µs", goal=goal),
        f"cpu {kind} user": Row(f"… of it in user space, {title}", "µs"),
        f"cpu {kind} system": Row(f"… of it in the kernel, {title}", "µs"),
        f"rate {kind}": Row(f"answers a second, {title}", "1/s", True, digits=0),
        f"cpu full {kind}": Row(f"CPU per answer at full load, {title}", "µs"),
        f"p50 {kind}": Row(f"latency at half load, median, {title}", "µs", digits=0),
        f"p99 {kind}": Row(f"latency at half load, 99 %, {title}", "µs", digits=0),
        f"p50 {kind} at 50k": Row(f"latency at {STEADY:,} a second, median, {title}", "µs", digits=1),
        f"p99 {kind} at 50k": Row(f"latency at {STEADY:,} a second, 99 %, {title}", "µs", digits=1),
    }


ROWS = {
    "flat first": Row("flat from text: start to first answer", "s", goal="", limit="scan flat"),
    "flat memory": Row("flat: resident", "MB", digits=1),
    "flat peak": Row("flat: peak while loading", "MB", digits=1),
    "flat bytes": Row("flat: bytes a record", "B", digits=1),
    "start text": Row("flat + tld from text: start to first answer", "s", goal="≤ 0.7", limit="scan both"),
    "start again": Row("flat + tld, started again (store or text)", "s", goal="≤ 0.4", limit="scan both"),
    "memory": Row("flat + tld: resident", "MB", goal="≤ 115", digits=1),
    "peak": Row("flat + tld: peak while loading", "MB", digits=1),
    "bytes": Row("flat + tld: bytes a record", "B", digits=1),
    **_cpu_rows("flat", "flat", "≤ 1.1 × echo"),
    **_cpu_rows("nxdomain", "NXDOMAIN", "≤ 1.1 × echo"),
    **_cpu_rows("referral", "referral in tld", "≤ 1.15 × echo"),
    "axfr out": Row("AXFR out, flat", "s", goal="≤ 0.15", digits=3),
    "axfr in": Row("AXFR in, flat + tld: start to served", "s", goal="≤ 0.8", limit="drain"),
    "axfr memory": Row("AXFR in: resident afterwards", "MB", digits=1),
    "axfr peak": Row("AXFR in: peak", "MB", digits=1),
    "notify flat": Row("one record of flat changed: NOTIFY to served (whole zone sent)", "ms", limit="drain flat",
                       digits=1),
    "notify ixfr": Row("one record of flat changed: NOTIFY to served (IXFR)", "ms", goal="≤ 1 + a commit",
                       limit="follow flat"),
    "change 1k": Row("one record of a thousand changed: NOTIFY to served (IXFR)", "ms", limit="follow change"),
    "change 100k": Row("one of 100,000", "ms", limit="follow change"),
    "change 1m": Row("one of a million", "ms", goal="≤ 1 + a commit", limit="follow change"),
    "rate updates": Row("answers a second, flat, under an IXFR a second", "1/s", True, digits=0),
    "notify peak": Row("… peak while the zone is replaced", "MB", digits=1),
    "notify small": Row("one record of a small zone changed: NOTIFY to served", "ms", limit="follow small"),
    "copy again": Row("copies started again, primary away: start to first answer", "s", goal="≤ 0.4"),
    "many text": Row("many zones from text: start to all answered", "s", goal="≤ 1.2", limit="scan many"),
    "many again": Row("many zones, started again (store or text)", "s", goal="≤ 0.6", limit="scan many"),
    "many memory": Row("many zones: resident", "MB", goal="≤ 100", digits=1),
    "many peak": Row("many zones: peak", "MB", digits=1),
    "many bytes": Row("many zones: bytes a zone", "B", digits=0),
    "signed first": Row("signed zone from text: start to first answer", "s", limit="scan signed"),
    "signed memory": Row("signed zone: resident", "MB", digits=1),
    "signed bytes": Row("signed zone: bytes a record", "B", digits=1),
    **_cpu_rows("signed", "signed, DO"),
    **_cpu_rows("signed nxdomain", "signed NXDOMAIN, DO"),
    **_cpu_rows("root referral", "referral in root"),
}
for _key, _row in list(ROWS.items()):
    if _key.startswith(("cpu ", "rate ", "p50 ", "p99 ")) and not _key.endswith("user") and _key != "rate updates":
        ROWS[_key] = _row._replace(limit="echo")


class Bench:
    """What is the same in all measurements of a run."""

    def __init__(self, work, tools, seconds, wanted):
        self.work, self.tools, self.seconds, self.wanted = work, tools, seconds, wanted
        self.rates = {}     # (server, kind) -> answers a second found first
        self.notes = set()  # what could not be measured, and why
        self.held = []      # of each paced load, the part of its time that it was not run

    # --- servers

    def make(self, kind, sources, primary=None):
        folder = tempfile.mkdtemp(prefix=f"{kind}-", dir=self.work)
        server = CLASSES[kind](folder)
        for source in sources:
            server.add(zone_of(source, primary))
        server.write_files()
        return server

    def end(self, server):
        try:
            if server.process is not None:
                server.stop(timeout=60)
        except AssertionError as error:
            print(f"  {error}", flush=True)
        finally:
            server.kill()
            shutil.rmtree(server.folder, ignore_errors=True)

    def launch(self, server, sources, timeout=180):
        """Start it on all cores; (seconds to first answer, watcher)."""
        began = time.monotonic()
        server.launch()
        watcher = Watcher(server)
        watcher.start()
        try:
            await_answers(server, sources, timeout)
        except RuntimeError:
            watcher.stop()
            raise
        return time.monotonic() - began, watcher

    def settle(self, server, watcher):
        """Let it come to rest; (resident, peak)."""
        until_idle(server)
        return server.memory(), watcher.stop()

    # --- questions

    def pin(self, server):
        """From now on it has the one core, and the load the other."""
        for pid in server.pids():
            for task in os.listdir(f"/proc/{pid}/task"):
                try:
                    os.sched_setaffinity(int(task), {int(SERVER_CORE)})
                except OSError:
                    pass

    def dnsperf(self, port, questions, dnssec):
        command = ["taskset", "-c", LOAD_CORE, "dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(questions),
                   "-l", str(self.seconds), "-c", "4", "-T", "1", "-q", "200"] + (["-D"] if dnssec else [])
        out = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
        return int(re.search(r"Queries completed:\s+(\d+)", out).group(1))

    def load(self, port, questions, seconds, rate, dnssec):
        """At full load 256 questions are open; at a rate as many as it takes to keep to it."""
        command = ["taskset", "-c", LOAD_CORE, str(self.tools / "load"), str(port), str(questions),
                   str(seconds), "8192" if rate else "256", str(rate), "1" if dnssec else "0"]
        found = json.loads(subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout)
        if rate:
            self.held.append(found["held"])
        return found

    def questions(self, server, name, kind, path, dnssec=False):
        """The rows of one kind of question."""
        port = server.port
        if not any(self.wanted(row) for row in _cpu_rows(kind, "")):
            return {}
        self.load(port, path, 0.3, 0, dnssec)      # caches warm, and threads awake
        out = {}
        before = server.cpu()
        completed = self.dnsperf(port, path, dnssec)
        after = server.cpu()
        total, user, system = (b - a for a, b in zip(before, after))
        each = total / max(1, completed) * 1e6
        out[f"cpu {kind}"] = each
        share = user / (user + system) if user + system else 0
        out[f"cpu {kind} user"], out[f"cpu {kind} system"] = each * share, each * (1 - share)
        before = server.cpu()[0]
        full = self.load(port, path, self.seconds, 0, dnssec)
        out[f"cpu full {kind}"] = (server.cpu()[0] - before) / max(1, full["answered"]) * 1e6
        out[f"rate {kind}"] = full["answered"] / full["seconds"]
        # Half of what this server did when it was first asked, in every round.
        rate = self.rates.setdefault((name, kind), out[f"rate {kind}"] / 2)
        half = self.load(port, path, self.seconds / 2, rate, dnssec)
        out[f"p50 {kind}"], out[f"p99 {kind}"] = half["p50"], half["p99"]
        if out[f"rate {kind}"] < 1.1 * STEADY:
            self.notes.add(f"{TITLES[name]} has no latency at {STEADY:,} a second where it hardly answers as many")
            return out
        steady = self.load(port, path, self.seconds / 2, STEADY, dnssec)
        out[f"p50 {kind} at 50k"], out[f"p99 {kind} at 50k"] = steady["p50"], steady["p99"]
        return out

    # --- limits

    def echo(self, kinds):
        """`kinds` is a list of (kind, questions, dnssec)."""
        server = Echo(self.tools)
        out = {}
        try:
            for kind, path, dnssec in kinds:
                out.update(self.questions(server, "limit", kind, path, dnssec))
        finally:
            server.kill()
        return out

    def scan(self, sources):
        command = [str(self.tools / "scan")]
        for source in sources:
            command += [str(source.path), source.name.rstrip(".") + "."]
        return float(subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.split()[1])

    def drain(self, port, *names, keep=None):
        command = ["taskset", "-c", LOAD_CORE, str(self.tools / "drain"), *(["-o", str(keep)] if keep else []),
                   str(port), *names]
        return float(subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.split()[3])

    def follow(self, source, feeder, changes=15):
        """Seconds of a change at the least secondary there can be, asked and fed as the servers are."""
        folder = tempfile.mkdtemp(prefix="follow-", dir=self.work)
        server = servers.Follow(folder, feeder.serial(source.name))
        server.add(servers.FileZone(source.name, primaries=[servers.Endpoint("127.0.0.1", feeder.port)]))
        try:
            server.launch()
            time.sleep(0.2)
            times = []
            for _ in range(changes):
                times.append(self.change(server, source, feeder))
                time.sleep(0.02)
            return sorted(times)[changes // 2]
        finally:
            server.kill()
            shutil.rmtree(folder, ignore_errors=True)

    # --- measurements

    def start_flat(self, kind, flat):
        server = self.make(kind, [flat])
        try:
            took, watcher = self.launch(server, [flat])
            resident, peak = self.settle(server, watcher)
            return {"flat first": took, "flat memory": resident, "flat peak": peak,
                    "flat bytes": resident * 1e6 / flat.records}
        finally:
            self.end(server)

    def primary(self, kind, flat, tld):
        """Start, memory, answers and AXFR out of the two large zones."""
        server, sources = self.make(kind, [flat, tld]), [flat, tld]
        try:
            out = {}
            out["start text"], watcher = self.launch(server, sources)
            out["memory"], out["peak"] = self.settle(server, watcher)
            out["bytes"] = out["memory"] * 1e6 / (flat.records + tld.records)
            self.pin(server)
            for what, path in (("flat", flat.questions["flat"]), ("nxdomain", flat.questions["nxdomain"]),
                               ("referral", tld.questions["referral"])):
                out.update(self.questions(server, kind, what, path))
            try:
                out["axfr out"] = min(self.drain(server.port, flat.name) for _ in range(3))
            except subprocess.CalledProcessError:
                print(f"  {TITLES[kind]}: no AXFR out: {server.tail()}", flush=True)
            server.stop(timeout=60)
            out["start again"], watcher = self.launch(server, sources)
            watcher.stop()
            return out
        finally:
            self.end(server)

    def secondary(self, kind, flat, tld, small, feeder, changes):
        """AXFR in, NOTIFY, and the start from what it kept."""
        sources = [flat, tld, small]
        feeder.start()
        server = self.make(kind, sources, servers.Endpoint("127.0.0.1", feeder.port))
        try:
            out = {}
            out["axfr in"], watcher = self.launch(server, sources)
            out["axfr memory"], out["axfr peak"] = self.settle(server, watcher)
            watcher = Watcher(server)
            watcher.start()
            times = {"notify flat": [], "notify small": []}
            for row, source, count in (("notify flat", flat, changes), ("notify small", small, 10 * changes)):
                for _ in range(count):
                    times[row].append(self.change(server, source, feeder))
                    until_idle(server, 0.3 if source is flat else 0.05)
            out["notify peak"] = watcher.stop()
            out.update({row: sorted(t)[len(t) // 2] * 1e3 for row, t in times.items()})
            out.update(self.by_ixfr(server, kind, flat, feeder, 5 * changes))
            until_idle(server, 2)       # some write their copies a moment later
            server.stop(timeout=60)
            feeder.stop()
            out["copy again"], watcher = self.launch(server, sources)
            watcher.stop()
            return out
        finally:
            feeder.stop()
            self.end(server)

    def by_ixfr(self, server, kind, flat, feeder, changes):
        """Changes that the primary gives as differences; {} if it is not asked for them."""
        feeder.tell("ixfr", "on")
        before = feeder.sent(flat.name)
        times = []
        for _ in range(changes):
            times.append(self.change(server, flat, feeder))
            until_idle(server, 0.1)
            if feeder.sent(flat.name)[0] == before[0]:
                self.notes.add(f"{TITLES[kind]} asks for no IXFR, so no row about IXFR has it")
                return {}
        out = {"notify ixfr": sorted(times)[len(times) // 2] * 1e3}
        self.pin(server)
        seconds = 3     # so that three changes fall into it
        command = ["taskset", "-c", LOAD_CORE, str(self.tools / "load"), str(server.port),
                   str(flat.questions["flat"]), str(seconds), "256", "0", "0"]
        load = subprocess.Popen(command, text=True, stdout=subprocess.PIPE)
        while load.poll() is None:
            self.change(server, flat, feeder)
            try:
                load.wait(1)
            except subprocess.TimeoutExpired:
                pass
        full = json.loads(load.stdout.read())
        out["rate updates"] = full["answered"] / full["seconds"]
        if feeder.sent(flat.name)[1] != before[1]:
            self.notes.add(f"{TITLES[kind]} took a whole zone now and then where it could have had the difference")
        return out

    def propagation(self, kind, changes):
        """Its secondaries are fed by bench/propagation.py's own primary, change after change."""
        out = {}
        for row, names in (("change 1k", 1000), ("change 100k", 100000), ("change 1m", 1000000)):
            if not self.wanted(row):
                continue
            folder = tempfile.mkdtemp(prefix=f"{kind}-", dir=self.work)
            try:
                total, _ = propagation.measure(kind, names, changes, pathlib.Path(folder))
                out[row] = sorted(total)[len(total) // 2]
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        return out

    def change(self, server, source, feeder):
        """A new serial at the primary; seconds from NOTIFY to the reply that has it."""
        serial = feeder.change(source.name)
        word = serial.to_bytes(4, "big")
        client = servers.client_notify(source.name, serial)
        prober = Prober(server.port, source.name, "SOA", step=0.0002)
        with asking():
            prober.ask()                # opens its socket
            began = time.monotonic()
            client(server.port)
            while True:
                reply = prober.ask()
                now = time.monotonic()
                if reply and word in reply:
                    prober.close()
                    return now - began
                if now - began > 60:
                    raise RuntimeError(f"{server} did not serve {source.name} {serial} after a NOTIFY: {server.tail()}")

    def many(self, kind, zones):
        server = self.make(kind, zones)
        probes = [zones[0], zones[-1]] + random.Random(6).sample(zones, min(50, len(zones)))
        try:
            out = {}
            out["many text"], watcher = self.launch(server, probes)
            out["many memory"], out["many peak"] = self.settle(server, watcher)
            out["many bytes"] = out["many memory"] * 1e6 / len(zones)
            server.stop(timeout=120)
            out["many again"], watcher = self.launch(server, probes)
            watcher.stop()
            return out
        finally:
            self.end(server)

    def signed(self, kind, signed, root):
        server = self.make(kind, [signed])
        out = {}
        try:
            out["signed first"], watcher = self.launch(server, [signed])
            out["signed memory"], _ = self.settle(server, watcher)
            out["signed bytes"] = out["signed memory"] * 1e6 / signed.records
            self.pin(server)
            for what in ("signed", "signed nxdomain"):
                out.update(self.questions(server, kind, what, signed.questions[what], True))
        finally:
            self.end(server)
        server = self.make(kind, [root])
        try:
            _, watcher = self.launch(server, [root])
            watcher.stop()
            self.pin(server)
            out.update(self.questions(server, kind, "root referral", root.questions["root referral"]))
            return out
        finally:
            self.end(server)


class Echo:
    """The echo, with as much of a server's face as questions() needs."""

    def __init__(self, tools):
        self.port = servers.free_port()
        self.process = subprocess.Popen(["taskset", "-c", SERVER_CORE, str(tools / "echo"), str(self.port)])
        time.sleep(0.2)

    def pids(self):
        return [self.process.pid]

    cpu = servers.Measured.cpu

    def kill(self):
        self.process.kill()
        self.process.wait()


class Feeder:
    """bench/feeder.py on the load's core."""

    def __init__(self, streams):
        self.port, self.streams, self.process, self.serials = servers.free_port(), streams, None, {}

    def start(self):
        self.serials = {}
        self.process = subprocess.Popen(
            ["taskset", "-c", LOAD_CORE, "/usr/bin/python3", str(servers.ROOT / "bench" / "feeder.py"), str(self.port),
             *(f"{name}={path}" for name, path in self.streams.items())],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            raise RuntimeError("the feeder did not start")

    def serial(self, name) -> int:
        return self.serials.get(name, SERIAL)

    def change(self, name) -> int:
        self.serials[name] = serial = self.serial(name) + 1
        self.tell(name, serial)
        return serial

    def tell(self, word, value) -> str:
        self.process.stdin.write(f"{word} {value}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def sent(self, name):
        """(IXFR, whole zones) sent of the zone until now."""
        return tuple(int(word) for word in self.tell("sent", name).split())

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
            self.process = None
