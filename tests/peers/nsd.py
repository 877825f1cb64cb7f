# SPDX-License-Identifier: GPL-3.0-or-later
"""NSD, and the nsd.conf dialect."""

import time

from .model import all_keys, merge_options
from .process import Server


def _key(end) -> str:
    return end.key.name if end.key else "NOKEY"


def nsd_keys(zones) -> str:
    return "".join(
        f'key:\n    name: "{key.name}"\n    algorithm: {key.algorithm}\n    secret: "{key.secret}"\n'
        for key in all_keys(zones))


def nsd_zone(zone, source: str) -> str:
    lines = ["zone:", f'    name: "{zone.name}"', f'    zonefile: "{zone.file}"']
    for end in zone.primaries:
        # NSD starts with an IXFR question; with AXFR it asks SOA first and
        # needs no journal at the primary.
        how = "UDP " if zone.ixfr == "udp" else "" if zone.ixfr else "AXFR "
        lines += [f"    request-xfr: {how}{end.address}@{end.port} {_key(end)}",
                  f"    allow-notify: {end.address} {_key(end)}"]
    for end in zone.allow:
        lines.append(f"    provide-xfr: {end.address} {_key(end)}")
    for end in zone.notify:
        lines += [f"    notify: {end.address}@{end.port} {_key(end)}"]
    if zone.primaries or zone.notify:
        lines.append(f"    outgoing-interface: {source}")
    lines += [f"    {line}" for line in zone.options]
    return "\n".join(lines) + "\n"


class Nsd(Server):
    kind = "NSD"

    def __init__(self, folder, **how):
        super().__init__(folder, **how)
        self.options = []

    def write_config(self):
        zones = self.zones.values()
        options = merge_options([
            f"ip-address: {self.address}@{self.port}", 'username: ""', 'chroot: ""',
            f'zonesdir: "{self.folder}"', 'database: ""',
            f'zonelistfile: "{self.folder}/zone.list"', f'xfrdfile: "{self.folder}/xfrd.state"',
            f'xfrdir: "{self.folder}"', f'pidfile: "{self.folder}/nsd.pid"',
            "xfrd-reload-timeout: 0", "zonefiles-write: 1", "server-count: 1", "verbosity: 2",
            "rrl-ratelimit: 0", "rrl-whitelist-ratelimit: 0", "minimal-responses: no",
            "refuse-any: no", "tcp-count: 100",
        ], self.options)
        (self.folder / "nsd.conf").write_text(
            "server:\n" + "".join(f"    {o}\n" for o in options)
            + "remote-control:\n    control-enable: no\n" + nsd_keys(zones)
            + "".join(nsd_zone(z, self.address) for z in zones))

    def command(self):
        return [self.program("nsd"), "-d", "-c", self.folder / "nsd.conf"]

    def axfr(self, zone, key=None, **how):
        """Asked again where the process that took the connection ended for one with newer zones."""
        for _ in range(3):
            try:
                return super().axfr(zone, key, **how)
            except (ConnectionResetError, EOFError):
                time.sleep(0.1)
        return super().axfr(zone, key, **how)
