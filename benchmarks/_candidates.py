"""The tools as they are used here: work in, a row of the table with its command out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ._bench import Bench
from ._files import Work
from ._measure import Candidate, Command

MIB_CHUNKS = str(2**20)  # bytes; what a user of pooch can ask for instead of 1 KiB
CURL = 'curl -sSf -o "$2" "$1"'
WGET = 'wget -q -O "$2" "$1"'
CURL_RESUMED = 'curl -sSf --retry 3 -C - -o "$2" "$1"'
WGET_RESUMED = 'wget -q -c -P "${2%/*}" "$1"'
RCLONE = 'rclone copyurl "$1" "$2"'
AXEL = 'axel -q -n "$4" -o "$2" "$1"'
OPENSSL = '[ "$(openssl dgst -sha256 -r "$2" | cut -c-64)" = "$3" ]'
SHA256SUM = 'echo "$3  $2" | sha256sum --check --quiet'
_PROGRAM = Path(__file__).with_name("program.py")
_AUTHORITY = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_CHECKED_BY = {OPENSSL: "openssl", SHA256SUM: "sha256sum", "": None}


@dataclass(frozen=True)
class Candidates:
    """Makes the candidates for one piece of work."""

    bench: Bench
    work: Work

    def ours(self, label: str, program: str, *options: str, sized: bool = True) -> Candidate:
        """Return one of our own functions, with or without the sizes in the registry."""
        return self.program(label, f"ours.{program}", *options, needs="evio-data", sized=sized)

    def floor(self, label: str, program: str, *options: str) -> Candidate:
        """Return a script that does only the work."""
        return self.program(f"floor: {label}", f"floors.{program}", *options, needs="requests")

    def program(
        self,
        label: str,
        program: str,
        *options: str,
        needs: str,
        folder: Path | None = None,
        sized: bool = True,
        slow: bool = False,
    ) -> Candidate:
        """Return one of `programs`, in a fresh folder or in one that stays."""
        registry = self.work.registry if sized else self.work.unsized

        def command(fresh: Path) -> Command:
            target = folder or fresh
            environment = {
                "EVIO_DATA_REGISTRY": str(registry),
                "EVIO_DATA_DIR": str(target),
                **_trust(self.work),
            }
            arguments = [program, str(self.work.listing), str(target), *options]
            return program_command(self.bench, arguments, environment)

        return Candidate(label, command, [needs], slow)

    def aria2c(self, label: str, *options: str, verified: bool = True) -> Candidate:
        """Return aria2c with sensible options for this use, and further ones."""
        authority = self.work.authority

        def command(folder: Path) -> Command:
            wanted = folder.with_name(f"{folder.name}-wanted")
            wanted.write_text(_aria2_input(self.work, verified=verified), encoding="utf-8")
            fixed = [
                "--no-conf",
                "--quiet",
                "--file-allocation=none",
                "--auto-file-renaming=false",
                f"--dir={folder}",
                f"--input-file={wanted}",
                *[f"--ca-certificate={authority}"] * bool(authority),
            ]
            return Command([self.bench.tools.programs["aria2c"], *fixed, *options])

        return Candidate(label, command, ["aria2c"])

    def shell(self, label: str, script: str, check: str = "", *options: str) -> Candidate:
        """Return a program that fetches one file, and one that checks it, or none."""
        file = self.work.files[0]
        whole = f"{script} && {check}" if check else f"exec {script}"

        def command(folder: Path) -> Command:
            given = [file.url, str(folder / file.name), file.sha256, *options]
            return Command(["sh", "-c", whole, "sh", *given], _trust(self.work))

        needs = [script.split(maxsplit=1)[0], _CHECKED_BY[check]]
        return Candidate(label, command, [need for need in needs if need])


def program_command(bench: Bench, arguments: list[str], environment: Mapping[str, str]) -> Command:
    """Return the command for one of `programs`."""
    return Command([str(bench.tools.python), str(_PROGRAM), *arguments], environment)


def _trust(work: Work) -> dict[str, str]:
    return dict.fromkeys(_AUTHORITY, str(work.authority)) if work.authority else {}


def _aria2_input(work: Work, *, verified: bool) -> str:
    return "".join(
        f"{file.url}\n  out={file.name}\n" + f"  checksum=sha-256={file.sha256}\n" * verified
        for file in work.files
    )
