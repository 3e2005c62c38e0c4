"""Run pooch's own tests with pooch, and with ours in its place: what fails then must be listed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PLACES = ("Registry", "Registry.create", "DriveDownloader")
LIST = Path(__file__).with_name("differences.txt")
ROOT = Path(__file__).parents[2]


def outcomes(place: str) -> dict[str, str]:
    """Return what becomes of each of pooch's tests: PASSED, FAILED, ERROR, SKIPPED."""
    # FTP is not ours, and its tests fail now and then on a busy machine.
    command = [sys.executable, "-m", "pytest", "--pyargs", "pooch.tests", "-rA", "-q"]
    options = ["-k", "not ftp", "-p", "tests.contract.in_place", "-p", "no:cacheprovider"]
    options += ["--rootdir=/", "-c", os.devnull]
    environment = {**os.environ, "POOCH_PLACE": place, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, *options], env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    pattern = r"^(PASSED|FAILED|ERROR) \S*?(\w+\.py::.+?)(?: - .*)?$"
    found = {test: kind for kind, test in re.findall(pattern, done.stdout, re.MULTILINE)}
    if not any(kind == "PASSED" for kind in found.values()):
        sys.exit(f"pooch's tests did not run:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return found


def listed() -> dict[tuple[str, str], str]:
    """Return the differences that are known, each with its reason."""
    found, reason = {}, ""
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            reason = line.lstrip("# ")
        elif line.strip():
            place, test = line.split(maxsplit=1)
            found[place, test] = reason
    return found


def main() -> int:
    """Compare; return 0 if the list is what differs, neither less nor more."""
    known, bad = listed(), 0
    theirs = {test for test, kind in outcomes("pooch").items() if kind == "PASSED"}
    print(f"pooch: {len(theirs)} of its tests pass here")
    for place in PLACES:
        ours = outcomes(place)
        differ = {test for test in theirs if ours.get(test) != "PASSED"}
        print(f"{place}: {len(theirs - differ)} pass, {len(differ)} differ")
        expected = {test for where, test in known if where == place}
        for test in sorted(differ - expected):
            print(f"  not listed: {place} {test}")
        for test in sorted(expected - differ):
            print(f"  passes now, take it off the list: {place} {test}")
        bad += len(differ ^ expected)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
