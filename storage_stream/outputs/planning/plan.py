"""The answer to a request for bytes: status, header lines, and which bytes follow.

Pure, and the only place that knows: FastAPI and aiohttp.web are two thin ways of sending it.
https://www.rfc-editor.org/rfc/rfc9110 §8 (representation), §13 (conditions), §14 (ranges)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage_stream.outputs.planning.byte_ranges import Selection, Span, select
from storage_stream.outputs.planning.conditions import Outcome, evaluate, range_is_wanted
from storage_stream.outputs.planning.disposition import content_disposition
from storage_stream.outputs.planning.representation import http_date

if TYPE_CHECKING:
    from storage_stream.outputs.planning.representation import Representation, RequestHead

__all__ = ["METHODS", "Plan", "plan_problem", "plan_response"]

METHODS = ("GET", "HEAD")

_BOUNDARY = "storage-stream-{0:032x}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send.

    Attributes:
        status: The HTTP status.
        headers: Header lines, names in lower case.
        parts: The body in order: bytes as they are, or a span of the representation.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    parts: tuple[bytes | Span, ...] = ()

    @property
    def length(self) -> int | None:
        """Bytes of the body, or None where that is not known before."""
        total = 0
        for part in self.parts:
            size = len(part) if isinstance(part, bytes) else part.length
            if size is None:
                return None
            total += size
        return total

    @property
    def spans(self) -> tuple[Span, ...]:
        """What has to be read."""
        return tuple(part for part in self.parts if isinstance(part, Span))


def plan_response(
    request: RequestHead, there: Representation, *, boundary: int = 0, inline: bool = True
) -> Plan:
    """Decide.

    Args:
        request: What was asked for.
        there: What there is.
        boundary: A random number of 128 bits, which separates several ranges from each other;
            nobody who chose the bytes may have known it.
        inline: Whether a browser may show it, or shall offer to save it.
    """
    if request.method not in METHODS:
        return plan_problem(405, "only GET and HEAD", (("allow", ", ".join(METHODS)),))
    outcome = evaluate(request, there)
    if outcome is Outcome.FAILED:
        return plan_problem(412, "it is not what the request's conditions name")
    if outcome is Outcome.NOT_MODIFIED:
        return Plan(304, _validators(there))
    if there.size is not None and range_is_wanted(request, there):
        chosen = select(request.range or "", there.size)
        if chosen is Selection.NOTHING:
            return _not_satisfiable(there)
        if not isinstance(chosen, Selection):
            return _partial(there, chosen, boundary, inline=inline)
    return _whole(request, there, inline=inline)


def plan_problem(status: int, text: str, headers: tuple[tuple[str, str], ...] = ()) -> Plan:
    """An answer that says what is wrong."""
    body = f"{text}\n".encode()
    lines = (
        ("content-type", "text/plain; charset=utf-8"),
        ("content-length", str(len(body))),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    )
    return Plan(status, (*lines, *headers), (body,))


def _whole(request: RequestHead, there: Representation, *, inline: bool) -> Plan:
    lines = (*_described(there, inline=inline), ("content-type", there.content_type))
    if there.size is not None:
        lines += (("content-length", str(there.size)),)
    sends_body = request.method == "GET" and there.size != 0
    return Plan(200, lines, (Span(0, there.size),) if sends_body else ())


def _not_satisfiable(there: Representation) -> Plan:
    told = (("content-range", f"bytes */{there.size}"), ("accept-ranges", "bytes"))
    return plan_problem(416, "no such range of bytes", told)


def _partial(
    there: Representation, spans: tuple[Span, ...], boundary: int, *, inline: bool
) -> Plan:
    lines = _described(there, inline=inline)
    if len(spans) == 1:
        length = spans[0].length
        lines += (
            ("content-type", there.content_type),
            ("content-range", _content_range(spans[0], there)),
            ("content-length", str(length)),
        )
        return Plan(206, lines, spans)
    mark = _BOUNDARY.format(boundary)
    parts: list[bytes | Span] = []
    for span in spans:
        head = (
            f"{'' if not parts else chr(13) + chr(10)}--{mark}\r\n"
            f"Content-Type: {there.content_type}\r\n"
            f"Content-Range: {_content_range(span, there)}\r\n\r\n"
        )
        parts += [head.encode("ascii"), span]
    parts.append(f"\r\n--{mark}--\r\n".encode("ascii"))
    length = sum(len(part) if isinstance(part, bytes) else part.length or 0 for part in parts)
    lines += (
        ("content-type", f"multipart/byteranges; boundary={mark}"),
        ("content-length", str(length)),
    )
    return Plan(206, lines, tuple(parts))


def _content_range(span: Span, there: Representation) -> str:
    stop = there.size if span.stop is None else span.stop
    return f"bytes {span.start}-{(stop or 0) - 1}/{there.size}"


def _validators(there: Representation) -> tuple[tuple[str, str], ...]:
    """What a 304 tells too (RFC 9110 §15.4.5)."""
    lines: tuple[tuple[str, str], ...] = ()
    if there.etag is not None:
        lines += (("etag", there.etag),)
    if there.last_modified is not None:
        lines += (("last-modified", http_date(there.last_modified)),)
    if there.varies:
        lines += (("vary", "Accept-Encoding"),)
    return lines


def _described(there: Representation, *, inline: bool) -> tuple[tuple[str, str], ...]:
    lines = _validators(there)
    lines += (
        ("accept-ranges", "none" if there.size is None else "bytes"),
        ("x-content-type-options", "nosniff"),
    )
    if there.content_encoding is not None:
        lines += (("content-encoding", there.content_encoding),)
    if there.is_run_by_browsers:
        lines += (("content-security-policy", "sandbox"),)
    if there.filename is not None or not inline:
        value = content_disposition(there.filename or "", inline=inline)
        lines += (("content-disposition", value),)
    return lines
