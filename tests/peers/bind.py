# SPDX-License-Identifier: GPL-3.0-or-later
"""BIND 9, and the named.conf dialect."""

from .model import all_keys, merge_options
from .process import Server


def _address_list(ends) -> str:
    return " ".join(f"key {e.key.name};" if e.key else f"{e.address};" for e in ends) or "none;"


def _server_list(ends) -> str:
    return " ".join(f"{e.address} port {e.port}" + (f" key {e.key.name}" if e.key else "") + ";"
                    for e in ends)


def named_keys(zones) -> str:
    return "".join(
        f'key "{key.name}" {{\n    algorithm {key.algorithm};\n    secret "{key.secret}";\n}};\n'
        for key in all_keys(zones))


def named_zone(zone, source: str, text_files: bool) -> str:
    lines = [f'zone "{zone.name}" {{']
    if zone.secondary:
        lines += ["    type secondary;",
                  f"    primaries {{ {_server_list(zone.primaries)} }};",
                  f"    transfer-source {source};"]
        if text_files:
            lines.append("    masterfile-format text;")
    else:
        lines.append("    type primary;")
    lines += [f'    file "{zone.file}";',
              f"    allow-transfer {{ {_address_list(zone.allow)} }};",
              f"    notify {'explicit' if zone.notify else 'no'};"]
    if zone.notify:
        lines += [f"    also-notify {{ {_server_list(zone.notify)} }};",
                  f"    notify-source {source};"]
    lines += [f"    {line}" for line in zone.options]
    return "\n".join(lines) + "\n};\n"


class Bind(Server):
    kind = "BIND"

    def __init__(self, folder, **how):
        super().__init__(folder, **how)
        self.options = []

    def write_config(self):
        zones = self.zones.values()
        options = merge_options([
            f'directory "{self.folder}";', "pid-file none;", "session-keyfile none;",
            f"listen-on port {self.port} {{ {self.address}; }};", "listen-on-v6 { none; };",
            "recursion no;", "dnssec-validation no;", "empty-zones-enable no;",
            "allow-transfer { none; };", "notify explicit;", "notify-delay 0;",
            "notify-rate 1000;", "startup-notify-rate 1000;", "serial-query-rate 1000;",
            "min-refresh-time 1;", "min-retry-time 1;", "minimal-responses no;",
            "check-names primary ignore;", "check-names secondary ignore;", "check-integrity no;",
            "check-mx ignore;", "check-srv-cname ignore;", "check-mx-cname ignore;",
            "transfers-in 100;", "transfers-per-ns 100;", "tcp-listen-queue 100;",
            'version "test";', "max-records-per-type 0;", "max-types-per-name 0;",
        ], self.options)
        (self.folder / "named.conf").write_text(
            "options {\n" + "".join(f"    {o}\n" for o in options) + "};\n"
            + "controls { };\n" + named_keys(zones)
            + "".join(named_zone(z, self.address, text_files=True) for z in zones))

    def command(self):
        return [self.program("named"), "-g", "-n", "1", "-c", self.folder / "named.conf"]
