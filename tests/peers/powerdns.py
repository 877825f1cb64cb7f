# SPDX-License-Identifier: GPL-3.0-or-later
"""PowerDNS with its BIND backend: a primary for the tests."""

import os

from .model import all_keys
from .process import PEERS, Server, wait_until


class PowerDns(Server):
    kind = "PowerDNS"

    def write_config(self):
        modules = PEERS / "usr" / "lib" / f"{os.uname().machine}-linux-gnu" / "pdns"
        zones = self.zones.values()
        told = sorted({f"{e.address}:{e.port}" for z in zones for e in z.notify})
        allowed = sorted({e.address for z in zones for e in z.allow if not e.key})
        options = {
            "launch": "bind", "module-dir": modules, "socket-dir": self.folder,
            "local-address": self.address, "local-port": self.port,
            "query-local-address": self.address, "daemon": "no", "guardian": "no",
            "bind-config": self.folder / "zones.conf", "bind-check-interval": 1,
            "bind-dnssec-db": self.folder / "keys.db",
            "primary": "yes", "xfr-cycle-interval": 1, "only-notify": "",
            "also-notify": ",".join(told), "allow-axfr-ips": ",".join(allowed),
            "cache-ttl": 0, "query-cache-ttl": 0, "negquery-cache-ttl": 0,
            "zone-cache-refresh-interval": 0, "distributor-threads": 1, "receiver-threads": 1,
            "loglevel": 6, "security-poll-suffix": "", "setuid": "", "setgid": "",
        }
        (self.folder / "pdns.conf").write_text("".join(f"{k}={v}\n" for k, v in options.items()))
        (self.folder / "zones.conf").write_text(
            f'options {{ directory "{self.folder}"; }};\n'
            + "".join(f'zone "{z.name}" {{ type master; file "{z.file}"; }};\n' for z in zones))
        self._write_keys()

    def _write_keys(self):
        if (self.folder / "keys.db").exists():
            return
        self.tool("pdnsutil", "--config-dir", self.folder, "create-bind-db", self.folder / "keys.db")
        for key in all_keys(self.zones.values()):
            self.tool("pdnsutil", "--config-dir", self.folder,
                      "import-tsig-key", key.name, key.algorithm, key.secret)
        for zone in self.zones.values():
            self.write_zone(zone.name, zone.text)
            for end in (*zone.allow, *zone.notify):
                if end.key:
                    self.tool("pdnsutil", "--config-dir", self.folder,
                              "activate-tsig-key", zone.name, end.key.name, "primary")

    def control(self, *command) -> str:
        return self.tool("pdns_control", f"--config-dir={self.folder}", *command).stdout

    def update(self, name, text):
        self.write_zone(name, text)
        self.control("bind-reload-now", name)
        # Its own cycle finds the new serial within a second or so; asking
        # makes it immediate.
        wait_until(lambda: self.serial(name) is not None)
        self.control("notify", name)

    def reload(self):
        self.control("reload")

    def command(self):
        return [self.program("pdns_server"), f"--config-dir={self.folder}"]
