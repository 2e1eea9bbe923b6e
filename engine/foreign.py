"""The one way in which text that the engine did not write reaches a person.

Names, symbols, paths, cells, manifest fields and error texts come from files and from other programs.  In a terminal
they could move the cursor or colour what follows, in Markdown and HTML set links and markup, in a log fake a line.
Every edge passes them through the function that is named after it; inside the engine text stays as it is.
"""

from __future__ import annotations

import html as _html
import re
from typing import Any

# C0 and C1 controls, marks that reorder or hide text, line separators, lone surrogates of a name that is no UTF-8
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
)
_LINES = re.compile(_UNSEEN.pattern.replace("\x00-\x1f", "\x00-\x09\x0b-\x1f"))
_MARKDOWN = re.compile(r"[\\`*_\[\]<>|&~$#!@^]|:(?=//)|(?<=\bwww)\.", re.IGNORECASE)
_USER_INFO = re.compile(r"(?P<head>[A-Za-z][A-Za-z0-9+.-]*://)(?P<user>[^\s/@:'\"]*):(?P<password>[^\s]*)@")
_QUERY = re.compile(
    r"(?P<key>[?&;](?:[\w-]*(?:passw|pwd|secret|token|key)[\w-]*)=)(?P<password>[^&;\s'\"]+)", re.I
)
_HIDDEN = "***"


def visible(text: str, *, lines: bool = False) -> str:
    """``text`` with every control character written out, as ``\\x1b`` or ``\\u202e``: for terminals and logs.

    Parameters
    ----------
    lines : keep line feeds, for text of several lines.

    Examples
    --------
    >>> visible("red \\x1b[31m\\nhint: none")
    'red \\\\x1b[31m\\\\nhint: none'
    """
    return (_LINES if lines else _UNSEEN).sub(_written_out, text)


def markdown(text: str) -> str:
    """``text`` as Markdown that shows just that text: no emphasis, link, HTML, table cell or line of its own.

    Examples
    --------
    >>> markdown("[a](https://b) | <i>c_d</i>")
    '\\\\[a\\\\](https\\\\://b) \\\\| \\\\<i\\\\>c\\\\_d\\\\</i\\\\>'
    """
    return _MARKDOWN.sub(lambda found: "\\" + found[0], visible(text))


def html(text: str) -> str:
    """``text`` as HTML, in an element or between quotes of an attribute.

    Examples
    --------
    >>> html("<b>'a'</b>")
    '&lt;b&gt;&#x27;a&#x27;&lt;/b&gt;'
    """
    return _html.escape(visible(text))


def policy(*scripts: str) -> str:
    """A Content-Security-Policy under which nothing is fetched and only these scripts run."""
    run = " ".join(scripts) or "'none'"
    return (
        f"default-src 'none'; script-src {run}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def json_text(text: str) -> str:
    """JSON ``text`` of the same meaning in which no character is unseen; its own line feeds stay.

    Examples
    --------
    >>> json_text('{"a": "\x9b31m"}')
    '{"a": "\\\\u009b31m"}'
    """
    return _LINES.sub(_in_json, text)


def without_password(text: str, url: str = "") -> str:
    """``text`` with the passwords and tokens of its URLs hidden; those of ``url`` wherever they stand.

    Examples
    --------
    >>> without_password("postgresql://me:a@b@host/db?sslpassword=c")
    'postgresql://me:***@host/db?sslpassword=***'
    """
    secrets = [found["password"] for pattern in (_USER_INFO, _QUERY) for found in pattern.finditer(url)]
    text = _USER_INFO.sub(rf"\g<head>\g<user>:{_HIDDEN}@", text)
    text = _QUERY.sub(rf"\g<key>{_HIDDEN}", text)
    for secret in sorted(
        filter(None, secrets + [_decoded(secret) for secret in secrets]), key=len, reverse=True
    ):
        text = text.replace(secret, _HIDDEN)
    return text


def _decoded(secret: str) -> str:
    from urllib.parse import unquote

    return unquote(secret)


def _in_json(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{int.from_bytes(units[i : i + 2]):04x}" for i in range(0, len(units), 2))


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    short: dict[int, Any] = {9: "\\t", 10: "\\n", 13: "\\r"}
    if code in short:
        return str(short[code])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
