"""What all of a file system's subjects stand on: its configuration, its clients, its paths."""

from __future__ import annotations

import inspect
import os
import pickle
import weakref
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from storage_stream import RetryPolicy, Storage
from storage_stream.errors import InvalidArgument
from storage_stream.integrations.fsspec.bounded import Bounds
from storage_stream.integrations.fsspec.clients import Clients, client_arguments
from storage_stream.integrations.fsspec.library import AsyncFileSystem, get_loop
from storage_stream.integrations.fsspec.options import check_known
from storage_stream.integrations.fsspec.paths import ObjectPath

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Iterable

    from storage_stream.integrations.fsspec.bounded import ItemMeter

__all__ = ["FileSystemBase"]

_GOOGLE = "https://storage.googleapis.com"
_LISTING_SECONDS = 60.0  # of a cache that is switched on without a lifetime

# Sending the same bytes to the same name, or copying them there, a second time does no harm.
REPEATED = RetryPolicy(always=True)

# What a client calls otherwise, and other file systems.
_SAID_OTHERWISE = {
    "anon": "say token='anon'",
    "anonymous": "say token='anon'",
    "api_root": "say endpoint_url",
    "credentials": "say token",
    "service_file": "say token, which takes a key file's path",
    "user_project": "say requester_pays",
}


class FileSystemBase(AsyncFileSystem):
    """Configuration, clients and paths."""

    protocol = ("storage-stream", "gs", "gcs")
    root_marker = ""
    cachable = True

    def __init__(  # noqa: PLR0913 - each is named where it is given, and means one thing
        self,
        *,
        project: str | None = None,
        token: Any = None,
        endpoint_url: str | None = None,
        requester_pays: bool | str = False,
        default_location: str | None = None,
        block_size: int | None = None,
        use_listings_cache: bool = False,
        listings_expiry_time: float | None = None,
        max_paths: int | None = None,
        client_options: dict[str, Any] | None = None,
        asynchronous: bool = False,
        loop: asyncio.AbstractEventLoop | None = None,
        batch_size: int | None = None,
        ramp_up: bool = True,
        **unknown: Any,
    ) -> None:
        check_known(unknown, _options(), "a file system", _elsewhere())
        kept_seconds = _kept_seconds(use_listings_cache, listings_expiry_time)
        super().__init__(
            asynchronous=asynchronous,
            loop=loop,
            batch_size=batch_size,
            **_listings_cache(kept_seconds, max_paths),
        )
        self.project = project
        self.endpoint_url = endpoint_url
        self.default_location = default_location
        self.block_size = block_size
        self._user_project = _payer(requester_pays, project)
        self._caches_listings = kept_seconds is not None
        self._made_in = os.getpid()
        self._bounds = Bounds(ramp_up=ramp_up)
        arguments = client_arguments(token, endpoint_url, client_options or {})
        self._is_portable = "token" not in arguments
        self._clients = Clients(arguments)
        weakref.finalize(self, self._clients.close_all)

    # -- clients ---------------------------------------------------------------------------

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that blocking calls are carried out on; a child of fork has its own."""
        own: Any = self._loop
        if self._made_in != os.getpid():
            self._made_in = self._pid = os.getpid()
            own = self._loop = None if self.asynchronous else get_loop()
        made: asyncio.AbstractEventLoop = own
        return made

    def _client(self) -> Storage:
        """The client of the running loop."""
        return self._clients.of_running_loop()

    async def aclose(self) -> None:
        """Close the running loop's client: for `asynchronous=True`, before the loop ends.

        Idempotent; what is asked next makes another.
        """
        await self._clients.close_here()

    def close(self) -> None:
        """Close all connections; what is asked next makes others. Idempotent."""
        self._clients.close_all()

    def __reduce__(self) -> Any:
        """Configuration travels; connections and tokens do not.

        Raises:
            pickle.PicklingError: It was made with a token object.
        """
        if not self._is_portable:
            raise pickle.PicklingError(
                "a file system made with a token object cannot be pickled: its credentials would"
                " travel with it; name a key file, or let each process find its own"
            )
        return super().__reduce__()

    # -- paths and requests ----------------------------------------------------------------

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        stripped = super()._strip_protocol(path)
        return stripped.lstrip("/") if isinstance(stripped, str) else stripped

    def _at(self, path: Any) -> ObjectPath:
        """The bucket and name of a path."""
        return ObjectPath.of(self._strip_protocol(path))

    def _said(self, **more: Any) -> dict[str, Any]:
        """The keywords of every request."""
        if self._user_project is not None:
            more["user_project"] = self._user_project
        return more

    def url(self, path: str) -> str:
        """Where an object can be downloaded by whoever may read it. No request."""
        at = self._at(path).object_only()
        said = self.endpoint_url or os.environ.get("STORAGE_EMULATOR_HOST") or _GOOGLE
        root = said if "://" in said else f"http://{said}"
        name = quote(at.name, safe="")
        return f"{root.rstrip('/')}/download/storage/v1/b/{at.bucket}/o/{name}?alt=media"

    async def _all(
        self,
        work: Callable[[Any, ItemMeter | None], Awaitable[Any]],
        items: Iterable[Any],
        batch_size: int | None = None,
        *,
        writes: bool = False,
    ) -> list[Any]:
        most = batch_size or self.batch_size
        return await self._bounds.all_of(work, items, writes=writes, most=most)

    # -- the cache of listings, off unless it was asked for -----------------------------------

    def invalidate_cache(self, path: str | None = None) -> None:
        """Forget what was listed: of a path and of all that it is in; None forgets everything."""
        if path is None:
            self.dircache.clear()
        else:
            known = self._strip_protocol(path)
            self.dircache.pop(known, None)
            while known:
                known = self._parent(known)
                self.dircache.pop(known, None)
        super().invalidate_cache(path)

    def _changed(self, *paths: str) -> None:
        if self._caches_listings:
            for path in paths:
                self.invalidate_cache(path)


def _options() -> list[str]:
    """All that a file system is made with, and what fsspec itself takes out of it."""
    arguments = inspect.signature(FileSystemBase.__init__).parameters.values()
    named = [one.name for one in arguments if one.kind is one.KEYWORD_ONLY]
    return [*named, "skip_instance_cache"]


def _elsewhere() -> dict[str, str]:
    """How what is no option is said, where that is known."""
    arguments = inspect.signature(Storage).parameters
    own = {name: f"the client does, as client_options={{{name!r}: …}}" for name in arguments}
    return own | _SAID_OTHERWISE


def _payer(requester_pays: bool | str, project: str | None) -> str | None:
    if requester_pays is True:
        if project is None:
            raise InvalidArgument("requester_pays=True: which project pays? say project=")
        return project
    return requester_pays or None


def _kept_seconds(is_wanted: bool, seconds: float | None) -> float | None:
    """How long listings are kept; None for not at all."""
    if seconds is not None:
        return seconds if seconds > 0 else None
    return _LISTING_SECONDS if is_wanted else None


def _listings_cache(kept_seconds: float | None, max_paths: int | None) -> dict[str, Any]:
    """What fsspec's own cache is made with."""
    return {
        "use_listings_cache": kept_seconds is not None,
        "listings_expiry_time": kept_seconds,
        "max_paths": max_paths,
    }
