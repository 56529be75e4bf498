"""`Content-Disposition` of a name that somebody else chose (RFC 6266): nothing of it gets out.

The quoted form is ASCII without quotes, backslashes and controls; the extended form (RFC 8187)
carries everything else in percent signs. Folders are cut off, since browsers differ in whether they
do it themselves.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

__all__ = ["content_disposition"]

_UNSAFE_IN_QUOTES = re.compile(r"[^ !#$&-\[\]-~]")  # `%` too: some browsers decode it


def content_disposition(filename: str, *, inline: bool = True) -> str:
    """The header's value.

    Args:
        filename: A name, or a path of which only the last part counts.
        inline: Whether a browser may show it, or shall offer to save it.
    """
    kind = "inline" if inline else "attachment"
    name = re.split(r"[/\\]", filename)[-1]
    name = "".join(sign for sign in name if not unicodedata.category(sign).startswith("C")).strip()
    if not name.strip("."):
        return kind
    plain = _UNSAFE_IN_QUOTES.sub("_", name)
    value = f'{kind}; filename="{plain}"'
    if plain != name:
        value += f"; filename*=UTF-8''{quote(name, safe='')}"
    return value
