"""The page's own files, and what a browser may do with them.

They are read once and sent as they are; nothing comes from another address.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from fastapi import Response

if TYPE_CHECKING:
    from fastapi import Request

__all__ = ["PageFiles"]

_FOLDER = Path(__file__).parent / "assets"
_TYPES = MappingProxyType(
    {
        ".html": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml",
    }
)
"""Told here, because a machine's own table of types may say otherwise, or nothing."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    # Text never becomes markup, whatever a script of ours tries: names are strangers' words.
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS = MappingProxyType(
    {
        "content-security-policy": _POLICY,
        "cache-control": "no-cache",  # kept, but asked for again: a newer version counts at once
    }
)


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    media_type: str
    etag: str


class PageFiles:
    """All files of the page, by their names."""

    def __init__(self) -> None:
        self._files = {path.name: _read(path) for path in _FOLDER.iterdir() if path.is_file()}

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def response(self, name: str, request: Request) -> Response:
        """The answer to who asks for one.

        Args:
            name: It; there has to be such a file.
            request: Who has it already is told so.
        """
        file = self._files[name]
        headers = {**_HEADERS, "etag": file.etag}
        known = [each.strip() for each in request.headers.get("if-none-match", "").split(",")]
        if file.etag in known:
            return Response(status_code=304, headers=headers)
        return Response(file.content, headers={**headers, "content-type": file.media_type})


def _read(path: Path) -> _File:
    content = path.read_bytes()
    return _File(content, _TYPES[path.suffix], f'"{hashlib.sha256(content).hexdigest()[:20]}"')
