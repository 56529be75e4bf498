"""Query parameters of the XML API: every unknown name refused, those of signed URLs let through.

https://cloud.google.com/storage/docs/authentication/signatures#query-string
"""

from collections.abc import Iterable

from aiohttp import web

from storage_stream.emulator.wire.query import Query, read_query

SIGNING_QUERY = (
    "X-Goog-Algorithm",
    "X-Goog-Credential",
    "X-Goog-Date",
    "X-Goog-Expires",
    "X-Goog-Signature",
    "X-Goog-SignedHeaders",
)
"""They are judged before any handler runs."""


def read_xml_query(request: web.Request, allowed: Iterable[str] = ()) -> Query:
    """Return the parameters of `request`; see `read_query`.

    Raises:
        ApiError: 400 for an unknown name, or bytes that are not UTF-8.
    """
    return read_query(request, (*allowed, *SIGNING_QUERY))
