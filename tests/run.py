#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs all the tests, step by step, and sums them up in one closing line.

    tests/run.py               all the steps
    tests/run.py unit faults   only those
    UNDERSTUDY_SOAK=1          the full counts instead of the seeded parts

A step that fails does not stop the steps that can still tell something. What
failed, and the last lines of why, stands at the end once more.
"""

import json
import os
import pathlib
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
SOAK = os.environ.get("UNDERSTUDY_SOAK") == "1"
# Seconds a step may take; a single test has less (meson.build, conftest.py), so
# that only what hangs as a whole comes to this.
LIMIT = 12 * 3600 if SOAK else 2700
WHY_LINES = 40                          # of each failure, at the end
WHY_MOST = 12                           # failures with their lines; the others by name
JOBS = os.environ.get("JOBS") or str(os.cpu_count() or 2)
# Functional tests mostly wait, so there may be more of them than cores.
PYTEST_WORKERS = os.environ.get("UNDERSTUDY_TEST_WORKERS") or str(2 * (os.cpu_count() or 2))
PYTEST = ["/usr/bin/python3", "-m", "pytest", "-n", PYTEST_WORKERS]
# What random tests begin with, so that one run is like the other; the soak takes
# another seed each time, and says which.
SEEDS = {} if SOAK else {"ZONE_PROPERTY_SEED": "20261123", "ZONE_DELTA_SEED": "20261123",
                           "ANSWER_SHORTCUTS_SEED": "20261123"}
# Unit tests in which threads meet: these run under the thread sanitizer.
CONCURRENT = re.compile(r"epoch|lane|mailbox|arena|concurren|table|publish|slot|thread")


# Of all the steps: (name, why).
failures = []


class Failed(Exception):
    """A build that failed; with what it said."""

    def __init__(self, command, said):
        super().__init__(command)
        self.said = said


def end_group(process):
    """The command and what it started: none of it is to outlive its step."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def show(process, limit):
    """Pass on what the process prints until it has ended, or its time is up."""
    parts, deadline = [], time.monotonic() + limit
    ended = None        # when it was first seen to have ended
    with selectors.DefaultSelector() as waiting:
        waiting.register(process.stdout, selectors.EVENT_READ)
        while True:
            if waiting.select(timeout=1):
                part = os.read(process.stdout.fileno(), 65536)
                if not part:
                    return b"".join(parts)
                parts.append(part)
                sys.stdout.buffer.write(part)
                sys.stdout.flush()
            now = time.monotonic()
            if process.poll() is not None:
                ended = ended or now
            # Whoever was left behind may hold the pipe open.
            if ended and now > ended + 5:
                return b"".join(parts)
            if now > deadline:
                note = f"\nstopped after {limit} s\n"
                print(note, end="", flush=True)
                return b"".join(parts) + note.encode()


def run(command, env=None, limit=LIMIT):
    """Run a command, showing what it prints; returns (exit code, output)."""
    print("$ " + " ".join(command), flush=True)
    full = dict(os.environ)
    full.update(env or {})
    process = subprocess.Popen(command, cwd=ROOT, env=full, start_new_session=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    try:
        output = show(process, limit)
    finally:
        end_group(process)
        code = process.wait()
    return code, output.decode(errors="replace")


def quietly(command, env=None):
    """A build step: shown only when it fails."""
    full = dict(os.environ)
    full.update(env or {})
    done = subprocess.run(command, cwd=ROOT, env=full, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        print(done.stdout[-8000:], flush=True)
        raise Failed(" ".join(command), done.stdout)


def build(folder, *options):
    if not (ROOT / folder / "build.ninja").exists():
        quietly(["meson", "setup", folder, *options])
    quietly(["ninja", "-C", folder, "-j", JOBS])


def meson_counts(output):
    numbers = {word: int(count) for word, count in
               re.findall(r"^(Ok|Fail|Timeout|Unexpected Pass):\s+(\d+)", output, re.MULTILINE)}
    bad = sum(count for word, count in numbers.items() if word != "Ok")
    return numbers.get("Ok", 0), bad


def meson_failures(folder, output):
    """From Meson's log of this run: the names of the tests that failed, and what they said."""
    log, found = ROOT / folder / "meson-logs" / "testlog.json", []
    for line in log.read_text(errors="replace").splitlines() if log.exists() else []:
        test = json.loads(line)
        if test["result"] not in ("OK", "SKIP", "EXPECTEDFAIL"):
            said = test.get("stdout", "") + test.get("stderr", "")
            found.append((f"{folder}: {test['name']} ({test['result']}, {test['duration']:.1f} s)", said))
    return found or [(folder, output)]


def pytest_failures(report, output):
    """From the report of this run, in JUnit's form."""
    found = []
    try:
        cases = xml.etree.ElementTree.parse(report).iter("testcase")
    except (OSError, xml.etree.ElementTree.ParseError):
        cases = []      # it did not live to write one
    for case in cases:
        for trouble in (*case.findall("failure"), *case.findall("error")):
            found.append((f"{case.get('classname')}: {case.get('name')}", trouble.text or trouble.get("message", "")))
    return found or [("pytest", output)]


def pytest_counts(output):
    last = next((line for line in reversed(output.splitlines())
                 if re.search(r"\d+ (passed|failed|error)", line)), "")
    found = {word: int(count) for count, word in re.findall(r"(\d+) (passed|failed|error)", last)}
    return found.get("passed", 0), found.get("failed", 0) + found.get("error", 0)


def unit_tests(folder, only=None, env=None, prefix=()):
    names = []
    if only:
        listed = subprocess.run(["meson", "test", "-C", folder, "--list"], cwd=ROOT, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        names = [n.split(" / ")[-1].strip() for n in listed.stdout.splitlines() if only.search(n)]
        if not names:
            return 0, 0
    command = [*prefix, "meson", "test", "-C", folder, "--print-errorlogs", "--no-suite", "bench",
               "--num-processes", JOBS]
    if SOAK:
        command += ["--timeout-multiplier", "60"]
        env = {"ZONE_PROPERTY_OPERATIONS": "100000", "ANSWER_SHORTCUTS_ZONES": "1000", **(env or {})}
    (ROOT / folder / "meson-logs" / "testlog.json").unlink(missing_ok=True)
    code, output = run([*command, *names], {**SEEDS, **(env or {})})
    good, bad = meson_counts(output)
    if bad or code:
        failures.extend(meson_failures(folder, output))
    return good, bad or (1 if code else 0)


def pytest(*arguments, env=None):
    with tempfile.TemporaryDirectory(prefix="understudy-report-") as folder:
        report = pathlib.Path(folder) / "report.xml"
        code, output = run([*PYTEST, *arguments, f"--junitxml={report}"], env)
        good, bad = pytest_counts(output)
        if bad or code not in (0, 5):
            failures.extend(pytest_failures(report, output))
    return good, bad or (1 if code not in (0, 5) else 0)


def script(*command, env=None, limit=LIMIT):
    code, output = run(list(command), env, limit)
    if code != 0:
        failures.append((" ".join(command), output))
    return (1, 0) if code == 0 else (0, 1)


def step_build():
    build("build")
    return 1, 0


def step_build_asan():
    build("build-asan", "-Db_sanitize=address,undefined")
    return 1, 0


def step_layers():
    return script("/usr/bin/python3", "tests/layers/check.py")


def step_unit():
    return unit_tests("build")


def step_unit_asan():
    return unit_tests("build-asan")


def step_unit_tsan():
    if not (ROOT / "build-tsan" / "build.ninja").exists():
        quietly(["meson", "setup", "build-tsan", "-Db_sanitize=thread"])
    # The thread sanitizer of GCC 12 cannot live with the wide address-space
    # randomisation of some kernels.
    calm = ["setarch", "--addr-no-randomize"]
    works = subprocess.run([*calm, "true"], stderr=subprocess.DEVNULL).returncode == 0
    return unit_tests("build-tsan", CONCURRENT, prefix=calm if works else ())


def step_scenarios():
    """The answer scenarios run among the unit tests; here they are counted."""
    files = sorted((ROOT / "tests" / "answer").glob("*.txt"))
    counts = {f.name: f.read_text().count("\n== ") for f in files}
    total = sum(counts.values())
    print(", ".join(f"{name} {count}" for name, count in counts.items()) or "no files")
    said = f"{total} scenarios in {len(files)} files (at least 250 are asked for)"
    print(said)
    if total < 250:
        failures.append(("scenarios", said))
    return (1, 0) if total >= 250 else (0, 1)


def step_instructions():
    """Instructions per answer against bench/instructions.txt: no clock in it."""
    return script("/usr/bin/python3", "bench/instructions.py", "--check")


def step_functional():
    return pytest("tests/functional", "tests/audit", "--ignore", "tests/functional/test_kill.py")


def step_differential():
    return pytest("tests/differential", "-s", "-n", "0")


def step_faults():
    return pytest("tests/faults")


def step_browser():
    return pytest("tests/browser", "-n", "0")


def step_kill():
    return pytest("tests/functional/test_kill.py")


def step_package():
    """Some minutes, most of them a second build; the first time it needs the
    network for a Debian to install into."""
    return pytest("tests/packaging", "-n", "0")


def step_fuzz():
    return script("scripts/fuzz.sh", "3600" if SOAK else "8", limit=24 * 3600)


STEPS = {
    "build": step_build,
    "build-asan": step_build_asan,
    "layers": step_layers,
    "unit": step_unit,
    "unit-asan": step_unit_asan,
    "unit-tsan": step_unit_tsan,
    "scenarios": step_scenarios,
    "instructions": step_instructions,
    "functional": step_functional,
    "differential": step_differential,
    "faults": step_faults,
    "browser": step_browser,
    "kill": step_kill,
    "package": step_package,
    "fuzz": step_fuzz,
}


# What takes minutes and has to do with nothing but itself.
SOAK_ONLY = {"package"}


def tell_failures():
    """Whoever reads the end of the output alone learns what failed, and why."""
    for name, why in failures[:WHY_MOST]:
        print(f"\n--- failed: {name}")
        lines = [line for line in why.rstrip().splitlines() if line.strip()]
        print("\n".join(line[:300] for line in lines[-WHY_LINES:]))
    print("\n--- failed")
    for name, _ in failures:
        print(name)


def main() -> int:
    wanted = sys.argv[1:] or [name for name in STEPS if SOAK or name not in SOAK_ONLY]
    unknown = [name for name in wanted if name not in STEPS]
    if unknown:
        print(f"no such step: {', '.join(unknown)} (there are {', '.join(STEPS)})")
        return 2
    # What a step started ends with us, also where we are asked to end.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _: sys.exit(128 + got))
    began = time.monotonic()
    rows = []
    for name in wanted:
        print(f"\n--- {name}", flush=True)
        start = time.monotonic()
        try:
            good, bad = STEPS[name]()
        except Failed as error:
            print(f"failed: {error}")
            failures.append((f"{name}: {error}", error.said))
            good, bad = 0, 1
        rows.append((name, good, bad, time.monotonic() - start))
    if failures:
        tell_failures()
    print("\n--- summary")
    for name, good, bad, seconds in rows:
        print(f"{name:14} {good:6} passed {bad:4} failed {seconds:7.1f} s")
    good, bad = sum(r[1] for r in rows), sum(r[2] for r in rows)
    verdict = f"{bad} failed, {good} passed" if bad else f"{good} passed"
    print(f"==== {verdict} in {time.monotonic() - began:.2f}s ====")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
