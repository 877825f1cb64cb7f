# SPDX-License-Identifier: GPL-3.0-or-later
"""The page in Chromium: what an operator sees, and that it stays live.

The browser is Debian's, driven by playwright-core (package.json); UNDERSTUDY_SHOTS
names a folder for pictures to be looked at.
"""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

import page_world as worlds
from peers import Endpoint, Understudy, Zone, free_port, zone_text
from peers.process import ServerError

HERE = pathlib.Path(__file__).resolve().parent
SHOTS = os.environ.get("UNDERSTUDY_SHOTS")
VERDICT = "document.getElementById('verdict').textContent"


def row(zone, what="textContent"):
    return f"document.querySelector('.rows [data-zone=\"{zone}\"]')?.{what}"


class Browser:
    def __init__(self):
        if not (HERE / "node_modules/playwright-core").exists():
            subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE, check=True, timeout=300)
        self.process = subprocess.Popen(["node", "driver.mjs"], cwd=HERE, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def order(self, order, **how):
        self.process.stdin.write(json.dumps({"order": order, **how}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise ServerError(f"{order} {how}: {answer['error']}")
        return answer["value"]

    def open(self, url, **how):
        self.order("open", url=url, **how)

    def see(self, code):
        return self.order("evaluate", code=code)

    def wait(self, code):
        self.order("wait", code=code)

    def picture(self, path):
        self.order("picture", path=str(path))

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)


@pytest.fixture(scope="module")
def browser():
    it = Browser()
    yield it
    it.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = worlds.healthy(tmp_path_factory.mktemp("world"))
    made.add("museum-shop.example", 210, serial=1)
    made.add("ferry.example", 30, primary=made.other, serial=77)
    made.start()
    for name in made.page.zones:
        made.page.wait_serial(name, made.primary.serial(name) if name in made.primary.zones else 77)
    yield made
    made.stop()


def test_all_is_well_and_nothing_breaks_the_policy(browser, world):
    browser.open(world.url)
    browser.wait(f"{VERDICT} === 'All 10 zones are fresh.'")
    assert browser.see("document.querySelectorAll('.rows .row').length") == 10
    assert browser.see("document.getElementById('live').dataset.state") == "live"
    assert browser.see(row("example.com")) .startswith("example.com")
    browser.wait(f"{row('example.com')}.includes('2/2')")       # both other servers have its serial
    assert browser.order("troubles") == []


def test_a_change_arrives_without_a_reload(browser, world):
    browser.open(world.url)
    browser.see("window.sameDocument = true")
    serial = world.primary.serial("example.com") + 1
    world.primary.update("example.com", zone_text("example.com", serial, hosts=41))
    browser.wait(f"{row('example.com')}?.includes('{serial}')")
    assert browser.see("window.sameDocument") is True
    assert browser.order("troubles") == []


def test_a_zone_that_is_held_says_so_and_what_to_do(browser, world):
    browser.open(world.url)
    world.primary.update("museum-shop.example", zone_text("museum-shop.example", 2, hosts=3))
    browser.wait(f"{VERDICT} === '1 of 10 zones needs you.'")
    browser.wait("document.querySelector('.rows .row').dataset.zone === 'museum-shop.example'")  # first of all
    assert "held" in browser.see(row("museum-shop.example"))
    assert "names would go" in browser.see(row("museum-shop.example"))
    assert browser.see("document.getElementById('said').textContent") == "1 of 10 zones needs you."
    assert browser.see("document.title").startswith("(1) ")

    browser.order("click", selector=".rows [data-zone='museum-shop.example']")
    browser.wait("!document.getElementById('panel').hidden")
    panel = browser.see("document.getElementById('panel').innerText")
    assert "understudy approve museum-shop.example" in panel
    assert f"127.0.0.2@{world.second.port}" in panel            # the serial on every server
    assert browser.see("location.hash") == "#museum-shop.example"
    assert browser.see("document.activeElement.id") == "panel"
    if SHOTS:
        browser.picture(pathlib.Path(SHOTS) / "held.png")

    # It is approved elsewhere, and both list and panel follow.
    code, out, err = world.page.run("approve", "museum-shop.example", "--state-dir", world.page.state_dir)
    assert code == 0, out + err
    browser.wait(f"{VERDICT} === 'All 10 zones are fresh.'")
    browser.wait("!document.getElementById('panel').innerText.includes('understudy approve')")
    browser.order("press", key="Escape")
    browser.wait("document.getElementById('panel').hidden")
    assert browser.order("troubles") == []


def test_a_lost_server_is_noticed_and_found_again(browser, world):
    browser.open(world.url)
    browser.wait(f"{row('ferry.example')} !== undefined")
    world.page.stop()
    browser.wait("document.getElementById('live').dataset.state === 'lost'")
    world.page.process = None
    world.page.launch()
    world.page.wait_ready()
    browser.wait("document.getElementById('live').dataset.state === 'live'")
    serial = world.primary.serial("example.net") + 1
    world.primary.update("example.net", zone_text("example.net", serial, hosts=12))
    browser.wait(f"{row('example.net')}?.includes('{serial}')")


def test_it_is_readable_on_a_phone_and_in_the_dark(browser, world):
    lightness = "(c => (+c[0] + +c[1] + +c[2]) / 3)(getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g))"
    for scheme in ("light", "dark"):
        browser.open(world.url, width=360, height=740, scheme=scheme, scale=2)
        assert browser.see("document.documentElement.scrollWidth") <= 360
        assert (browser.see(lightness) < 60) == (scheme == "dark")
        if SHOTS:
            browser.picture(pathlib.Path(SHOTS) / f"phone-{scheme}.png")
        browser.order("click", selector=".rows [data-zone='ferry.example']")
        browser.wait("!document.getElementById('panel').hidden")
        assert browser.see("document.documentElement.scrollWidth") <= 360
        assert browser.see("document.getElementById('panel').scrollWidth <= 360")
        assert browser.order("troubles") == []


def test_it_can_be_used_with_the_keyboard_alone(browser, world):
    browser.open(world.url)
    browser.order("press", key="/")
    assert browser.see("document.activeElement.id") == "search"
    browser.order("type", selector="#search", text="example.")
    browser.wait("document.querySelectorAll('.rows .row').length === 2")
    browser.order("press", key="ArrowDown")
    browser.wait("document.activeElement.className === 'name'")
    browser.order("press", key="ArrowDown")
    browser.wait("document.activeElement.textContent === 'example.net'")
    browser.order("press", key="Enter")
    browser.wait("document.getElementById('panel-title')?.textContent === 'example.net'")
    browser.order("press", key="Escape")
    browser.wait("document.activeElement.textContent === 'example.net'")


def test_a_screen_reader_gets_a_table(browser, world):
    browser.open(world.url)
    assert browser.see("document.querySelector('[role=table]').getAttribute('aria-rowcount')") == "11"
    assert browser.see("document.querySelectorAll('.heading [role=columnheader]').length") == 5
    cells = browser.see("[...document.querySelectorAll('.rows .row')].map(r => r.querySelectorAll('[role=cell]').length)")
    assert cells and all(n == 5 for n in cells)
    assert browser.see("document.querySelector('.rows .row').getAttribute('aria-rowindex')") == "2"
    unnamed = browser.see("[...document.querySelectorAll('button, input, select')].filter(e => !e.hidden && "
                          "!(e.textContent.trim() || e.ariaLabel || e.labels?.length)).length")
    assert unnamed == 0


def test_among_many_zones_one_is_found(browser, tmp_path_factory):
    """A list of 20,000: rows are drawn where one looks, the server searches."""
    server = Understudy(tmp_path_factory.mktemp("many"))
    port = free_port()
    server.options = [f"http-listen 127.0.0.1@{port};"]
    text = ("$TTL 60\n@ SOA ns1 host 7 3600 600 604800 60\n@ NS ns1.example.net.\n")
    (server.folder / "all.zone").write_text(text)
    count = 20000
    zones = "".join(f'zone "z{i:05}.example" {{ type primary; file "all.zone"; }};\n' for i in range(count))
    server.config_text = (f'options {{ directory "{server.folder}"; state-dir "{server.state_dir}"; notify no; '
                          f'listen-on port {server.port} {{ 127.0.0.1; }}; allow-transfer {{ none; }}; monitor no; '
                          f'http-listen 127.0.0.1@{port}; }};\n' + zones)
    server.start()
    try:
        browser.open(f"http://127.0.0.1:{port}/")
        browser.wait(f"{VERDICT} === 'All 20,000 zones are fresh.'")
        assert browser.see("document.querySelectorAll('.rows .row').length") < 60
        browser.order("type", selector="#search", text="z0471")
        browser.wait("document.querySelectorAll('.rows .row').length === 10")
        browser.order("type", selector="#search", text="z19999")
        browser.wait(f"{row('z19999.example')} !== undefined && document.querySelectorAll('.rows .row').length === 1")
        browser.order("type", selector="#search", text="")
        browser.wait("document.querySelectorAll('.rows .row').length > 5")
        browser.see("scrollTo(0, document.documentElement.scrollHeight)")
        browser.wait(f"{row('z19999.example')} !== undefined")   # the end of the list
        browser.see("scrollTo(0, document.documentElement.scrollHeight / 2)")
        browser.wait("[...document.querySelectorAll('.rows .row')].some(r => (r.dataset.zone ?? '').startsWith('z099'))")
        assert browser.order("troubles") == []
    finally:
        assert server.stop() == 0
