# SPDX-License-Identifier: GPL-3.0-or-later
"""A beginner's guide to secondary DNS, followed step by step.

The configurations in guide/ are such a guide's, as its reader pastes them;
only paths, addresses and ports are made to suit the machine.
"""

import pathlib
import subprocess

import pytest

from peers import Zone, zone_text
from peers.process import wait_until

GUIDE = pathlib.Path(__file__).parent / "guide"


def adapted(name, folder, replacements):
    text = (GUIDE / name).read_text()
    text = text.replace("/etc/bind/zones/", f"{folder}/").replace("/var/cache/bind/", f"{folder}/")
    for old, new in replacements.items():
        assert old in text
        text = text.replace(old, new)
    return text


def server(lab, kind, name, dialect, replacements):
    """A server of that kind on the guide's configuration."""
    made = lab.understudy(dialect=dialect) if kind == "understudy" else lab.bind()
    text = adapted(name, made.folder, replacements)
    if kind == "understudy":
        made.config_text = text
        made.arguments = ["--listen", f"127.0.0.1@{made.port}", "--state-dir", made.state_dir]
    else:
        made.write_config = lambda: (made.folder / "named.conf").write_text(
            f'options {{ directory "{made.folder}"; pid-file none; session-keyfile none; '
            f"listen-on port {made.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no; "
            f"notify-delay 0; dnssec-validation no; }}; controls {{ }};\n" + text)
    return made


@pytest.mark.parametrize("secondary, dialect", [("bind-secondary.conf", "named"),
                                                ("nsd-secondary.conf", "nsd")])
@pytest.mark.parametrize("kind", ["bind", "understudy"])
def test_the_guide(lab, kind, secondary, dialect):
    # The secondary's port is needed before the primary's file can name it.
    second = lab.understudy(dialect=dialect)
    first = server(lab, kind, "bind-primary.conf", "named", {
        "allow-transfer { 10.0.0.2; }": "allow-transfer { 127.0.0.1; }",
        "also-notify { 10.0.0.2; }": f"also-notify {{ 127.0.0.1 port {second.port}; }}"})
    first.add(Zone("example.com", zone_text("example.com", 2026032301)))
    first.start()
    first.wait_serial("example.com", 2026032301)

    if dialect == "named":
        changes = {"masters { 10.0.0.1; }": f"masters {{ 127.0.0.1 port {first.port}; }}"}
    else:
        changes = {"allow-notify: 10.0.0.1": "allow-notify: 127.0.0.1",
                   "request-xfr: 10.0.0.1": f"request-xfr: 127.0.0.1@{first.port}",
                   'zonefile: "example.com.zone"': f'zonefile: "{second.folder}/example.com.zone"'}
    second.config_text = adapted(secondary, second.folder, changes)
    second.arguments = ["--listen", f"127.0.0.1@{second.port}", "--state-dir", second.state_dir]
    second.start()
    second.wait_serial("example.com", 2026032301)

    # Check zone was transferred
    path = second.folder / "example.com.zone"
    wait_until(path.exists, message=f"{path} is not there after the first transfer")
    listed = subprocess.run(["ls", "-la", path], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert int(listed.split()[4]) > 100
    assert "status: NOERROR" in second.dig("example.com", "SOA")

    # Verify both servers respond correctly
    assert first.dig("example.com", "A", "+short") == "192.0.2.80\n"
    assert second.dig("example.com", "A", "+short") == "192.0.2.80\n"
    # Check SOA serial matches
    assert first.dig("example.com", "SOA", "+short") == second.dig("example.com", "SOA", "+short")
    # Verify zone transfer works
    axfr = first.dig("example.com", "AXFR")
    assert "XFR size: 16 records" in axfr and "host2.example.com." in axfr
    # allow-transfer { none; }; nothing said in nsd.conf means the same.
    assert "Transfer failed" in second.dig("example.com", "AXFR")

    # Use NOTIFY to push zone updates to secondaries immediately
    first.update("example.com", zone_text("example.com", 2026032302))
    second.wait_serial("example.com", 2026032302)


def test_the_cloud_providers_list(lab):
    """Prefixes with a comment inside the braces, as pasted."""
    made = server(lab, "understudy", "cloud-primary.conf", "named", {})
    made.add(Zone("example.com", zone_text("example.com", 1)))
    made.start()
    made.wait_serial("example.com", 1)
    assert "Transfer failed" in made.dig("example.com", "AXFR")


@pytest.mark.parametrize("name, dialect", [
    ("bind-primary.conf", "named"), ("bind-secondary.conf", "named"),
    ("cloud-primary.conf", "named"), ("nsd-secondary.conf", "nsd")])
def test_check_config_takes_the_guide_word_for_word(lab, name, dialect):
    made = lab.understudy(dialect=dialect)
    code, out, err = made.run("check-config", GUIDE / name)
    assert code == 0, out + err
    assert "example.com" in out


@pytest.mark.parametrize("name, cut, line", [
    ("bind-secondary.conf", "};\n", 7),                     # the brace that ends the zone
    ("bind-secondary.conf", "none; };", 6),                 # the brace of a list
    ("bind-primary.conf", "master;", 3)])
def test_a_forgotten_semicolon_is_named_with_its_place(lab, name, cut, line):
    made = lab.understudy()
    text = (GUIDE / name).read_text()
    place = text.rindex(cut)
    text = text[:place] + cut.replace(";\n", "\n").rstrip(";") + text[place + len(cut):]
    path = made.folder / "pasted.conf"
    path.write_text(text + "\noptions { recursion no; };\n")
    code, out, err = made.run("check-config", path)
    assert code == 1
    told = next(l for l in (out + err).splitlines() if "pasted.conf" in l)
    assert ";" in told
    number = int(told.split("pasted.conf:")[1].split(":")[0])
    assert line <= number <= line + 2, told
