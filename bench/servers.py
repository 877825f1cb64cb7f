# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers as they are measured: the classes of the tests, with one worker
each, no limits and no delays, on zone files that all of them share."""

import contextlib
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import dns.flags  # noqa: E402
import dns.message  # noqa: E402
import dns.opcode  # noqa: E402
import dns.rrset  # noqa: E402
from peers import Bind, Endpoint, Knot, Nsd, PowerDns, Understudy, Zone, free_port  # noqa: E402
from peers.process import Server, end_all  # noqa: E402,F401

# The server under load has the one; what asks and what feeds has the other.
SERVER_CORE, LOAD_CORE = "0", "1"
TICK = os.sysconf("SC_CLK_TCK")
EVERYONE = [Endpoint("127.0.0.1")]


class FileZone(Zone):
    """A zone of a primary whose file lies elsewhere, or of a secondary."""
    source = None

    @property
    def file(self):
        return str(self.source) if self.source else Zone.file.fget(self)


def zone_of(source, primary=None) -> FileZone:
    if primary:
        return FileZone(source.name, primaries=[primary], allow=EVERYONE)
    zone = FileZone(source.name, allow=EVERYONE)
    zone.source = source.path
    return zone


def favour(pid):
    """Its session runs before other work of the machine, where the user may ask for
    that. Linux weighs sessions first (autogroup(7)): nice alone does nothing then."""
    try:
        pathlib.Path(f"/proc/{pid}/autogroup").write_text("-15")
    except OSError:
        pass


def busy(seconds=0.2):
    """The part of all cores that is in use while nothing of ours runs."""
    def read():
        with open("/proc/stat") as f:
            times = [int(word) for word in f.readline().split()[1:9]]
        return sum(times), times[3] + times[4]
    total, idle = read()
    time.sleep(seconds)
    total_now, idle_now = read()
    return 1 - (idle_now - idle) / max(1, total_now - total)


class Measured:
    """Laid over a server class: pinned to cores, and its use of the machine."""

    cores = None

    def launch(self, *how):
        super().launch(*how)
        favour(self.process.pid)

    def command(self):
        plain = list(super().command())
        return ["taskset", "-c", self.cores, *plain] if self.cores else plain

    def pids(self):
        """The process and all below it."""
        found, rest = [], [self.process.pid]
        while rest:
            pid = rest.pop()
            found.append(pid)
            try:
                for task in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{task}/children") as f:
                        rest += [int(child) for child in f.read().split()]
            except OSError:
                pass
        return found

    def cpu(self):
        """(seconds in all, seconds in user space, seconds in the kernel), of
        threads that have ended too. The first is the process's own clock and
        exact, the others are the kernel's estimate of the parts."""
        total = user = system = 0
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/stat") as f:
                    fields = f.read().rsplit(")", 1)[1].split()
                user += int(fields[11]) / TICK
                system += int(fields[12]) / TICK
                total += time.clock_gettime(~pid << 3 | 2)      # clock_getcpuclockid(3)
            except OSError:
                pass
        return total, user, system

    def memory(self) -> float:
        """Resident MB; what its processes share counts once."""
        total = 0
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/smaps_rollup") as f:
                    for line in f:
                        if line.startswith("Pss:"):
                            total += int(line.split()[1])
            except OSError:
                pass
        return total * 1024 / 1e6

    def high_water(self) -> float:
        """The most MB that one of its processes had resident."""
        most = 0
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/status") as f:
                    for line in f:
                        if line.startswith("VmHWM:"):
                            most = max(most, int(line.split()[1]))
            except OSError:
                pass
        return most * 1024 / 1e6

    def forget_high_water(self):
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/clear_refs", "w") as f:
                    f.write("5")
            except OSError:
                pass

    def ended(self):
        return self.process is None or self.process.poll() is not None

    def tail(self) -> str:
        return "\n".join(self.log().splitlines()[-8:])


class BenchUnderstudy(Measured, Understudy):
    def __init__(self, folder, **how):
        super().__init__(folder, **how)
        self.options = ["workers 1;"]


class BenchNsd(Measured, Nsd):
    def write_config(self):
        super().write_config()
        path = self.folder / "nsd.conf"
        path.write_text(path.read_text().replace("request-xfr: AXFR ", "request-xfr: "))


class BenchKnot(Measured, Knot):
    def __init__(self, folder, **how):
        super().__init__(folder, **how)
        self.options = []

    def write_config(self):
        super().write_config()
        (self.folder / "db").mkdir(exist_ok=True)      # its journal: without one it takes no IXFR
        path = self.folder / "knot.conf"
        path.write_text(path.read_text()
                        .replace("background-workers: 1", f"background-workers: {os.cpu_count()}")
                        .replace("any: info", "any: warning"))


class BenchBind(Measured, Bind):
    def __init__(self, folder, **how):
        super().__init__(folder, **how)
        # Its replies shall have what the others' have, and its copies be in
        # its own format, as it has them by default.
        self.options = ["minimal-responses no-auth-recursive;", "notify no;", "querylog no;"]

    def write_config(self):
        super().write_config()
        path = self.folder / "named.conf"
        path.write_text(path.read_text().replace("    masterfile-format text;\n", ""))


class BenchPowerDns(Measured, PowerDns):
    def write_config(self):
        super().write_config()
        path = self.folder / "pdns.conf"
        keep = [line for line in path.read_text().splitlines()
                if line.split("=")[0] not in ("cache-ttl", "query-cache-ttl", "negquery-cache-ttl",
                                              "zone-cache-refresh-interval", "loglevel", "primary",
                                              "bind-check-interval")]
        path.write_text("\n".join(keep + ["loglevel=3", "max-tcp-connections=100"]) + "\n")

    def write_zone(self, name, text):
        if text:
            super().write_zone(name, text)


class Follow(Measured):
    """bench/follow.c, with as much of a server's face as the rows about changes need."""
    program = None      # set by bench/run.py, which compiles it

    def __init__(self, folder, serial=1):
        self.folder, self.serial = pathlib.Path(folder), serial
        self.port, self.process, self.zone = free_port(), None, None

    def add(self, zone):
        self.zone = zone

    def write_files(self):
        pass

    def launch(self, *how):
        self.process = subprocess.Popen(
            [str(self.program), str(self.port), str(self.zone.primaries[0].port), str(self.folder / "commit"),
             self.zone.name, str(self.serial)])

    def tail(self):
        return "bench/follow.c has no log"

    def kill(self):
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


CLASSES = {"understudy": BenchUnderstudy, "nsd": BenchNsd, "knot": BenchKnot,
           "bind": BenchBind, "pdns": BenchPowerDns}
TITLES = {"understudy": "Understudy", "nsd": "NSD", "knot": "Knot", "bind": "BIND", "pdns": "PowerDNS"}


def versions():
    """What is measured, in the words of each program."""
    import re
    out = {}
    for kind, (program, argument) in {"understudy": (None, "version"), "nsd": ("nsd", "-v"),
                                      "knot": ("knotd", "-V"), "bind": ("named", "-v"),
                                      "pdns": ("pdns_server", "--version")}.items():
        try:
            if program:
                helper = Server.__new__(Server)
                env = dict(os.environ, **Server.environment(helper))
                command = [Server.program(helper, program), argument]
            else:
                from peers.understudy import binary
                env, command = dict(os.environ), [str(binary()), argument]
            done = subprocess.run(command, env=env, text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=20)
            found = re.search(r"\d+\.\d+[\w.+-]*", done.stdout)
            out[kind] = found.group(0) if found else "?"
        except Exception as error:      # a peer that is missing is only not measured
            out[kind] = f"missing ({error})"
    return out


@contextlib.contextmanager
def asking():
    """Within this, the thread stays on the load's core and wakes when it meant
    to, instead of 50 µs later as the kernel lets other sleepers."""
    cores, slack = os.sched_getaffinity(0), f"/proc/{threading.get_native_id()}/timerslack_ns"
    with open(slack) as f:
        usual = f.read()
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    pathlib.Path(slack).write_text("1")
    try:
        yield
    finally:
        pathlib.Path(slack).write_text(usual)
        os.sched_setaffinity(0, cores)


class Prober:
    """Asks until the answer is there. Sends a question at most every `step`
    seconds, also where a refusal comes at once: whoever asks without a pause
    takes the processor from the server it measures."""

    def __init__(self, port, name, rdtype="A", address="127.0.0.1", step=0.001):
        self.step = step
        self.where = (address, port)
        self.query = dns.message.make_query(name, rdtype).to_wire()
        self.socket = None
        self.number = 0
        self.asked = 0.0

    def _open(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(self.where)
        self.socket.settimeout(0.001)

    def ask(self):
        """The reply within a millisecond, or None."""
        if self.socket is None:
            self._open()
        time.sleep(max(0.0, self.asked + self.step - time.monotonic()))
        self.asked = time.monotonic()
        self.number = self.number % 65535 + 1
        try:
            self.socket.send(struct.pack("!H", self.number) + self.query[2:])
            return self.socket.recv(4096)
        except TimeoutError:
            return None
        except OSError:
            return None

    def close(self):
        if self.socket:
            self.socket.close()
            self.socket = None


def is_answer(reply) -> bool:
    """NOERROR, with an answer or a referral."""
    if reply is None or len(reply) < 12:
        return False
    return reply[3] & 15 == 0 and (reply[6:8] != b"\0\0" or reply[8:10] != b"\0\0")


def client_notify(zone, serial):
    """A function that sends the NOTIFY, made before the clock runs."""
    message = dns.message.make_query(zone, "SOA")
    message.set_opcode(dns.opcode.NOTIFY)
    message.flags = message.flags & ~dns.flags.RD | dns.flags.AA
    message.answer.append(dns.rrset.from_text(
        message.question[0].name, 3600, "IN", "SOA", f"ns1.invalid. hostmaster.invalid. {serial} 86400 7200 3600000 300"))
    wire = message.to_wire()
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def send(port):
        s.sendto(wire, ("127.0.0.1", port))
    return send


class Watcher(threading.Thread):
    """Knows the most memory that a server had from now until told to stop. Of
    one process the kernel itself keeps that; of several their sum is sampled."""

    def __init__(self, server, step=0.15):
        super().__init__(daemon=True)
        self.server, self.step, self.peak = server, step, 0.0
        self.halt = threading.Event()
        server.forget_high_water()

    def run(self):
        while not self.halt.is_set():
            if not self.server.ended() and len(self.server.pids()) > 1:
                self.peak = max(self.peak, self.server.memory())
            self.halt.wait(self.step)

    def stop(self) -> float:
        self.halt.set()
        self.join()
        if not self.server.ended():
            self.peak = max(self.peak, self.server.memory(), self.server.high_water())
        return self.peak


def await_answers(server, sources, timeout=120, check=is_answer):
    """Until each of the zones answers; at most `timeout` seconds."""
    for source in sources:
        prober = Prober(server.port, source.last, source.last_type)
        end = time.monotonic() + timeout
        while not check(prober.ask()):
            if server.ended():
                raise RuntimeError(f"{server} ended: {server.tail()}")
            if time.monotonic() > end:
                raise RuntimeError(f"{server} did not answer {source.last} within {timeout} s: {server.tail()}")
        prober.close()


def until_idle(server, quiet=0.5, timeout=30):
    """Until the server has used no more than 5 % of a core for a while."""
    end = time.monotonic() + timeout
    before = server.cpu()[0]
    while time.monotonic() < end:
        time.sleep(quiet)
        now = server.cpu()[0]
        if now - before < 0.05 * quiet:
            return
        before = now
