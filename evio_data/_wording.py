"""Numbers and foreign text in, words that are safe and pleasant to print out."""

import re

KIB = 1024  # bytes
_SECRET = re.compile(
    r"([?&](?:key|uuid|at|confirm|sig|signature|password|[a-z_-]*token|x-(?:amz|goog)-[a-z-]+)=)"
    r"[^&\s'\"]+",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"://[^/\s?#]*@")
MAX_QUOTED = 200  # characters of foreign text that one message may hold


def clean(text: str, limit: int = MAX_QUOTED) -> str:
    """Return foreign text on one line, without secrets or unprintable characters, cut to ``limit``.

    Unprintable are control characters, so that no terminal obeys them, and invisible ones, so that
    nothing looks like something else.

    >>> clean("bad\\x1b[31m name\\n?key=SECRET")
    'bad [31m name ?key=…'
    """
    text = text[: 8 * limit]
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    line = _PASSWORD.sub("://…@", _SECRET.sub(r"\1…", line))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def size(count: float) -> str:
    """Return a number of bytes with a binary unit and three digits.

    >>> size(0), size(1023), size(1536), size(1487 * 2**20)
    ('0 B', '1023 B', '1.50 KiB', '1.45 GiB')
    """
    if count < KIB:
        return f"{count:.0f} B"
    for unit in ("KiB", "MiB", "GiB"):
        count /= KIB
        if count < 999.5:
            return f"{count:.{2 if count < 9.995 else 1 if count < 99.95 else 0}f} {unit}"
    return f"{count / KIB:.2f} TiB"


def duration(seconds: float) -> str:
    """Return a time span as people say it.

    >>> duration(0.42), duration(59.9), duration(61), duration(7322)
    ('0.4 s', '60 s', '1 min 01 s', '2 h 02 min')
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole <= 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def plural(count: int, noun: str) -> str:
    """Return a count with its noun.

    >>> plural(1, "file"), plural(3, "file")
    ('1 file', '3 files')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
