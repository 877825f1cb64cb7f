# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual pages and the completion of shells know every verb and option that
the program knows."""

import os
import re
import shutil
import subprocess

import pytest

from peers import Zone, zone_text
from peers.process import ROOT
from peers.understudy import binary

PAGES = ROOT / "dist" / "man"
BASH = ROOT / "dist" / "completion" / "understudy.bash"
ZSH = ROOT / "dist" / "completion" / "understudy.zsh"


def run(*words):
    done = subprocess.run([str(w) for w in (binary(), *words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=120, env={**os.environ, "ASAN_OPTIONS": "exitcode=99"})
    assert done.returncode == 0, done
    return done.stdout


def verbs():
    return re.findall(r"^  ([a-z-]+) {2,}\S", run("help"), re.M)


def options(verb):
    """Those in the list of the verb's help: {"--json", "-c", …}."""
    lines = [line for line in run("help", verb).splitlines() if line.startswith("  -")]
    return {option for line in lines for option in re.findall(r"(?:^  |, )(--?[a-z][a-z-]*)", line)}


def source(name):
    """A page, without the marks of scdoc."""
    return (PAGES / f"{name}.scd").read_text().replace("\\", "").replace("*", "").replace("_", "")


def test_every_verb_has_a_page_with_its_summary():
    for verb in verbs():
        summary = re.search(rf"^  {verb} +(\S.*)$", run("help"), re.M)[1]
        assert f"understudy-{verb} - {summary}" in source(f"understudy-{verb}.1"), verb
        assert re.search(rf"\b{verb}\b", source("understudy.8")), verb
    assert {p.name for p in PAGES.glob("understudy-*.scd")} == {f"understudy-{verb}.1.scd" for verb in verbs()}


def test_every_option_is_on_its_page_and_no_other():
    for verb in verbs():
        listed = source(f"understudy-{verb}.1")
        section = re.search(r"^# OPTIONS\n(.*?)^# ", listed, re.M | re.S)
        found = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", "\n".join(
            line for line in (section[1] if section else "").splitlines() if line.startswith("-"))))
        assert found == options(verb), verb


def test_every_option_of_the_configuration_is_on_its_page():
    document = (ROOT / "docs" / "configuration.md").read_text()
    table = document[document.index("## Options of our own"):document.index("What becomes of a version")]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    wanted = {option for row in rows for option in re.findall(r"`([a-z-]+)`", row)}
    page = source("understudy.conf.5")
    assert len(wanted) > 10
    assert not {option for option in wanted if not re.search(rf"^{option}\b|, {option}\b", page, re.M)}


def test_the_pages_are_well_formed_and_built():
    scdoc = shutil.which("scdoc")
    if scdoc is None:
        pytest.skip("scdoc is not installed")
    built = (ROOT / "dist" / "meson.build").read_text()
    for page in PAGES.glob("*.scd"):
        assert f"'{page.stem}'" in built, page
        done = subprocess.run([scdoc], stdin=open(page), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 0 and done.stdout.count(".SH") >= 4, (page, done.stderr)


def test_the_words_of_other_servers_are_in_the_documentation():
    table = (ROOT / "src" / "cli" / "alias.c").read_text()
    words = re.findall(r'^\t\{ "([^"]+)", "', table, re.M)
    document = (ROOT / "docs" / "verbs.md").read_text()
    assert len(words) > 50 and not [word for word in words if f"`{word}`" not in document]


# --- completion

def complete(*words):
    return run("complete", "--", *words).split()


def test_completion_offers_each_verb_and_each_option():
    assert complete("") == verbs()
    assert complete("re") == [verb for verb in verbs() if verb.startswith("re")]
    assert complete("help", "") == verbs()
    for verb in set(verbs()) - {"help"}:
        assert set(complete(verb, "-")) == {option for option in options(verb) if option.startswith("--")}, verb
    assert complete("zones", "--sort", "e") == ["expiry"]
    assert complete("log-level", "d") == ["debug"]
    assert complete("serve", "--log-level", "w") == ["warning"]
    assert complete("no-such-verb", "") == [] and complete("status", "--state-dir", "/nonexistent", "a") == []


@pytest.fixture
def server(lab):
    server = lab.understudy()
    for name in ("alpha.test", "alps.test", "beta.test"):
        server.add(Zone(name, zone_text(name, 1)))
    return server.start()


def bash(server, line):
    """What bash has after a tab at the end of that line."""
    words = line.split(" ")
    script = f"""
        source {BASH}
        COMP_WORDS=({' '.join(f"'{word}'" for word in words)})
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _understudy
        printf '%s\\n' "${{COMPREPLY[@]}}"
        complete -p understudy >&2
    """
    path = server.folder / "bin"
    path.mkdir(exist_ok=True)
    if not (path / "understudy").exists():
        (path / "understudy").symlink_to(binary())
    done = subprocess.run(["bash", "--norc", "-c", script], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                          env={**os.environ, **server.environment(), "PATH": f"{path}:{os.environ['PATH']}"})
    assert done.returncode == 0 and "-F _understudy understudy" in done.stderr, done
    return done.stdout.split()


def test_bash_completes_verbs_options_and_the_zones_of_the_running_server(server):
    place = f"--state-dir {server.state_dir}"
    assert bash(server, "understudy exp") == ["explain"]
    assert bash(server, "understudy zones --roll") == ["--rolled-back"]
    assert bash(server, f"understudy explain {place} al") == ["alpha.test", "alps.test"]
    assert bash(server, f"understudy refresh -c {server.config_path} ") == ["alpha.test", "alps.test", "beta.test"]
    assert bash(server, f"understudy refresh {place} alpha.test b") == ["beta.test"]
    assert bash(server, "understudy serve -c /et") == []


def zsh(server, line):
    """What zsh has after a tab: by a terminal of its own (zpty), as it is meant to be driven.
    Keys are for its line editor once that has asked for pasted text to be marked
    (ESC [ ? 2004 h); before, the terminal itself would act on them."""
    folder = server.folder / "zsh"
    (folder / "functions").mkdir(parents=True, exist_ok=True)
    shutil.copy(ZSH, folder / "functions" / "_understudy")
    path = server.folder / "bin"
    path.mkdir(exist_ok=True)
    if not (path / "understudy").exists():
        (path / "understudy").symlink_to(binary())
    script = f"""
        zmodload zsh/zpty
        zpty shell 'PS1=READY; exec zsh -f -i'
        zpty -w shell 'fpath=({folder}/functions $fpath); path=({path} $path); autoload -Uz compinit; compinit -u -d {folder}/dump'
        zpty -w shell 'unsetopt always_last_prompt; LISTMAX=1000; zstyle ":completion:*" list-colors ""; PS1=READY; print START-""HERE'
        zpty -r -m shell out '*START-HERE*READY*2004h*'
        zpty -w -n shell $'{line}\\t\\t'
        zpty -w shell $'\\x15print DONE-""HERE'
        zpty -r -m shell out '*DONE-HERE*'
        print -r -- "$out"
        zpty -d shell
    """
    done = subprocess.run(["zsh", "-f", "-c", script], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
                          env={**os.environ, **server.environment(), "TERM": "dumb"}, errors="replace")
    return done.stdout


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh_completes_verbs_options_and_zones(server):
    place = f"--state-dir {server.state_dir}"
    assert "understudy explain" in zsh(server, "understudy exp")
    shown = zsh(server, f"understudy explain {place} al")
    assert "alpha.test" in shown and "alps.test" in shown and "beta.test" not in shown, shown
    shown = zsh(server, "understudy zones --re")
    assert "--reverse" in shown and "--rejected" in shown, shown
