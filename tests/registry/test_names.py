"""Which names a registry may have."""

import pytest

from tests.registry.conftest import HASH, URL, refusal, registry_of

# --- names -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("/etc/passwd", "absolute path"),
        ("//server/share", "absolute path"),
        ("..", "'.' or '..'"),
        ("../up.raw", "'.' or '..'"),
        ("a/../../up.raw", "'.' or '..'"),
        ("./a.raw", "'.' or '..'"),
        ("a//b.raw", "empty part"),
        ("a/", "empty part"),
        ("a\\b.raw", "backslash"),
        ("..\\up.raw", "backslash"),
        ("C:a.raw", "colon"),
        ("c:/a.raw", "colon"),
        ("a.raw:stream", "colon"),
        ("bell\x07.raw", "control characters"),
        ("esc\x1b[31m.raw", "control characters"),
        ("nul\x00.raw", "control characters"),
        ("next\x85line.raw", "control characters"),
        ("safe\u202egnp.raw", "control characters"),
        ("zero\u200bwidth.raw", "control characters"),
        ("", "empty"),
        ("CON", "reserved on Windows"),
        ("con", "reserved on Windows"),
        ("nul.txt", "reserved on Windows"),
        ("a/Aux.raw", "reserved on Windows"),
        ("aux/a.raw", "reserved on Windows"),
        ("com1.tar.gz", "reserved on Windows"),
        ("LPT\u00b9", "reserved on Windows"),
        ("conout$", "reserved on Windows"),
        (".evio-data", "reserved: the cache"),
        (".evio-data/stamp", "reserved: the cache"),
        (".EVIO-Data/x", "reserved: the cache"),
        ("CACHEDIR.TAG", "reserved: the cache"),
        ("cachedir.tag", "reserved: the cache"),
        ("CacheDir.Tag/a.raw", "reserved: the cache"),
        ("trailing.", "not portable"),
        ("trailing /a.raw", "not portable"),
        (" leading.raw", "not portable"),
        ("what?.raw", "not portable"),
        ("pipe|.raw", "not portable"),
        ("p" * 201, "longer than 200 bytes"),
        ("\u5e45" * 67, "longer than 200 bytes"),
        ("/".join(["p" * 100] * 11), "longer than 1000 bytes"),
    ],
)
def test_name_that_is_refused(name: str, what: str) -> None:
    """A key is a relative POSIX path that every system can store, outside the cache's own names."""
    error = refusal(f'"{name}" {HASH} {URL}'.replace("\\", "\\\\"))

    assert what in str(error)
    assert error.line == 1
    assert str(error).isprintable()


@pytest.mark.parametrize(
    "name",
    [
        "console.raw",
        "null/aux1.raw",
        "com10",
        "a/CACHEDIR.TAG",
        "cachedir.tag.raw",
        "a/.evio-data",
        ".evio-data2",
        "..a",
        "a..b/...c",
        "~root",
        "$HOME",
        "-rf",
        "a,b=c@d+e.raw",
    ],
)
def test_name_that_only_looks_refused(name: str) -> None:
    """Nothing more is refused than the rules say."""
    assert list(registry_of(name).entries) == [name]


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        ("a.raw", "a.raw", "registered twice"),
        ("a.raw", "A.RAW", "differ only in case"),
        ("Fan/a.raw", "fan/a.raw", "differ only in case"),
        ("stra\u00dfe.raw", "STRASSE.raw", "differ only in case"),
        ("caf\u00e9.raw", "cafe\u0301.raw", "differ only in case or accents"),
        ("CAF\u00c9.raw", "cafe\u0301.raw", "differ only in case or accents"),
    ],
)
def test_names_that_one_file_system_takes_for_one(first: str, second: str, what: str) -> None:
    """Two names that some disk cannot tell apart are refused at the second one's line."""
    error = refusal(f"{first} {HASH} {URL}\n# between\n{second} {HASH} {URL}\n")

    assert error.line == 3
    assert what in str(error)


@pytest.mark.parametrize("names", [("fan", "fan/a.raw"), ("x/y/z", "x/y"), ("Fan/a", "fan")])
def test_file_and_folder_at_once(names: tuple[str, str]) -> None:
    """No key can be a folder of another key; the file's line is told."""
    lines = [f"{name} {HASH} {URL}" for name in names]
    error = refusal("\n".join(lines))

    assert "a file and a folder at once" in str(error)
    assert error.line == 1 + names.index(min(names, key=len))
