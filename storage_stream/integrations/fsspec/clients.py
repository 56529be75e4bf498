"""The clients of one file system: one for each event loop, made when it is first needed.

A file system is configuration; that is what is pickled, compared and cached. A client belongs to
one loop of one process: a child of `fork` makes its own.
"""

from __future__ import annotations

import asyncio
import os
import sys
import weakref
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage_stream import Storage
from storage_stream.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from concurrent.futures import Future

__all__ = ["Clients", "client_arguments", "keep_inherited"]

_CLOSING_SECONDS = 2.0  # at the end of the process; what is left then ends with it

# A parent's clients, in a child of fork. Their sockets are the parent's too: nothing may close
# them in an orderly way here, and nothing does as long as nobody collects them.
_of_the_parent: list[object] = []


def keep_inherited(held: object) -> None:
    """In a child of fork: never collect this; its connection is the parent's."""
    _of_the_parent.append(held)


def client_arguments(
    token: Any, endpoint_url: str | None, options: Mapping[str, Any]
) -> dict[str, Any]:
    """What `Storage` is made with, for what a file system was told.

    Args:
        token: `"anon"` for no credentials; None or `"google_default"` for what Google's libraries
            find; a service account's key file; or what has an async `get()`.
        endpoint_url: The service's address.
        options: Other arguments of `Storage`.

    Raises:
        InvalidArgument: A token that is none of these.
    """
    arguments = dict(options)
    if endpoint_url is not None:
        arguments["api_root"] = endpoint_url
    if isinstance(token, str) and token == "anon":  # noqa: S105 - the word for none
        arguments["anonymous"] = True
    elif isinstance(token, str | Path) and token != "google_default":  # noqa: S105 - a word
        arguments["service_file"] = _key_file(str(token))
    elif token is not None and not isinstance(token, str):
        # A dictionary has a get(), too, and may hold a key: it would travel with every pickle.
        if isinstance(token, Mapping) or not callable(getattr(token, "get", None)):
            raise InvalidArgument(
                'a token is "anon", "google_default", the path of a service account\'s key file,'
                " or has an async get()"
            )
        arguments["token"] = token
    return arguments


def _key_file(path: str) -> str:
    if not os.path.isfile(path):  # noqa: PTH113 - it may be any text
        # What it says is not shown: somebody may have given a token itself.
        raise InvalidArgument("the token is text, and there is no such key file")
    return path


class Clients:
    """One client for each loop.

    Args:
        arguments: What each is made with.
    """

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self._arguments = arguments
        self._process = os.getpid()
        self._of: MutableMapping[asyncio.AbstractEventLoop, Storage] = weakref.WeakKeyDictionary()

    def of_running_loop(self) -> Storage:
        """The running loop's client."""
        self._notice_fork()
        loop = asyncio.get_running_loop()
        client = self._of.get(loop)
        if client is None:
            client = self._of[loop] = Storage(**self._arguments)
        return client

    async def close_here(self) -> None:
        """Close the running loop's client; the next call makes another. Idempotent."""
        self._notice_fork()
        client = self._of.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.close()

    def close_all(self) -> None:
        """Close those whose loops run in other threads, for the end of the file system."""
        if self._process != os.getpid():
            return  # they are the parent's
        closing: list[tuple[asyncio.AbstractEventLoop, Future[None]]] = []
        for loop, client in list(self._of.items()):
            if loop.is_running() and not sys.is_finalizing():
                closing.append((loop, asyncio.run_coroutine_threadsafe(client.close(), loop)))
        self._of.clear()
        for loop, future in closing:
            if not _runs_here(loop):
                with suppress(Exception):  # the process ends; nobody is there to be told
                    future.result(_CLOSING_SECONDS)

    def _notice_fork(self) -> None:
        if self._process != os.getpid():
            _of_the_parent.append(self._of)
            self._of = weakref.WeakKeyDictionary()
            self._process = os.getpid()


def _runs_here(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
