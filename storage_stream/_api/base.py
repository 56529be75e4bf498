"""What all subjects stand on: a sender, the client's defaults, and whether it is open."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from storage_stream._api.contained_observer import ContainedObserver
from storage_stream._api.observing import observe
from storage_stream._protocol.options import RequestKeywords, RequestOptions
from storage_stream._transfer.progress import meter_of
from storage_stream.errors import ClientClosed

if TYPE_CHECKING:
    from storage_stream._api.client_parts import ClientParts
    from storage_stream._protocol.operation import Operation

__all__ = ["UPLOAD_TIMEOUT", "ApiBase"]

# Seconds; the service answers an upload's last request when it has put all in its place.
UPLOAD_TIMEOUT = 30.0

T = TypeVar("T")


class ApiBase:
    """One client's way to send operations.

    Args:
        parts: What all subjects of the client share; each takes of it what it needs.
    """

    def __init__(self, parts: ClientParts) -> None:
        self._sender = parts.sender
        # A caller's `progress` is measured by the clock that everything here goes by.
        self._defaults = replace(
            parts.defaults, new_meter=partial(meter_of, clock=parts.sender.clock)
        )
        self._unsaid: dict[float, RequestOptions] = {}  # by the timeout of a kind of calls
        self._closed = False
        self._is_observed = parts.observer is not None
        if parts.observer is not None:
            observe(self, ContainedObserver(parts.observer), self._defaults.new_meter)

    def _check_open(self) -> None:
        if self._closed:
            raise _closed()

    def _options(
        self, keywords: RequestKeywords, *, timeout: float | None = None
    ) -> RequestOptions:
        """What holds for one call.

        Args:
            keywords: The caller's.
            timeout: Seconds for what takes longer than other calls, where the caller says nothing;
                None for the client's.
        """
        if self._closed:
            raise _closed()
        if timeout is None or "timeout" in keywords:
            return RequestOptions.of(keywords, self._defaults) if keywords else self._defaults
        defaults = self._unsaid.get(timeout)
        if defaults is None:
            defaults = self._unsaid[timeout] = replace(self._defaults, timeout=timeout)
        return RequestOptions.of(keywords, defaults) if keywords else defaults

    async def _send(self, operation: Operation[T], keywords: RequestKeywords) -> T:
        return await self._sender.send(operation, self._options(keywords))


def _closed() -> ClientClosed:
    return ClientClosed("the client is closed")
