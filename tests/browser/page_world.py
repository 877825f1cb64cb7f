# SPDX-License-Identifier: GPL-3.0-or-later
"""A small world with a page to look at: a primary that one can change, a
secondary with the page, and two more secondaries whose serials it watches."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from peers import Endpoint, Understudy, Zone, free_port, zone_text      # noqa: E402

MONITOR = ["monitor-interval 10;", "monitor-rate 1000;"]

HEALTHY = {"example.com": 40, "example.net": 12, "harbour.example": 320, "lighthouse.example": 8,
           "meadow.example": 61, "museum.example": 1480, "orchard.example": 25, "timetable.example": 204}


class World:
    """`primary` has the zones, `page` copies and shows them; `second` copies too."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        self.http = free_port()
        self.primary = Understudy(folder / "primary")
        self.other = Understudy(folder / "other")       # the primary of what goes wrong
        self.page = Understudy(folder / "page")
        self.second = Understudy(folder / "second", address="127.0.0.2")
        self.page.options = [f"http-listen 127.0.0.1@{self.http};", *MONITOR]
        self.servers = [self.primary, self.other, self.page, self.second]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http}/"

    def add(self, name, hosts=3, primary=None, serial=1, options=(), watched=True, **soa):
        primary = primary or self.primary
        ends = [self.page.endpoint, self.second.endpoint]
        primary.add(Zone(name, zone_text(name, serial, hosts=hosts, **soa), notify=ends,
                         allow=[Endpoint("127.0.0.1"), Endpoint("127.0.0.2")],
                         options=["max-shrink 100;", "monitor no;"]))
        servers = f"{self.second.address} port {self.second.port};"
        watch = [f"monitor-servers {{ {servers} }};"] if watched else []
        self.page.add(Zone(name, primaries=[primary.endpoint],
                           options=[*options, *watch, "monitor explicit;"]))
        self.second.add(Zone(name, primaries=[primary.endpoint], options=["monitor no;", "max-shrink 100;"]))

    def start(self):
        for server in self.servers:
            server.start()

    def stop(self):
        for server in self.servers:
            if server.process is not None:
                server.stop()


def healthy(folder: pathlib.Path) -> World:
    world = World(folder)
    for name, hosts in HEALTHY.items():
        world.add(name, hosts, serial=2026112200 + len(name))
    return world
