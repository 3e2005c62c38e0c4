#!/usr/bin/env python
"""Draw what a terminal shows of real runs: ``python docs/make_screens.py [NAME ...]``.

Each picture in ``screens/`` is a real run against a local Drive with synthetic recordings; only
the name of its folder is replaced, by one of the same length. ``--columns 120 --to FOLDER`` makes
others to look at. Needs `pip install pyte` and bash.
"""

import argparse
import os
import pty
import select
import signal
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

import pyte

from evio_data.testing import DriveFile, DriveServer, write_dat, write_evt3

HERE = Path(__file__).parent
SHOWN = b"~/.cache/evio-data"  # of the length of the folder that it stands for
MIB = 2**20
SIZES = {
    "fan/fan_const_rpm.raw": 48,
    "fan/fan_const_rpm.dat": 36,
    "drone_idle/drone_idle.raw": 28,
    "drone_idle/drone_idle.dat": 12,
}

Cell = tuple[str, str, bool]  # a character, its colour, whether it is bold
Frame = list[list[Cell]]

# --- a terminal --------------------------------------------------------------------------------


class Terminal:
    """A shell in a terminal of so many columns."""

    def __init__(self, columns: int, folder: Path, environment: dict[str, str]) -> None:
        self.screen = pyte.Screen(columns, 40)
        self._stream = pyte.ByteStream(self.screen)
        self._folder = os.fsencode(folder)
        self._process, self._master = pty.fork()
        if self._process == 0:
            termios.tcsetwinsize(0, (self.screen.lines, columns))
            os.chdir(folder.parent)
            shell = {**environment, "TERM": "xterm-256color", "PS1": "$ "}
            os.execvpe("bash", ["bash", "--norc", "--noprofile"], shell)
        self.watch(0.5)

    def keys(self, text: str) -> None:
        """Type."""
        os.write(self._master, text.encode())

    def run(self, command: str, seconds: float) -> None:
        """Type a command, and look on for some time."""
        self.keys(command + "\n")
        self.watch(seconds)

    def watch(self, seconds: float) -> None:
        """Show what is written for some time."""
        stop = time.monotonic() + seconds
        while (left := stop - time.monotonic()) > 0:
            if select.select([self._master], [], [], left)[0]:
                data = os.read(self._master, 2**16)
                self._stream.feed(data.replace(self._folder, SHOWN))

    def finish(self, command: str = "") -> None:
        """Type a command, and look on until there is a prompt again."""
        if command:
            self.run(command, 0.3)
        while not self.has_prompt():
            self.watch(0.1)

    def has_prompt(self) -> bool:
        """Whether a prompt waits."""
        written = [line for line in self.screen.display if line.strip()]
        return bool(written) and written[-1].strip() == "$"

    def frame(self) -> Frame:
        """Return what is on the screen, without the prompt that waits at its end."""
        lines = [
            [_cell(self.screen.buffer[row][column]) for column in range(self.screen.columns)]
            for row in range(self.screen.lines)
        ]
        while lines and "".join(cell[0] for cell in lines[-1]).strip() in ("", "$"):
            lines.pop()
        return lines

    def close(self) -> None:
        """Leave the shell."""
        os.kill(self._process, signal.SIGHUP)
        os.close(self._master)
        os.waitpid(self._process, 0)


def _cell(char: pyte.screens.Char) -> Cell:
    return char.data, char.fg, char.bold


# --- a picture of it ---------------------------------------------------------------------------

WIDE, HIGH, MARGIN = 8.4, 19, 16
BACKGROUND, PLAIN = "#10141e", "#d5dae3"
COLOURS = {
    "red": "#ff6b6b",
    "green": "#7fd88f",
    "brown": "#f0c674",
    "yellow": "#f0c674",
    "blue": "#74a8ff",
    "magenta": "#d49bff",
    "cyan": "#6fd3e0",
    "white": "#ffffff",
}
EIGHTHS = {chr(0x2588 + missing): 1 - missing / 8 for missing in range(8)}  # from a full block on


def picture(frames: list[tuple[float, Frame]]) -> str:
    """Return an SVG of frames, each shown for so many seconds; of one frame, a still one."""
    columns = len(frames[0][1][0])
    lines = max(len(frame) for _, frame in frames)
    width, height = round(columns * WIDE + 2 * MARGIN), lines * HIGH + 2 * MARGIN
    drawn = "".join(
        f'<g transform="translate(0 {number * height})">{"".join(_lines(frame))}</g>\n'
        for number, (_, frame) in enumerate(frames)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}">\n'
        f"<style>text{{font:14px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
        f"white-space:pre;fill:{PLAIN}}}{_motion([seconds for seconds, _ in frames], height)}"
        f'</style>\n<rect width="{width}" height="{height}" rx="8" fill="{BACKGROUND}"/>\n'
        f'<g class="frames">{drawn}</g>\n</svg>\n'
    )


def _motion(seconds: list[float], height: int) -> str:
    """Return the rules that show one frame after the other; the last one where nothing moves."""
    last = f".frames{{transform:translateY({-(len(seconds) - 1) * height}px)}}"
    if len(seconds) == 1:
        return last
    steps, passed = [], 0.0
    for number, shown in enumerate(seconds):
        place = 100 * passed / sum(seconds)
        steps.append(f"{place:.2f}%{{transform:translateY({-number * height}px)}}")
        passed += shown
    return (
        f"{last}@keyframes play{{{''.join(steps)}}}@media (prefers-reduced-motion:no-preference)"
        f"{{.frames{{animation:play {sum(seconds):.1f}s step-end infinite}}}}"
    )


def _lines(frame: Frame) -> Iterator[str]:
    for row, line in enumerate(frame):
        column = 0
        for style, cells in groupby(line, key=_style):
            run = "".join(cell[0] for cell in cells)
            yield from _drawn(run, style, MARGIN + column * WIDE, MARGIN + row * HIGH)
            column += len(run)


def _style(cell: Cell) -> tuple[str, bool, bool]:
    return cell[1], cell[2], cell[0] in EIGHTHS


def _drawn(run: str, style: tuple[str, bool, bool], left: float, top: float) -> Iterator[str]:
    colour = COLOURS.get(style[0], f"#{style[0]}" if len(style[0]) == 6 else PLAIN)
    if style[2]:  # a bar: fonts draw its blocks with gaps
        wide = WIDE * sum(EIGHTHS[char] for char in run)
        yield f'<rect x="{left:.1f}" y="{top + 3}" width="{wide:.1f}" height="14" fill="{colour}"/>'
    elif run.strip():
        start = len(run) - len(run.lstrip())
        text = run.strip()
        bold = ' font-weight="bold"' if style[1] else ""
        fill = f' style="fill:{colour}"' if colour != PLAIN else ""
        yield (
            f'<text x="{left + start * WIDE:.1f}" y="{top + 15}"'
            f' textLength="{len(text) * WIDE:.1f}"{bold}{fill}>{escape(text)}</text>'
        )


# --- what is shown -----------------------------------------------------------------------------

Frames = list[tuple[float, Frame]]


class Stage:
    """A local Drive, a cache, and terminals for them."""

    def __init__(self, server: DriveServer, work: Path, columns: int) -> None:
        self.server, self.columns, self.cache = server, columns, _cache_folder(work)
        self.registry = work / "registry.txt"
        self.files: dict[str, DriveFile] = {}
        for seed, (name, size) in enumerate(SIZES.items()):
            path = work / name.replace("/", "-")
            write = write_dat if name.endswith(".dat") else write_evt3
            write(path, size=size * MIB, seed=seed)
            self.files[name] = server.add(name, path, large=True)
            path.unlink()
        self.register()

    def register(self) -> None:
        """Write the registry."""
        lines = [file.registry_line(name, size=True) for name, file in self.files.items()]
        self.registry.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def terminal(self, **variables: str) -> Terminal:
        """Open a terminal."""
        hidden = ("EVIO_DATA_", "NO_COLOR")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
        ours = {
            "EVIO_DATA_DIR": str(self.cache),
            "EVIO_DATA_REGISTRY": str(self.registry),
            "EVIO_DATA_ENDPOINT": self.server.endpoint,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "no_proxy": "127.0.0.1",
        }
        return Terminal(self.columns, self.cache, {**kept, **ours, **variables})

    def one(self, command: str, **variables: str) -> Frames:
        """Return what one command shows in the end."""
        terminal = self.terminal(**variables)
        terminal.finish(command)
        shown = terminal.frame()
        terminal.close()
        return [(1, shown)]


def _cache_folder(work: Path) -> Path:
    folder = work / "evio-data"
    missing = len(SHOWN) - len(os.fsencode(folder))
    return work / ("evio-data" + "x" * missing)


def run(stage: Stage) -> Frames:
    """Fetch everything, from the question to the summary."""
    stage.server.rate_per_connection = 7_000_000
    terminal = stage.terminal()
    frames: Frames = []
    terminal.run("evio-data prefetch", 1.5)
    frames.append((1.5, terminal.frame()))
    terminal.keys("y\n")
    while not terminal.has_prompt():
        terminal.watch(0.5)
        frames.append((0.5, terminal.frame()))
    frames[-1] = (5, terminal.frame())
    terminal.close()
    return frames


def interrupted(stage: Stage) -> Frames:
    """Press Ctrl-C, and run again."""
    stage.server.rate_per_connection = 6_000_000
    terminal = stage.terminal()
    terminal.run("evio-data prefetch --yes", 5)
    terminal.keys("\x03")
    terminal.watch(1.5)
    terminal.finish("evio-data prefetch --yes")
    shown = terminal.frame()
    terminal.close()
    return [(1, shown)]


def quota(stage: Stage) -> Frames:
    """Meet a file whose quota is used up."""
    stage.server.rate_per_connection = 25_000_000
    stage.files["drone_idle/drone_idle.raw"].quota = "always"
    return stage.one("evio-data prefetch --yes")


def first_list(stage: Stage) -> Frames:
    """List the registry that comes with the package, before anything is fetched."""
    return stage.one("evio-data list", EVIO_DATA_REGISTRY="")


def info(stage: Stage) -> Frames:
    """Look at a cached recording."""
    terminal = stage.terminal()
    terminal.finish("evio-data fetch -q fan_const_rpm.raw >/dev/null; clear")
    terminal.finish("evio-data info fan_const_rpm.raw")
    shown = terminal.frame()
    terminal.close()
    return [(1, shown)]


def wrong_name(stage: Stage) -> Frames:
    """Misspell a name."""
    return stage.one("evio-data fetch fan_cosnt_rpm.raw")


def no_network(stage: Stage) -> Frames:
    """Reach no server."""
    return stage.one(
        "evio-data fetch fan_const_rpm.raw",
        EVIO_DATA_ENDPOINT="http://drive.invalid",
        EVIO_DATA_RETRIES="1",
    )


def full_disk(stage: Stage) -> Frames:
    """Ask for more than the disk has free."""
    name = "drone_moving/drone_moving.dat"
    path = stage.registry.with_name("huge.dat")
    path.touch()
    os.truncate(path, 2**42)  # with a hole for all of it, so that it takes no space itself
    file = stage.server.add(name, path)
    line = f"{name} unpinned https://drive.google.com/uc?id={file.id}#size={2**42}"
    stage.registry.write_text(f"{line}\n", encoding="utf-8")
    return stage.one("evio-data fetch drone_moving.dat")


SCENES: dict[str, Callable[[Stage], Frames]] = {
    "run": run,
    "interrupted": interrupted,
    "quota": quota,
    "list": first_list,
    "info": info,
    "wrong-name": wrong_name,
    "no-network": no_network,
    "full-disk": full_disk,
}


def main() -> int:
    """Make the pictures that are named, or all."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(SCENES)}")
    parser.add_argument("--columns", type=int, default=80)
    parser.add_argument("--to", type=Path, default=HERE / "screens")
    options = parser.parse_args()
    options.to.mkdir(parents=True, exist_ok=True)
    for name in options.names or SCENES:
        with DriveServer() as server, tempfile.TemporaryDirectory(prefix="e", dir="/tmp") as work:
            frames = SCENES[name](Stage(server, Path(work), options.columns))
        (options.to / f"{name}.svg").write_text(picture(frames), encoding="utf-8")
        print(f"{name}.svg: {len(frames)} frames")
    return 0


if __name__ == "__main__":
    sys.exit(main())
