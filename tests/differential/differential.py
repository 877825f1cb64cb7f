#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same questions to Understudy, BIND, NSD and Knot serving the same zones.

    differential.py [--count N] [--seed N] [--report FILE] [--without-us]

Exits 1 where the three agree and Understudy differs without permission.
"""

import argparse
import concurrent.futures
import pathlib
import shutil
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
for place in (HERE, HERE.parent):
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))

import compare                                              # noqa: E402
import exchange                                             # noqa: E402
import questions                                            # noqa: E402
import zones                                                # noqa: E402
from peers import Bind, Knot, Nsd, Understudy, Zone         # noqa: E402

KINDS = {"Understudy": Understudy, "BIND": Bind, "NSD": Nsd, "Knot": Knot}
# All answer with no more than is needed, so that sections can be compared.
OPTIONS = {"Understudy": ["minimal-responses yes;"],
           "BIND": ["minimal-responses yes;", "minimal-any no;"],
           "NSD": ["minimal-responses: yes"], "Knot": []}


def servers(folder, made, names):
    """Start each server on its own copy of the zone files."""
    out = {}
    for name in names:
        server = KINDS[name](folder / name)
        server.options = list(OPTIONS[name])
        for zone, path in made.items():
            entry = server.add(Zone(zone))
            shutil.copy(path, server.folder / entry.file)
        server.start(wait=False)
        out[name] = server
    for name, server in out.items():
        server.wait_ready()
    for name, server in out.items():
        for zone in made:
            process_wait(server, zone)
    return out


def process_wait(server, zone):
    from peers.process import wait_until
    wait_until(lambda: server.serial(zone) is not None, message=f"{server} does not serve {zone}")


def ask_all(running, asked, tcp_asked, messages):
    """Every server gets everything; servers one after the other, since the
    machine has few cores and each should answer undisturbed."""
    def one(server):
        return (exchange.over_udp(server.address, server.port, asked),
                exchange.over_tcp(server.address, server.port, tcp_asked),
                exchange.one_each(server.address, server.port, [m for _, m in messages]))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return dict(zip(running, pool.map(one, running.values())))


def differ(folder, count, seed, names=tuple(KINDS)):
    """Run the comparison; returns (outcome, seconds of each part)."""
    began = time.monotonic()
    made = zones.generate(folder / "zones", seed)
    asked = questions.generate(made, count, seed)
    tcp_asked = asked[::20]
    messages = questions.broken(made, seed)
    ready = time.monotonic()
    running = servers(folder, made, names)
    try:
        up = time.monotonic()
        replies = ask_all(running, asked, tcp_asked, messages)
    finally:
        for server in running.values():
            server.stop() if isinstance(server, Understudy) else server.kill()
    done = time.monotonic()
    outcome = compare.Outcome()
    us = names[0]
    peers = names[1:]
    for part, (what, rows) in enumerate((("udp", asked), ("tcp", tcp_asked))):
        for index, question in enumerate(rows):
            outcome.add(what, question, replies[us][part][index],
                        {p: replies[p][part][index] for p in peers})
    for index, (what, _) in enumerate(messages):
        outcome.add("broken", what, replies[us][2][index],
                    {p: replies[p][2][index] for p in peers})
    times = (f"{len(made)} zones; generated in {ready - began:.1f} s, started in {up - ready:.1f} s, "
             f"asked in {done - up:.1f} s, compared in {time.monotonic() - done:.1f} s")
    return outcome, times, running.get("Understudy")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=pathlib.Path, help="also write what two of three hold against us")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for zones and logs that stays")
    parser.add_argument("--instead", help="let this peer stand in our place", choices=compare.PEERS)
    options = parser.parse_args()
    names = tuple(KINDS)
    if options.instead:
        names = (options.instead, *(p for p in compare.PEERS if p != options.instead))
    with tempfile.TemporaryDirectory(prefix="understudy-differential-") as folder:
        outcome, times, _ = differ(options.keep or pathlib.Path(folder), options.count, options.seed, names)
    print(times)
    print(outcome.report())
    if options.report:
        options.report.write_text(outcome.report(200) + "\n" + outcome.outvoted_report())
    return 1 if outcome.failures else 0


if __name__ == "__main__":
    sys.exit(main())
