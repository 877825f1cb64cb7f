# SPDX-License-Identifier: GPL-3.0-or-later
"""The Debian package, from dpkg-buildpackage to its purge: built from the
working tree, clean under lintian, installed in a fresh Debian 12, where the
server runs and answers.

Needs root (debootstrap, chroot) and, the first time, the network: the base
system is kept in build-package/."""

import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from peers import Zone, client, zone_text           # noqa: E402
from peers.process import free_port, wait_until     # noqa: E402

WORK = ROOT / "build-package"
MIRROR = os.environ.get("UNDERSTUDY_MIRROR", "http://deb.debian.org/debian")
DETACHED = {"DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="debootstrap and chroot need root")


def run(*command, cwd=None, check=True, **how):
    done = subprocess.run([str(c) for c in command], cwd=cwd, env={**os.environ, **how.pop("env", {})}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **how)
    assert not check or done.returncode == 0, f"{command}:\n{done.stdout[-6000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def package():
    """The built package, of the working tree."""
    WORK.mkdir(exist_ok=True)
    run(ROOT / "scripts/deb.sh", WORK, timeout=1500)
    return next(WORK.glob("understudy_*.deb"))


def test_lintian_has_nothing_to_say(package):
    changes = next(WORK.glob("understudy_*.changes"))
    said = run("lintian", "--allow-root", "--fail-on", "none", changes)
    assert not [line for line in said.splitlines() if re.match(r"[EW]: ", line)], said


def test_the_service_is_confined(package):
    unit = WORK / "source/debian/understudy/lib/systemd/system/understudy.service"
    said = run("systemd-analyze", "security", "--offline=true", "--threshold=20", unit, check=False)
    level = float(re.search(r"Overall exposure level .*?: ([0-9.]+)", said).group(1))
    print(f"exposure level {level}")
    assert level <= 2.0, said


def _system_calls(name):
    """The system calls of a set, or the one, as systemd knows them."""
    if not name.startswith("@"):
        return {name}
    lines = [line.strip() for line in run("systemd-analyze", "syscall-filter", name).splitlines()[1:]]
    return set().union(*(_system_calls(line) for line in lines if line and not line.startswith("#")))


def _allowed(unit):
    allowed = _system_calls("@default")
    for words in re.findall(r"^SystemCallFilter=(.*)$", unit.read_text(), re.MULTILINE):
        named = set().union(*(_system_calls(word) for word in words.lstrip("~").split()))
        allowed = allowed - named if words.startswith("~") else allowed | named
    return allowed


def test_the_filter_of_system_calls_lets_it_work(package, tmp_path):
    """What a server with all that it can do calls, from start to end."""
    built = WORK / "source/debian/understudy"
    port, http = free_port(), free_port()
    (tmp_path / "zone").write_text(zone_text("example.com", 7))
    (tmp_path / "conf").write_text(
        f'options {{ directory "{tmp_path}"; state-dir "{tmp_path}/state"; listen-on port {port} {{ 127.0.0.1; }};\n'
        f'listen-on-v6 {{ none; }}; allow-transfer {{ any; }}; http-listen 127.0.0.1@{http}; log-file "{tmp_path}/log";\n'
        f'alert-program "/bin/true"; alert-url "http://127.0.0.1:9/"; alert-delay 0; }};\n'
        'zone "example.com" { type primary; file "zone"; };\n'
        f'zone "example.net" {{ type secondary; primaries {{ 127.0.0.66 port {port}; }}; file "net"; }};\n')
    trace = subprocess.Popen(["strace", "-f", "-qq", "-o", tmp_path / "trace", built / "usr/bin/understudy", "serve",
                              "-c", tmp_path / "conf"], stdin=subprocess.DEVNULL)
    wait_until(lambda: client.answers("127.0.0.1", port))
    server = int(pathlib.Path(f"/proc/{trace.pid}/task/{trace.pid}/children").read_text().split()[0])
    assert client.serial("127.0.0.1", port, "example.com") == 7
    assert client.axfr("127.0.0.1", port, "example.com")
    urllib.request.urlopen(f"http://127.0.0.1:{http}/metrics", timeout=20).read()
    run(built / "usr/bin/understudy", "status", "--state-dir", tmp_path / "state", check=False)
    wait_until(lambda: "alert-url" in (tmp_path / "log").read_text())
    os.kill(server, signal.SIGHUP)
    wait_until(lambda: "reloaded" in (tmp_path / "log").read_text())
    os.kill(server, signal.SIGTERM)
    assert trace.wait(60) == 0
    used = set(re.findall(r"^\d+ +(\w+)\(", (tmp_path / "trace").read_text(), re.MULTILINE))
    assert len(used) > 40
    assert not used - _allowed(built / "lib/systemd/system/understudy.service")


# --- in a fresh tree

def base(package):
    """A minimal Debian 12 with what the package depends on, as a tar file."""
    depends = run("dpkg-deb", "-f", package, "Depends")
    wanted = sorted({re.sub(r"\s.*", "", part.strip()) for part in depends.split(",") if "|" not in part}
                    | {"systemd-standalone-sysusers", "logrotate"})
    name = hashlib.sha256(",".join(wanted).encode()).hexdigest()[:12]
    kept = WORK / f"base-{name}.tar"
    if not kept.exists():
        tree = WORK / "base"
        shutil.rmtree(tree, ignore_errors=True)
        try:
            urllib.request.urlopen(f"{MIRROR}/dists/bookworm/Release", timeout=20).close()
        except OSError as error:
            pytest.skip(f"{MIRROR} cannot be reached: {error}")
        run("debootstrap", "--variant=minbase", f"--include={','.join(wanted)}", "bookworm", tree, MIRROR, timeout=900)
        run("tar", "-C", tree, "-cf", f"{kept}.new", ".")
        shutil.rmtree(tree)
        os.rename(f"{kept}.new", kept)
    return kept


@pytest.fixture(scope="module")
def tree(package):
    folder = WORK / "tree"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run("tar", "-C", folder, "-xf", base(package))
    shutil.copy(package, folder / "understudy.deb")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def inside(tree, *command, **how):
    return run("chroot", tree, *command, env=DETACHED, **how)


def test_it_is_installed(tree):
    inside(tree, "dpkg", "-i", "/understudy.deb")
    assert "understudy " in inside(tree, "understudy", "version")
    # Neither enabled nor started: another server may have port 53.
    assert not list((tree / "etc/systemd/system").rglob("understudy*"))
    assert (tree / "lib/systemd/system/understudy.service").exists()
    # Its user, and a configuration that this user and root alone can read.
    inside(tree, "id", "understudy")
    folder = (tree / "etc/understudy").stat()
    assert folder.st_mode & 0o777 == 0o750 and folder.st_gid != 0
    for name in ("named.conf", "nsd.conf"):
        said = inside(tree, "understudy", "check-config", f"/usr/share/doc/understudy/examples/{name}")
        assert "2 zones" in said and "error" not in said
    for page in ("man8/understudy.8", "man5/understudy.conf.5", "man1/understudy-status.1"):
        assert (tree / f"usr/share/man/{page}.gz").exists()
    assert (tree / "usr/share/bash-completion/completions/understudy").exists()
    assert (tree / "usr/share/zsh/site-functions/_understudy").exists()
    inside(tree, "logrotate", "--debug", "/etc/logrotate.d/understudy")


def test_it_answers(tree):
    port = free_port()
    zone = Zone("example.com", zone_text("example.com", 7))
    (tree / "etc/understudy/example.com.zone").write_text(zone.text)
    config = tree / "etc/understudy/named.conf"
    config.write_text(config.read_text().replace("listen-on { any; };", f"listen-on port {port} {{ 127.0.0.1; }};")
                      .replace("listen-on-v6 { any; };", "listen-on-v6 { none; };")
                      + 'zone "example.com" { type primary; file "/etc/understudy/example.com.zone"; };\n')
    log = open(WORK / "server.log", "w+")
    # As the unit starts it, but for what only systemd can do.
    server = subprocess.Popen(["chroot", str(tree), "understudy", "serve", "-c", "/etc/understudy/named.conf",
                               "--state-dir", "/var/lib/understudy", "--user", "understudy"],
                              env=DETACHED, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_until(lambda: server.poll() is not None or client.answers("127.0.0.1", port))
        assert client.serial("127.0.0.1", port, "example.com") == 7, (WORK / "server.log").read_text()
        assert "example.com" in inside(tree, "understudy", "status", "--state-dir", "/var/lib/understudy")
        uid = int(inside(tree, "id", "-u", "understudy"))
        assert os.stat(f"/proc/{server.pid}").st_uid == uid, "it has become its user"
        assert (tree / "var/lib/understudy").stat().st_uid == uid
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0, (WORK / "server.log").read_text()


def test_it_goes_without_a_trace(tree):
    inside(tree, "dpkg", "-r", "understudy")
    assert not (tree / "usr/bin/understudy").exists()
    assert (tree / "etc/understudy/named.conf").exists(), "a removal keeps the configuration"
    assert (tree / "var/lib/understudy/data.mdb").exists() or list((tree / "var/lib/understudy").iterdir()), "and the copies"
    (tree / "etc/understudy/example.com.zone").unlink()
    inside(tree, "dpkg", "-P", "understudy")
    for gone in ("etc/understudy", "var/lib/understudy", "var/log/understudy", "etc/logrotate.d/understudy"):
        assert not (tree / gone).exists(), gone
    left = run("find", tree, "-name", "*understudy*", "-not", "-path", f"{tree}/proc/*", "-not", "-name", "understudy.deb",
               "-not", "-path", "*/var/lib/systemd/*", "-not", "-path", "*/var/log/*")
    assert left == "", left
