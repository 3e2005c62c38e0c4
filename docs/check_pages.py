#!/usr/bin/env python
"""Open every built page in a browser, narrow and wide, and fail where one scrolls sideways.

    sphinx-build -b html docs OUT && python docs/check_pages.py OUT SCREENSHOTS

Each page is opened at 1400 and at 400 pixels, and saved as a picture in the folder SCREENSHOTS.
Look at the pictures: a script sees what overflows, and not what is ugly. Needs `pip install
playwright` and a Chromium (`apt-get install chromium`, or its path in CHROMIUM).
"""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDTHS = (1400, 400)
HEIGHT = 900
NOT_READ = {"genindex", "py-modindex", "search"}
FLAGS = (
    "--no-sandbox",  # a container's root has none
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# What scrolls by itself, and what is wider than the window.
OVERFLOWING = """() => {
  const wide = document.documentElement.clientWidth;
  const hidden = ".sr-only, .visually-hidden, svg, dialog:not([open])";
  const scrolls = (e) => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0
    && getComputedStyle(e).overflowX !== "visible" && getComputedStyle(e).display !== "inline";
  const leaves = (e) => e.getBoundingClientRect().right > wide + 1;
  return [...document.querySelectorAll("body *")]
    .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest(hidden))
    .filter((e) => scrolls(e) || leaves(e))
    .map((e) => `<${e.tagName.toLowerCase()} class="${e.className}"> `
      + e.textContent.trim().replace(/\\s+/g, " ").slice(0, 60));
}"""


def browser_path() -> str:
    """Return where Chromium is."""
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    for name in names:
        if name and (path := shutil.which(name)):
            return path
    sys.exit("no Chromium: apt-get install chromium, or set CHROMIUM to its path")


def look(page: "Page", file: Path, picture: Path) -> list[str]:
    """Open one page, save its picture, and return what overflows."""
    page.goto(file.as_uri())
    page.wait_for_load_state("load")
    page.screenshot(path=picture, full_page=True)
    found: list[str] = page.evaluate(OVERFLOWING)
    return found


def look_at_all(browser: "Browser", built: Path, pictures: Path) -> Iterator[str]:
    """Yield a line for each element that overflows."""
    files = [file for file in sorted(built.glob("*.html")) if file.stem not in NOT_READ]
    for width in WIDTHS:
        page = browser.new_page(viewport={"width": width, "height": HEIGHT})
        for file in files:
            for element in look(page, file, pictures / f"{file.stem}-{width}.png"):
                yield f"{file.name} at {width}: {element}"
        page.close()


def main() -> int:
    """Look at the pages of a folder."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        sys.exit("no playwright: pip install playwright")
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    built, pictures = (Path(name).absolute() for name in sys.argv[1:])
    pictures.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=[*FLAGS])
        found = list(look_at_all(browser, built, pictures))
        browser.close()
    print("\n".join(found) or f"nothing overflows; look at the pictures in {pictures}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
