"""The tools as they are used here: work in, a row of the table with its command out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ._bench import Bench
from ._files import Work
from ._measure import Candidate, Command

MIB_CHUNKS = str(2**20)  # bytes; what a user of pooch can ask for instead of 1 KiB
_PROGRAMS = Path(__file__).with_name("programs.py")
_CURL = 'curl -sSf -o "$2" "$1"'
_WITH_OPENSSL = _CURL + ' && [ "$(openssl dgst -sha256 -r "$2" | cut -c-64)" = "$3" ]'
_WITH_SHA256SUM = _CURL + ' && echo "$3  $2" | sha256sum --check --quiet'


class Candidates:
    """Makes the candidates for one piece of work."""

    def __init__(self, bench: Bench, work: Work) -> None:
        self._bench = bench
        self._work = work

    def ours(self, label: str, program: str, *options: str, sized: bool = True) -> Candidate:
        """Return one of our own functions, with or without the sizes in the registry."""
        return self.program(label, program, *options, needs="evio-data", sized=sized)

    def program(
        self,
        label: str,
        program: str,
        *options: str,
        needs: str | None = None,
        folder: Path | None = None,
        sized: bool = True,
    ) -> Candidate:
        """Return a program of `programs.py`, in a fresh folder or in one that stays."""
        registry = self._work.registry if sized else self._work.unsized

        def command(fresh: Path) -> Command:
            target = folder or fresh
            environment = {"EVIO_DATA_REGISTRY": str(registry), "EVIO_DATA_DIR": str(target)}
            arguments = [program, str(self._work.listing), str(target), *options]
            return program_command(self._bench, arguments, environment)

        return Candidate(label, command, needs)

    def aria2c(self, label: str, *options: str, verified: bool = True) -> Candidate:
        """Return aria2c with sensible options for this use, and further ones."""

        def command(folder: Path) -> Command:
            wanted = folder / "wanted"
            wanted.write_text(_aria2_input(self._work, verified=verified), encoding="utf-8")
            fixed = [
                "--no-conf",
                "--quiet",
                "--file-allocation=none",
                "--auto-file-renaming=false",
                f"--dir={folder}",
                f"--input-file={wanted}",
            ]
            return Command([self._bench.tools.programs["aria2c"], *fixed, *options])

        return Candidate(label, command, "aria2c")

    def curl(self, label: str) -> Candidate:
        """Return curl alone, which verifies nothing."""
        return self._shell(label, _CURL, needs="curl")

    def curl_openssl(self, label: str) -> Candidate:
        """Return curl, then OpenSSL's SHA-256."""
        return self._shell(label, _WITH_OPENSSL, needs="openssl")

    def curl_sha256sum(self, label: str) -> Candidate:
        """Return curl, then that of the GNU coreutils."""
        return self._shell(label, _WITH_SHA256SUM, needs="sha256sum")

    def _shell(self, label: str, script: str, *, needs: str) -> Candidate:
        file = self._work.files[0]

        def command(folder: Path) -> Command:
            return Command(["sh", "-c", script, "sh", file.url, str(folder / "it"), file.sha256])

        usable = self._bench.tools.has("curl")
        return Candidate(label, command, needs if usable else "curl")


def program_command(bench: Bench, arguments: list[str], environment: Mapping[str, str]) -> Command:
    """Return the command for a program of `programs.py`."""
    return Command([str(bench.tools.python), str(_PROGRAMS), *arguments], environment)


def _aria2_input(work: Work, *, verified: bool) -> str:
    return "".join(
        f"{file.url}\n  out={file.name}\n" + f"  checksum=sha-256={file.sha256}\n" * verified
        for file in work.files
    )
