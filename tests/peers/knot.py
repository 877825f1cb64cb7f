# SPDX-License-Identifier: GPL-3.0-or-later
"""Knot DNS."""

from .model import all_keys
from .process import Server


class Knot(Server):
    kind = "Knot"

    def __init__(self, folder, **how):
        super().__init__(folder, **how)
        self.options = []

    def write_config(self):
        zones = list(self.zones.values())
        out = ["server:", f"    rundir: {self.folder}", f"    listen: {self.address}@{self.port}",
               "    udp-workers: 1", "    tcp-workers: 2", "    background-workers: 1",
               *(f"    {o}" for o in self.options),
               "log:", "  - target: stderr", "    any: info",
               "database:", f"    storage: {self.folder}/db"]
        keys = all_keys(zones)
        if keys:
            out.append("key:")
        for key in keys:
            out += [f"  - id: {key.name}", f"    algorithm: {key.algorithm}",
                    f"    secret: {key.secret}"]
        remotes, acls, bodies = [], [], []
        for number, zone in enumerate(zones):
            bodies += self._zone(number, zone, remotes, acls)
        if remotes:
            out += ["remote:", *remotes]
        if acls:
            out += ["acl:", *acls]
        out += ["zone:", *bodies]
        (self.folder / "knot.conf").write_text("\n".join(out) + "\n")

    def _zone(self, number, zone, remotes, acls):
        def remote(end, kind, index):
            name = f"{kind}{number}-{index}"
            remotes.extend([f"  - id: {name}", f"    address: {end.address}@{end.port}",
                            f"    via: {self.address}"]
                           + ([f"    key: {end.key.name}"] if end.key else []))
            return name

        def acl(end, action, index):
            name = f"{action}{number}-{index}"
            acls.extend([f"  - id: {name}", f"    address: {end.address}", f"    action: {action}"]
                        + ([f"    key: {end.key.name}"] if end.key else []))
            return name

        masters = [remote(e, "from", i) for i, e in enumerate(zone.primaries)]
        told = [remote(e, "to", i) for i, e in enumerate(zone.notify)]
        rules = [acl(e, "notify", i) for i, e in enumerate(zone.primaries)]
        rules += [acl(e, "transfer", i) for i, e in enumerate(zone.allow)]
        # The domain goes in as an absolute name, so that the root works too.
        lines = [f"  - domain: {zone.name.rstrip('.')}.", f"    storage: {self.folder}",
                 f"    file: {zone.file}", "    refresh-min-interval: 2",
                 "    retry-min-interval: 2", "    expire-min-interval: 3"]
        if masters:
            lines += [f"    master: [{', '.join(masters)}]", "    zonefile-sync: 0"]
        else:
            lines += ["    zonefile-sync: -1", "    zonefile-load: whole", "    journal-content: none"]
        if told:
            lines.append(f"    notify: [{', '.join(told)}]")
        if rules:
            lines.append(f"    acl: [{', '.join(rules)}]")
        taken = {option.split(":")[0] for option in zone.options}
        lines = [line for line in lines if line.split(":")[0].strip() not in taken]
        return lines + [f"    {line}" for line in zone.options]

    def command(self):
        return [self.program("knotd"), "-c", self.folder / "knot.conf"]
