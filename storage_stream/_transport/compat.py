"""What code written before us finds: `aiohttp.ClientResponseError`, and gcloud-aio's session.

The error tree is pure and knows no HTTP library; here each of its response errors gets a twin
that is both. What the twin carries of the request holds no secret: no authorization, no query.

aiohttp is imported where it is used: it takes longer to load than all of ours, and whoever only
imports our names, or is never refused anything, does not pay for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from storage_stream.errors import ResponseError

__all__ = ["aio_session", "as_client_response_error"]

if TYPE_CHECKING:
    import aiohttp
    from gcloud.aio.auth import AioSession

E = TypeVar("E", bound=ResponseError)

_FOREIGN_FIELDS = ("request_info", "history")


def aio_session(session: aiohttp.ClientSession) -> AioSession:
    """The session as gcloud-aio-storage's clients show theirs; closing it leaves ours open."""
    # Loads cryptography and more, and takes longer than all the rest of a program's start.
    from gcloud.aio.auth import AioSession  # noqa: PLC0415

    theirs: Any = session  # its types say requests.Session, whose twin for asyncio it is
    return AioSession(theirs)


def as_client_response_error(error: E, url: str = "") -> E:
    """The same error, which `except aiohttp.ClientResponseError` catches too.

    Args:
        error: A refusal; one that is both already is given back.
        url: What was asked; its query is left out.
    """
    if hasattr(error, "request_info"):
        return error
    return _revive(type(error), error.message, {**vars(error), "url": url})


def _revive(pure: type[E], message: str, fields: dict[str, Any]) -> E:
    import aiohttp  # noqa: PLC0415 - see the module
    from multidict import CIMultiDict, CIMultiDictProxy  # noqa: PLC0415
    from yarl import URL  # noqa: PLC0415

    twin = cast("type[E]", _twin(pure))
    error = twin.__new__(twin)
    Exception.__init__(error, message)
    url = URL(fields.pop("url", ""), encoded=True).with_query(None)
    no_headers = CIMultiDictProxy(CIMultiDict[str]())
    info = aiohttp.RequestInfo(url, fields.get("method") or "GET", no_headers, url)
    headers = CIMultiDict[str](fields["headers"])  # asked as aiohttp's are: "Retry-After"
    vars(error).update(fields, headers=headers, request_info=info, history=())
    return error


_TWINS: dict[type[ResponseError], type[ResponseError]] = {}


def _twin(pure: type[ResponseError]) -> type[ResponseError]:
    if pure not in _TWINS:
        _TWINS[pure] = _make_twin(pure)
    return _TWINS[pure]


def _make_twin(pure: type[ResponseError]) -> type[ResponseError]:
    import aiohttp  # noqa: PLC0415 - see the module

    def reduce(self: ResponseError) -> tuple[Any, ...]:
        kept = {key: value for key, value in vars(self).items() if key not in _FOREIGN_FIELDS}
        url: str = str(vars(self)["request_info"].real_url)
        return _revive, (pure, self.message, {**kept, "url": url})

    body = {"__doc__": pure.__doc__, "__module__": pure.__module__, "__reduce__": reduce}
    return type(pure.__name__, (pure, aiohttp.ClientResponseError), body)
