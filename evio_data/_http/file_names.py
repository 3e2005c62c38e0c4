"""The name under which a server offers a file."""

from email.message import Message
from urllib.parse import unquote, urlsplit

MAX_HEADER = 4000  # characters: three times the longest name of a file, each byte as %XX


def offered_name(disposition: str | None, url: str) -> str | None:
    """Return the name that a ``Content-Disposition`` gives, else the last part of the URL's path.

    It is foreign text: whoever makes a file of it checks it first (RFC 6266, section 4.3).

    Parameters
    ----------
    disposition : str or None
        The header as it was received: bytes read as Latin-1.
    url : str

    >>> offered_name('attachment; filename="a.raw"; filename*=UTF-8\\'\\'%C3%BC.raw', "")
    'ü.raw'
    >>> offered_name(None, "https://example.org/data/fan%20one.raw?x=1")
    'fan one.raw'
    """
    message = Message()
    message["Content-Disposition"] = _extended((disposition or "")[:MAX_HEADER])
    return _decoded(message.get_filename() or "") or unquote(_last_part(url)) or None


def _extended(disposition: str) -> str:
    """Return the header without the plain name, where there is one in the extended notation."""
    parts = disposition.split(";")
    is_extended = any(part.lstrip().lower().startswith("filename*=") for part in parts)
    plain = [part for part in parts if not part.lstrip().lower().startswith("filename=")]
    return ";".join(plain if is_extended else parts)


def _decoded(name: str) -> str:
    """Return a name whose bytes are UTF-8, as servers send it against the standard."""
    try:
        return name.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return name


def _last_part(url: str) -> str:
    try:
        return urlsplit(url).path.rpartition("/")[2]
    except ValueError:
        return ""
