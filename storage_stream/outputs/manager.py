"""`BlobManager`: which data has which link. It holds nothing alive, and fetches nothing.

Links are compared with the addresses of this very server as text, to the last sign: what is not
exactly one of its own is refused before anybody looks at it as an address.
"""

from __future__ import annotations

import gc
import re
import threading
import time
import uuid
import weakref
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from storage_stream.errors import InvalidArgument
from storage_stream.outputs.aiohttp_web import send_data
from storage_stream.outputs.context import blob_context
from storage_stream.outputs.errors import BlobNotFound, ForeignHref, NotAServedBlob
from storage_stream.outputs.temporary import flush_reapers, sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from fastapi import FastAPI
    from starlette.responses import Response

    from storage_stream import Storage
    from storage_stream.outputs.data import ServerSideBlobData

__all__ = ["MANAGER", "BlobDataManager", "BlobManager"]

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_PREFIX = re.compile(r"(?:/[\w.~-]+)+", re.ASCII)
_DOTS = re.compile(r"/\.{1,2}(?:/|$)")  # browsers resolve them

# One for all managers: an id is an attribute of the data, which two of them may be given at once.
# Collecting garbage may call a program's code, and that a manager, while it is held.
_lock = threading.RLock()


class BlobManager:
    """Gives blobs their links, and answers who follows them.

        manager = BlobManager()
        manager.attach_to_app(app)

    It holds blobs weakly: a link works as long as somebody else holds the blob's data, such as the
    record of the action it came from. Adding and finding take the same time however many there
    are, from any thread.

    Args:
        base_urls: Addresses under which this server is known, such as `https://api.example.org`,
            the first of which stands in its links; none: the one that each request names. Behind a
            proxy, and where strangers choose the `Host` header, say it.
        max_age: Seconds for which a link works after it was last given; None: as long as the blob
            is held.
        clock: Seconds that only grow, for tests.
        now: The time of day, for tests.

    Raises:
        InvalidArgument: An address that is none, or no time to live.
    """

    def __init__(
        self,
        *,
        base_urls: Sequence[str] = (),
        max_age: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if isinstance(base_urls, str) or not all(map(_is_base, base_urls)):
            raise InvalidArgument("base_urls takes addresses such as ['https://api.example.org']")
        if max_age is not None and not max_age > 0:
            raise InvalidArgument(f"max_age={max_age}: more than 0 seconds, or None")
        self._base_urls = tuple(url.rstrip("/") for url in base_urls)
        self._max_age = max_age
        self._clock = clock
        self._now = now
        self._prefix: str | None = None
        self._resources: weakref.WeakKeyDictionary[web.Application, web.AbstractResource]
        self._resources = weakref.WeakKeyDictionary()
        self._blobs: weakref.WeakValueDictionary[uuid.UUID, Any] = weakref.WeakValueDictionary()
        self._added: dict[uuid.UUID, float] = {}

    def add_blob(self, blob: ServerSideBlobData) -> uuid.UUID:
        """Give data an id; the same one when it has one.

        Raises:
            NotAServedBlob: It has one of another manager, it cannot be served or weakly held, or
                it is an object of which no generation was pinned.
        """
        self._check(blob)
        with _lock:
            if blob.id is None:
                blob.id = uuid.uuid4()
                self._forget_dead()
                self._blobs[blob.id] = blob
            elif self._blobs.get(blob.id) is not blob:
                raise NotAServedBlob("the blob belongs to another manager")
            self._added[blob.id] = self._clock()
            return blob.id

    def get_blob(self, blob_id: uuid.UUID | str) -> ServerSideBlobData:
        """The data of an id.

        Raises:
            BlobNotFound: There is none: unknown, malformed, too old, or nobody holds it any more.
        """
        if isinstance(blob_id, str):
            if not _UUID.fullmatch(blob_id):
                raise BlobNotFound("there is no such blob")
            blob_id = uuid.UUID(blob_id)
        with _lock:
            found = self._blobs.get(blob_id)
            age = self._clock() - self._added.get(blob_id, 0.0)
        if found is None or (self._max_age is not None and age > self._max_age):
            raise BlobNotFound(f"there is no blob {blob_id}")
        data: ServerSideBlobData = found
        return data

    async def download_blob(self, blob_id: uuid.UUID | str) -> Response:
        """What a FastAPI endpoint returns for an id.

        Raises:
            BlobNotFound: There is none; an attached app answers 404.
        """
        return self.get_blob(blob_id).response()

    def attach_to_app(self, app: FastAPI | web.Application, prefix: str = "/blob") -> None:
        """Answer GET and HEAD for `prefix/id` in an app, and be found by its requests.

        Args:
            app: A FastAPI app, or an aiohttp.web one.
            prefix: A path.

        Raises:
            InvalidArgument: A prefix that is no plain path, or not that of an app before; or the
                app has a manager already.
            ExtraMissing: FastAPI is not installed.
        """
        if not _PREFIX.fullmatch(prefix) or _DOTS.search(prefix):
            raise InvalidArgument(f"{prefix!r} is no path such as /blob")
        if self._prefix not in {None, prefix}:
            raise InvalidArgument(f"its links begin with {self._prefix}, in every app")
        if isinstance(app, web.Application):
            if MANAGER in app:
                raise InvalidArgument("the app has a BlobManager already")
            route = app.router.add_get(f"{prefix}/{{blob_id}}", self._answer)  # HEAD, too
            if route.resource is not None:
                self._resources[app] = route.resource
            app[MANAGER] = self
        else:
            from storage_stream.outputs.fastapi_routes import attach  # noqa: PLC0415 - an extra

            attach(self, app, prefix)
        self._prefix = prefix

    @contextmanager
    def context(self, base_url: str) -> Generator[None]:
        """Within this block blobs become JSON, and JSON becomes blobs, by this manager.

        Args:
            base_url: The address that the request names; counts where no `base_urls` are known.
        """
        path = self._prefix or "/blob"
        folders = [f"{base}{path}/" for base in self._base_urls or (base_url.rstrip("/"),)]
        with blob_context(
            lambda data: f"{folders[0]}{self.add_blob(data)}",
            lambda href: self._data_of(href, folders),
        ):
            yield

    async def sweep(self, storage: Storage, bucket: str, prefix: str = "tmp/") -> int:
        """Delete temporary objects that expired: those that a crash left.

        One request for each thousand objects under the prefix, and one for each hundred deleted.
        Objects that are no temporary ones of ours are left alone, and so is what this process
        holds. Cancelling leaves the rest.

        Returns:
            How many were deleted.

        Raises:
            NotFound: There is no such bucket.
            StorageError: One could not be deleted.
        """
        return await sweep(storage, bucket, prefix, self._now())

    async def close(self) -> int:
        """Delete the temporary objects that nobody in this process holds any more.

        To be called before the clients are closed. It collects garbage first: answers and requests
        of web frameworks hang together in circles. Cancelling leaves the rest for `sweep`.

        Returns:
            How many could not be deleted; `sweep` finds them.
        """
        gc.collect()
        return await flush_reapers()

    @property
    def base_urls(self) -> tuple[str, ...]:
        """The addresses under which this server is known; none: the one that a request names."""
        return self._base_urls

    def mount_path(self, app: web.Application) -> str:
        """Below which path an aiohttp.web app of its own was added to another one, or ""."""
        return self._resources[app].canonical.removesuffix(f"{self._prefix}/{{blob_id}}")

    def _data_of(self, href: str, folders: Sequence[str]) -> ServerSideBlobData:
        for folder in folders:
            if href.startswith(folder) and _UUID.fullmatch(href, len(folder)):
                return self.get_blob(href[len(folder) :])
        raise ForeignHref("the href is not a link to a blob of this server")

    def _check(self, blob: Any) -> None:
        if not callable(getattr(blob, "response", None)) or not hasattr(blob, "id"):
            raise NotAServedBlob(f"a {type(blob).__name__} cannot be served")
        try:
            weakref.ref(blob)
        except TypeError as error:
            raise NotAServedBlob(f"a {type(blob).__name__} cannot be held weakly") from error
        if getattr(blob, "generation", 0) is None:
            raise NotAServedBlob(
                "no generation is pinned: await data.pin(), or await Blob.from_object(…)"
            )

    def _forget_dead(self) -> None:
        """Now and then, so that adding costs the same on average however many there were."""
        if len(self._added) > 2 * len(self._blobs) + 64:
            self._added = {
                each: since for each, since in list(self._added.items()) if each in self._blobs
            }

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            data: Any = self.get_blob(request.match_info["blob_id"])
        except BlobNotFound:
            raise web.HTTPNotFound(text="there is no such blob\n") from None
        return await send_data(request, data)


MANAGER: Final = web.AppKey("storage_stream.outputs.manager", BlobManager)
"""Where an aiohttp.web app keeps its manager."""

BlobDataManager = BlobManager
"""What labthings_fastapi calls it."""


def _is_base(url: str) -> bool:
    return re.fullmatch(r"https?://[^\s?#@/]+(?:/[^\s?#]*)?", url) is not None
