#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures Understudy beside NSD, Knot, BIND and PowerDNS, and beside the
limits of the machine, all in one run. docs/benchmarks.md says how to read it.

    make bench                            everything, five rounds, under an hour
    make bench BENCH=--short              the same zones, one round, under ten minutes
    bench/run.py --quick                  small zones, one round, two minutes
    bench/run.py --only memory,axfr       rows whose key or title has one of these
    bench/run.py --servers understudy,nsd
    bench/run.py --publish-kept           the last whole run goes into docs/
"""

import argparse
import json
import os
import pathlib
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import curves  # noqa: E402
import propagation  # noqa: E402
import rows  # noqa: E402
import servers  # noqa: E402
import table  # noqa: E402
import zones  # noqa: E402

BENCH = pathlib.Path(__file__).resolve().parent
# Between these, docs/benchmarks.md holds what a run with --publish found.
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
# From the third round on a server is left out where its turn took longer (seconds).
SLOW = 45
# Looks at the idle machine before each turn: above BUSY something else ran, and a
# run where that was so in more than OFTEN of them is not for publishing.
BUSY, OFTEN = 0.15, 0.1
# Nor one whose paced loads were kept from the processor for more of their time.
HELD = 0.02
# Of which rows a group of measurements is made.
GROUPS = {
    "flat": ("flat ",),
    "primary": ("start ", "memory", "peak", "bytes", "axfr out", "cpu flat", "cpu nxdomain", "cpu referral",
                "cpu full flat", "cpu full nxdomain", "cpu full referral", "rate flat", "rate nxdomain",
                "rate referral", "p50 flat", "p50 nxdomain", "p50 referral", "p99 flat", "p99 nxdomain",
                "p99 referral"),
    "secondary": ("axfr in", "axfr memory", "axfr peak", "notify ", "copy ", "rate updates"),
    "propagation": ("change ",),
    "many": ("many ",),
    "signed": ("signed ", "cpu signed", "cpu full signed", "rate signed", "p50 signed", "p99 signed", "cpu root",
               "cpu full root", "rate root", "p50 root", "p99 root"),
}


def group_of(row):
    for group, starts in GROUPS.items():
        if row.startswith(starts):
            return group
    raise KeyError(row)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="small zones, one round")
    parser.add_argument("--short", action="store_true", help="one round of shorter loads, without PowerDNS")
    parser.add_argument("--only", default="", help="words of the rows to measure, with commas")
    parser.add_argument("--servers", help="which servers, with commas (understudy,nsd,knot,bind,pdns; "
                                          "--short leaves out pdns)")
    parser.add_argument("--rounds", type=int, help="how often each server is measured (5)")
    parser.add_argument("--seconds", type=float, help="of each load (2; those for latency take half)")
    parser.add_argument("--flat", type=int, help="records of the flat zone (1000000)")
    parser.add_argument("--tld", type=int, help="delegations of tld (500000)")
    parser.add_argument("--many", type=int, help="small zones (100000)")
    parser.add_argument("--signed", type=int, help="names of the signed zone (50000)")
    parser.add_argument("--work", default=str(servers.ROOT / "build" / "bench"), help="where zones and results go")
    parser.add_argument("--publish", action="store_true",
                        help="put table, figures and pictures into docs/ too (a whole run on a quiet machine)")
    parser.add_argument("--publish-kept", action="store_true",
                        help="measure nothing and put into docs/ what the last whole run kept in --work")
    parser.add_argument("--binary", help="the understudy to measure (build/understudy)")
    options = parser.parse_args()
    defaults = dict(rounds=5, seconds=2, flat=1000000, tld=500000, many=100000, signed=50000)
    if options.quick:
        defaults = dict(rounds=1, seconds=0.5, flat=100000, tld=50000, many=2000, signed=5000)
    elif options.short:
        defaults.update(rounds=1, seconds=1)
    for name, value in defaults.items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    if options.servers is None:
        options.servers = "understudy,nsd,knot,bind" if options.short else "understudy,nsd,knot,bind,pdns"
    options.seconds = int(options.seconds) if options.seconds >= 1 else options.seconds
    os.environ["UNDERSTUDY_BIN"] = options.binary or os.environ.get(
        "UNDERSTUDY_BIN", str(servers.ROOT / "build" / "understudy"))
    return options


def make_tools(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("echo", "scan", "drain", "load", "follow"):
        source, program = BENCH / f"{name}.c", folder / name
        if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
            subprocess.run(["cc", "-O2", "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-o", str(program),
                            str(source), *(["-lzscanner"] if name == "scan" else [])], check=True)
    return folder


def peer_tool(command, folder):
    servers.Knot(folder).tool(*command)


class Run:
    def __init__(self, options):
        self.options = options
        self.work = pathlib.Path(options.work).resolve()
        self.brief = options.quick or options.short
        self.kinds = [k for k in options.servers.split(",") if k]
        self.results, self.limits, self.errors, self.feeder = {}, {}, [], None
        self.curves = None
        self.looks, self.times = [], {}
        self.words = [w.strip().lower() for w in options.only.split(",") if w.strip()]
        self.bench = rows.Bench(self.work, make_tools(self.work / "tools"), options.seconds, self.wanted)
        servers.Follow.program = self.work / "tools" / "follow"
        self.groups = [g for g in GROUPS if any(self.wanted(r) and group_of(r) == g for r in rows.ROWS)]

    def wanted(self, row):
        return not self.words or any(w in row.lower() or w in rows.ROWS[row].title.lower() for w in self.words)

    # --- what is needed

    def make_zones(self):
        folder = self.work / "zones"
        folder.mkdir(parents=True, exist_ok=True)
        o = self.options
        print("making the zones", flush=True)
        self.flat = zones.flat(folder, o.flat)
        self.tld = zones.tld(folder, o.tld)
        self.small = zones.small(folder)
        if "signed" in self.groups:
            self.root_zone = zones.root(folder)
            self.signed_zone = zones.signed(folder, o.signed, peer_tool)
        if "many" in self.groups:
            self.many_zones = zones.many(folder, o.many)
        if "secondary" in self.groups:
            self.record_streams(folder)

    def record_streams(self, folder):
        """The transfers that the feeder gives, as NSD sends them."""
        sources = [self.flat, self.tld, self.small]
        paths = {s.name: s.path.with_suffix(".axfr") for s in sources}
        if not all(p.exists() for p in paths.values()):
            server = self.bench.make("nsd", sources)
            try:
                _, watcher = self.bench.launch(server, sources)
                watcher.stop()
                for name, path in paths.items():
                    self.bench.drain(server.port, name, keep=path.with_suffix(".part"))
                    path.with_suffix(".part").rename(path)
            finally:
                self.bench.end(server)
        self.feeder = rows.Feeder(paths)

    # --- measuring

    def keep(self, kind, values):
        for row, value in values.items():
            if row in rows.ROWS and self.wanted(row):
                self.results.setdefault(row, {}).setdefault(kind, []).append(value)

    def measure(self, group, kind):
        bench = self.bench
        if group == "flat":
            return bench.start_flat(kind, self.flat)
        if group == "primary":
            return bench.primary(kind, self.flat, self.tld)
        if group == "secondary":
            return bench.secondary(kind, self.flat, self.tld, self.small, self.feeder, 1 if self.brief else 2)
        if group == "propagation":
            return bench.propagation(kind, 5 if self.brief else 15)
        if group == "many":
            return bench.many(kind, self.many_zones)
        return bench.signed(kind, self.signed_zone, self.root_zone)

    def measure_limits(self, group):
        limits, bench = {}, self.bench
        if group == "flat":
            limits["scan flat"] = bench.scan([self.flat])
        elif group == "primary":
            limits["scan both"] = bench.scan([self.flat, self.tld])
            self.keep("limit", bench.echo([("flat", self.flat.questions["flat"], False),
                                           ("nxdomain", self.flat.questions["nxdomain"], False),
                                           ("referral", self.tld.questions["referral"], False)]))
        elif group == "secondary":
            self.feeder.start()
            try:
                limits["drain"] = bench.drain(self.feeder.port, self.flat.name, self.tld.name, self.small.name)
                limits["drain flat"] = bench.drain(self.feeder.port, self.flat.name)
                limits["follow small"] = bench.follow(self.small, self.feeder)
                self.feeder.tell("ixfr", "on")
                limits["follow flat"] = bench.follow(self.flat, self.feeder)
            finally:
                self.feeder.stop()
        elif group == "propagation":
            folder = self.work / "follow"
            folder.mkdir(exist_ok=True)
            limits["follow change"] = statistics.median(propagation.measure("limit", 1000, 15, folder)[0]) / 1e3
        elif group == "many":
            limits["scan many"] = sum(bench.scan(self.many_zones[i:i + 2000])
                                      for i in range(0, len(self.many_zones), 2000))
        else:
            limits["scan signed"] = bench.scan([self.signed_zone])
            self.keep("limit", bench.echo([
                ("signed", self.signed_zone.questions["signed"], True),
                ("signed nxdomain", self.signed_zone.questions["signed nxdomain"], True),
                ("root referral", self.root_zone.questions["root referral"], False)]))
        for name, value in limits.items():
            self.limits.setdefault(name, []).append(value)

    def go(self):
        for number in range(self.options.rounds):
            for group in self.groups:
                began = time.monotonic()
                self.measure_limits(group)
                self.took(group, "limit", began)
                # Each round begins with another server.
                turn = number % len(self.kinds)
                for kind in self.kinds[turn:] + self.kinds[:turn]:
                    if group in ("secondary", "propagation") and kind == "pdns":
                        continue        # its BIND backend is measured as a primary only
                    if number > 1 and self.times[group][kind][0] > SLOW:
                        self.bench.notes.add(f"{servers.TITLES[kind]} took more than {SLOW} s a turn in some rows, "
                                             "which are of two rounds then")
                        continue
                    self.look()
                    began = time.monotonic()
                    try:
                        self.keep(kind, self.measure(group, kind))
                        said = ""
                    except Exception as error:      # one server's trouble is told, and the rest goes on
                        said = f": {error}"
                        self.errors.append(f"{servers.TITLES[kind]}, {group}: {error}")
                    self.took(group, kind, began)
                    print(f"round {number + 1} of {self.options.rounds}, {group}, {servers.TITLES[kind]}: "
                          f"{time.monotonic() - began:.0f} s, load {os.getloadavg()[0]:.1f}{said}", flush=True)

    def look(self):
        """How busy others keep the machine; what the server before left behind may take a moment."""
        for _ in range(5):
            found = servers.busy()
            if found <= BUSY:
                break
            time.sleep(0.3)
        self.looks.append(found)

    def took(self, group, kind, began):
        self.times.setdefault(group, {}).setdefault(kind, []).append(round(time.monotonic() - began, 1))

    def draw_curves(self):
        """Cost by the size of the zone, in our own process alone."""
        if self.words and not any(word in "curves" for word in self.words):
            return
        answers = curves.program(pathlib.Path(os.environ["UNDERSTUDY_BIN"]).parent)
        if answers is None:
            self.errors.append("Understudy, curves: the binary does not lie in a build folder")
            return
        print("curves", flush=True)
        most = 100000 if self.options.quick else 1000000 if self.options.short else max(curves.NAMES)
        names = [n for n in curves.NAMES if n <= most]
        began = time.monotonic()
        self.curves = curves.measure(answers, names, 1 if self.brief else 3)
        self.took("curves", "understudy", began)

    # --- telling

    def caption(self):
        o, model = self.options, "?"
        with open("/proc/cpuinfo") as f:
            for line in f:
                if line.startswith("model name"):
                    model = line.split(":", 1)[1].strip()
                    break
        names = ", ".join(f"{servers.TITLES[k]} {v}" for k, v in self.versions.items() if k in self.kinds)
        return (f"{names}. {model}, {os.cpu_count()} cores, Linux {platform.release()}. flat {o.flat:,}, tld {o.tld:,}, "
                f"many {o.many:,}, signed {o.signed:,}; medians of {o.rounds}.")

    def against(self):
        """Why these results are not for publishing."""
        out, often = [], sum(look > BUSY for look in self.looks)
        if self.words or self.options.quick:
            out.append("only a part was measured, or small zones")
        elif self.curves is None or not self.results:
            out.append("the curves or the table are missing")
        if often > OFTEN * len(self.looks):
            out.append(f"something else ran on this machine: {often} of {len(self.looks)} looks between the turns "
                       f"found more than {BUSY:.0%} of it in use")
        held = statistics.median(self.bench.held or [0])
        if held > HELD:
            out.append(f"the load was kept from its core for {held:.0%} of the time")
        return out

    def report(self):
        self.versions = servers.versions()
        text = table.markdown(self.results, self.limits, self.kinds)
        if any(line["unsteady"] for line in table.lines(self.results, self.limits, self.kinds)):
            text += f"\n~: the rounds differ by more than {table.UNSTEADY:.0%}.\n"
        text += "".join(f"\n{note}.\n" for note in sorted(self.bench.notes))
        if self.curves:
            text += "\n" + curves.text(*self.curves)
        note = self.caption() + (f" Between the turns others used {statistics.median(self.looks or [0]):.0%} of the "
                                 f"machine (at most {max(self.looks or [0]):.0%}).")
        answer = {"when": time.strftime("%Y-%m-%d %H:%M:%S"), "about": note, "versions": self.versions,
                  "options": vars(self.options), "results": self.results, "limits": self.limits,
                  "rows": list(table.lines(self.results, self.limits, self.kinds)),
                  "curves": self.curves and dict(zip(("answers", "updates"), self.curves)),
                  "notes": sorted(self.bench.notes), "errors": self.errors, "looks": self.looks,
                  "held": self.bench.held, "seconds": self.times, "against": self.against(),
                  "text": text, "note": note, "caption": self.caption()}
        (self.work / "results.json").write_text(json.dumps(answer, indent=1) + "\n")
        (self.work / "results.md").write_text(text + "\n" + note + "\n")
        picture = table.svg(self.results, self.limits, self.kinds, self.caption())
        (self.work / "results.svg").write_text(picture)
        print("\n" + text + "\n" + note)
        for error in self.errors:
            print(f"not measured: {error}")
        print(f"\n{self.work}/results.json, results.md, results.svg")
        if self.options.publish:
            publish(self.work)


def publish(work):
    """What a run kept goes into docs/: page, pictures and figures, all of that one run."""
    kept = work / "results.json"
    if not kept.exists():
        sys.exit(f"bench: there is no {kept}: run make bench first")
    answer = json.loads(kept.read_text())
    against = answer.get("against", ["it was measured by an older bench"])
    if against:
        sys.exit("bench: not published: " + "; ".join(against))
    docs = servers.ROOT / "docs"
    shutil.copy(work / "results.svg", docs / "benchmarks.svg")
    curves.publish(answer["curves"]["answers"], answer["curves"]["updates"], answer["caption"].split(". ")[1])
    short = {k: v for k, v in answer.items() if k not in ("options", "text", "note", "caption", "against")}
    (docs / "benchmarks.json").write_text(json.dumps(short, indent=1) + "\n")
    page = docs / "benchmarks.md"
    before, rest = page.read_text().split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    page.write_text(f"{before}{BEGIN}\n\n![The table as bars](benchmarks.svg)\n\n{answer['text']}\n"
                    f"![Cost by the size of the zone](curves.svg)\n\n"
                    f"Measured {answer['when']}. {answer['note']}\n\n{END}{after}")
    print(f"published in {docs}")


def main():
    options = arguments()
    if options.publish_kept:
        publish(pathlib.Path(options.work).resolve())
        return
    if options.publish and (options.only or options.quick):
        sys.exit("bench: --publish wants a whole run, without --only and --quick")
    for program in ("cc", "taskset", "dnsperf"):
        if not shutil.which(program):
            sys.exit(f"bench: {program} is missing: run scripts/setup.sh")
    if not (servers.ROOT / ".peers" / ".complete").exists():
        sys.exit("bench: the peers are missing: run scripts/peers.sh")
    if (os.cpu_count() or 1) < 2:
        sys.exit("bench: needs two cores, one for the server and one for the load")
    others = servers.busy(1)
    if others > BUSY:
        said = f"bench: something else uses {others:.0%} of this machine: "
        if options.publish:
            sys.exit(said + "end it first, this run could not be published")
        print(said + "the figures will be worse than they are")
    servers.favour(os.getpid())
    signal.signal(signal.SIGTERM, signal.default_int_handler)   # as Ctrl-C: what runs is ended
    run = Run(options)
    run.make_zones()
    try:
        run.go()
        run.draw_curves()
    except KeyboardInterrupt:
        print("stopped; what was measured until now:")
    finally:
        servers.end_all()
        if run.feeder:
            run.feeder.stop()
    run.report()


main()
