"""The pages that Google writes instead of a file, each as one line of HTML.

The literals are those of public captures; what a page says beyond them only fills it to
its usual size.
"""

from __future__ import annotations

import html
import secrets
from collections.abc import Mapping, Sequence

SORRY_BYTES = 1103  # the Content-Length of the captured page
_DISABLED_BYTES = 1789  # measured on the live page
_UNITS = (("G", 2**30), ("M", 2**20), ("K", 2**10))

_STYLE = (
    ".goog-inline-block{position:relative;display:inline-block}"
    ".jfk-button{border-radius:2px;cursor:default;font-size:11px;font-weight:bold;"
    "text-align:center;white-space:nowrap;margin-right:16px;height:27px;line-height:27px;"
    "min-width:54px;outline:0;padding:0 8px}"
    ".jfk-button-action{background-color:#4d90fe;border:1px solid #3079ed;color:#fff}"
    ".jfk-button-action:hover{background-color:#357ae8;border-color:#2f5bb7}"
    "body{margin:0;font:13px/1.4 arial,sans-serif;color:#222}"
    "#uc-top{background:#f1f1f1;border-bottom:1px solid #e5e5e5;height:60px}"
    "#uc-text{margin:35px 25px;max-width:640px}"
    ".uc-warning-caption,.uc-error-caption{color:#222;font-size:20px;margin:0 0 12px}"
    ".uc-warning-subcaption,.uc-error-subcaption{color:#555;margin:0 0 18px}"
    ".uc-name-size a{color:#15c;text-decoration:none}"
    ".uc-footer{bottom:0;color:#777;font-size:12px;left:0;padding:0 25px 15px;right:0}"
    ".uc-footer-divider{border:0;border-top:1px solid #ebebeb;margin-bottom:12px}"
)

_QUOTA = {
    "en": (
        "Google Drive - Quota exceeded",
        "Sorry, you can't view or download this file at this time.",
        (
            "Too many users have viewed or downloaded this file recently. Please try accessing "
            "the file again later. If the file you are trying to access is particularly large or "
            "is shared with many people, it may take up to 24 hours to be able to view or "
            "download the file. If you still can't access a file after 24 hours, contact your "
            "domain administrator."
        ),
    ),
    "es": (
        "Google Drive \u2013 Cuota superada",
        "En este momento no se puede ver ni descargar este archivo.",
        (
            "Demasiados usuarios lo han visto o descargado recientemente. Inténtalo más tarde. "
            "Si el archivo es muy grande o se comparte con muchas personas, pueden pasar hasta "
            "24 horas antes de que se pueda ver o descargar."
        ),
    ),
    "de": (
        "Google Drive \u2013 Quote überschritten",
        "Diese Datei kann derzeit weder angesehen noch heruntergeladen werden.",
        (
            "Zu viele Nutzer haben diese Datei kürzlich angesehen oder heruntergeladen. Bitte "
            "versuchen Sie es später noch einmal. Bei großen oder häufig geteilten Dateien kann "
            "es bis zu 24 Stunden dauern."
        ),
    ),
}


def rounded(size: int) -> str:
    """Return a size as the warning page shows it: ``498881336`` is ``476M``."""
    for unit, step in _UNITS:
        if size >= step:
            value = size / step
            return f"{value:.1f}{unit}" if value < 9.95 else f"{value:.0f}{unit}"
    return str(size)


def warning(
    *,
    file_id: str,
    name: str,
    size: int,
    action: str,
    inputs: Mapping[str, str],
    order: Sequence[str],
    method: str = "get",
) -> str:
    """Return the page that asks whether a file too large to scan is wanted anyway."""
    hidden = "".join(_hidden(key, value, order) for key, value in inputs.items())
    link = f'<a href="/open?id={_escape(file_id)}">{_escape(name)}</a>'
    return _document(
        "Google Drive - Virus scan warning",
        '<p class="uc-warning-caption">Google Drive can\'t scan this file for viruses.</p>'
        f'<p class="uc-warning-subcaption"><span class="uc-name-size">{link} '
        f"({rounded(size)})</span> is too large for Google to scan for viruses. "
        "Would you still like to download this file?</p>"
        f'<form id="download-form" action="{_escape(action)}" method="{method}">'
        '<input type="submit" id="uc-download-link" '
        'class="goog-inline-block jfk-button jfk-button-action" value="Download anyway"/>'
        f"{hidden}</form>",
    )


def quota(language: str = "en") -> str:
    """Return the page that says too many people have downloaded the file."""
    title, caption, subcaption = _QUOTA[language]
    return _error(title, caption, subcaption, language)


def disabled() -> str:
    """Return the page of an owner who does not allow downloads."""
    text = _error(
        "Google Drive - Can&#39;t download file",
        "Sorry, the owner hasn't given you permission to download this file.",
        "Only the owner and editors can download this file. If you'd like to download this "
        "file, contact the owner.",
        style=_STYLE[:800],
    )
    return _filled(text, _DISABLED_BYTES)


def infected() -> str:
    """Return the page of a file that failed the virus scan."""
    return _error(
        "Google Drive - Infected file",
        "Sorry, this file is infected with a virus",
        "Only the owner is allowed to download infected files.",
    )


def denied() -> str:
    """Return the page of a file that one has to ask for."""
    return _document(
        "Google Drive - Access Denied",
        "<h1>You need access</h1><p>You need permission. Ask for access, or switch to an "
        "account with access.</p><button>Request access</button>",
    )


def not_found(target: str) -> str:
    """Return the 404 page of the host that serves the bytes."""
    return _robot(
        "Error 404 (Not Found)!!1",
        "404.",
        f"The requested URL <code>{_escape(target)}</code> was not found on this server.",
    )


def page_not_found() -> str:
    """Return the 404 page of the hosts that people see."""
    return _document(
        "Page Not Found",
        "<p>Sorry, the file you have requested does not exist.</p>"
        "<p>Make sure that you have the correct URL and the file exists.</p>",
    )


def terms() -> str:
    """Return the page of a file that was taken down."""
    return _robot(
        "Error 404",
        "404.",
        "We're sorry. You can't access this item because it is in violation of our Terms of "
        "Service.",
    )


def server_error(status: int) -> str:
    """Return the page of a failure on Google's side."""
    return _robot(
        f"Error {status} (Server Error)!!1",
        f"{status}.",
        "The server encountered an error and could not complete your request. "
        "Please try again later.",
    )


def forbidden() -> str:
    """Return the bare 403 page."""
    return _robot(
        "Error 403 (Forbidden)!!1", "403.", "Your client does not have permission to get this URL."
    )


def failure(status: int) -> str:
    """Return the page that goes with a status from 400 on."""
    return forbidden() if status == 403 else server_error(status)


def method_not_allowed(method: str, path: str) -> str:
    """Return the 405 page."""
    return _robot(
        "Error 405 (Method Not Allowed)!!1",
        "405.",
        f"The request method <code>{_escape(method)}</code> is inappropriate for the URL "
        f"<code>{_escape(path)}</code>.",
    )


def moved(location: str) -> str:
    """Return the body of a redirect, as Google's servers write it where there is one."""
    return (
        "<HTML>\n<HEAD>\n<TITLE>Moved Temporarily</TITLE>\n</HEAD>\n"
        '<BODY BGCOLOR="#FFFFFF" TEXT="#000000">\n<H1>Moved Temporarily</H1>\n'
        f'The document has moved <A HREF="{_escape(location)}">here</A>.\n</BODY>\n</HTML>\n'
    )


def portal() -> str:
    """Return the login page of a network that lets nobody out yet."""
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        "<title>Welcome to the guest network</title></head><body><h1>Sign in to continue</h1>"
        "<p>Accept the terms of use to go online.</p>"
        # An address that is nobody's: RFC 5737.
        '<form action="http://192.0.2.1/login" method="post">'
        '<label><input type="checkbox" name="terms"> I accept</label>'
        "<button>Connect</button></form></body></html>"
    )


def unknown() -> str:
    """Return a page that nobody has seen before."""
    return _document("Google Drive", "<p>Something else is going on today.</p>")


def sign_in() -> str:
    """Return the sign-in page that private files end at."""
    return _document(
        "Google Drive: Sign-in",
        '<h1>Sign in</h1><p>to continue to Google Drive</p><form action="/ServiceLogin" '
        'method="post"><input type="email" name="identifier" aria-label="Email or phone">'
        '<input type="hidden" name="service" value="wise"><button>Next</button></form>',
    )


def sorry() -> str:
    """Return the page for automated queries, of exactly its captured length."""
    text = (
        '<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"/>'
        "<title>Sorry...</title><style>body{font-family:verdana,arial,sans-serif;"
        "background-color:#fff;color:#000}</style></head><body><div>"
        "<h1>We're sorry...</h1><p>... but your computer or network may be sending automated "
        "queries. To protect our users, we can't process your request right now.</p></div>"
        '<div>See <a href="https://support.google.com/websearch/answer/86640">Google Help</a> '
        'for more information.<br/><br/></div><div><a href="https://www.google.com">'
        "Google Home</a></div></body></html>"
    )
    return _filled(text, SORRY_BYTES)


def viewer(name: str) -> str:
    """Return the page that shows a file in the browser."""
    return _document(f"{_escape(name)} - Google Drive", '<div id="drive-viewer"></div>')


def _error(
    title: str, caption: str, subcaption: str, language: str = "en", style: str = _STYLE
) -> str:
    return _document(
        title,
        f'<p class="uc-error-caption">{caption}</p><p class="uc-error-subcaption">{subcaption}</p>',
        language,
        style,
    )


def _document(title: str, text: str, language: str = "en", style: str = _STYLE) -> str:
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><title>{title}</title>'
        '<meta http-equiv="content-type" content="text/html; charset=utf-8"/>'
        f'<style nonce="{secrets.token_urlsafe(16)}">{style}</style>'
        '<link rel="icon" href="//ssl.gstatic.com/docs/doclist/images/drive_icon.png"/></head>'
        f'<body><div class="uc-main"><div id="uc-top"></div><div id="uc-text">{text}</div></div>'
        '<div class="uc-footer"><hr class="uc-footer-divider">'
        "&copy; Google - Help - Privacy &amp; Terms</div></body></html>"
    )


def _robot(title: str, number: str, text: str) -> str:
    return (
        f"<!DOCTYPE html><html lang=en><meta charset=utf-8><title>{title}</title>"
        "<style>*{margin:0;padding:0}html{font:15px/22px arial,sans-serif;background:#fff}"
        "body{margin:7% auto 0;max-width:390px;min-height:180px;padding:30px 0 15px}</style>"
        f"<p><b>{number}</b> <ins>That's an error.</ins><p>{text} <ins>That's all we know.</ins>"
    )


def _hidden(name: str, value: str, order: Sequence[str]) -> str:
    attributes = {"type": "hidden", "name": name, "value": _escape(value)}
    return "<input " + " ".join(f'{key}="{attributes[key]}"' for key in order) + ">"


def _escape(text: str) -> str:
    # Google writes an apostrophe in decimal, Python in hexadecimal.
    return html.escape(text).replace("&#x27;", "&#39;")


def _filled(text: str, size: int) -> str:
    """Stretch a page to `size` bytes with blanks before its end, where nobody sees them."""
    missing = size - len(text.encode())
    return text.replace("</body>", " " * missing + "</body>")
