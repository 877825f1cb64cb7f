# SPDX-License-Identifier: GPL-3.0-or-later
"""Understudy itself, configured in either dialect."""

import os
import pathlib
import re
import subprocess

from .bind import named_keys, named_zone
from .model import merge_options
from .nsd import nsd_keys, nsd_zone
from .process import ROOT, Server, ServerError

_SANITIZER = re.compile(r"(AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:|MemorySanitizer)")


def binary() -> pathlib.Path:
    """The build under test: UNDERSTUDY_BIN, else the sanitizer build, else the plain one."""
    named = os.environ.get("UNDERSTUDY_BIN")
    places = [pathlib.Path(named)] if named else [
        ROOT / "build-asan" / "understudy", ROOT / "build" / "understudy"]
    for place in places:
        if place.exists():
            return place.resolve()
    raise ServerError("there is no build of understudy: run make build")


class Understudy(Server):
    kind = "Understudy"

    def __init__(self, folder, dialect: str = "named", **how):
        super().__init__(folder, **how)
        self.dialect = dialect
        self.options = []
        self.monitor = "explicit"     # asks nobody whom the zone's own records name
        self.arguments = []
        self.state_dir = self.folder / "state"
        self.config_path = self.folder / f"{dialect}.conf"
        self.config_text = None     # a whole config, instead of one from the zones

    def write_config(self):
        if self.config_text is not None:
            self.config_path.write_text(self.config_text)
        elif self.dialect == "named":
            self.config_path.write_text(self._named())
        else:
            self.config_path.write_text(self._nsd())

    def _named(self) -> str:
        zones = self.zones.values()
        options = merge_options([f'directory "{self.folder}";', f'state-dir "{self.state_dir}";',
                   f"listen-on port {self.port} {{ {self.address}; }};",
                   "min-refresh-time 1;", "min-retry-time 1;", "notify explicit;", f"monitor {self.monitor};",
                   "allow-transfer { none; };"], self.options)
        return ("options {\n" + "".join(f"    {o}\n" for o in options) + "};\n" + named_keys(zones)
                + "".join(named_zone(z, self.address, text_files=False) for z in zones))

    def _nsd(self) -> str:
        zones = self.zones.values()
        options = merge_options([f"ip-address: {self.address}@{self.port}", f'zonesdir: "{self.folder}"',
                   f'state-dir: "{self.state_dir}"', f"monitor: {self.monitor}"], self.options)
        return ("server:\n" + "".join(f"    {o}\n" for o in options) + nsd_keys(zones)
                + "".join(nsd_zone(z, self.address) for z in zones))

    def environment(self):
        # The peers' libraries are not ours.
        return {"ASAN_OPTIONS": "abort_on_error=0:exitcode=99:detect_leaks=1",
                "UBSAN_OPTIONS": "print_stacktrace=1",
                "TSAN_OPTIONS": "exitcode=99"}

    def command(self):
        return [binary(), "serve", "-c", self.config_path, *self.arguments]

    def run(self, *command, timeout=30):
        """Run a verb to its end: (exit code, standard output, standard error)."""
        env = dict(os.environ)
        env.update(self.environment())
        done = subprocess.run([str(a) for a in (binary(), *command)], cwd=self.folder, env=env,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=timeout)
        return done.returncode, done.stdout, done.stderr

    def status(self, *arguments) -> str:
        code, out, err = self.run("status", *arguments, "--state-dir", self.state_dir)
        if code not in (0, 4):      # 4: some zone is stale, expired or empty
            raise ServerError(f"status ended with {code}: {out}{err}")
        return out

    def sanitizer_report(self) -> str:
        found = _SANITIZER.search(self.log())
        return self.log()[found.start():] if found else ""
