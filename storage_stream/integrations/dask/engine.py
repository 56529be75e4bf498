"""Dask distributed, as far as it is used: units go in, events come out. Nothing else imports it.

It is an extra, and imported at the first use. The client is one that blocks; callbacks come from a
thread of its own, and are put into a queue.
"""

from __future__ import annotations

import secrets
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from storage_stream import __version__
from storage_stream.errors import UsageError
from storage_stream.integrations.dask.errors import ClusterLost
from storage_stream.integrations.dask.unit import do_unit
from storage_stream.media.extras import imported

if TYPE_CHECKING:
    from collections.abc import Callable

    from storage_stream.integrations.dask.order import Order, Report, Unit

__all__ = ["Engine", "LostWorkersError", "connect", "library"]

_RESULT_SECONDS = 60.0  # for a report, which is small, to come from a worker


class LostWorkersError(Exception):
    """A unit was lost with so many workers that the scheduler gave it up."""


def library() -> Any:
    """Dask distributed.

    Raises:
        ExtraMissing: It is not installed, or cannot be loaded.
    """
    return imported("distributed", "dask")


def connect(address: str, timeout: float = 10.0) -> Any:
    """A `distributed.Client` of the scheduler at an address, for who has none; close it.

    Args:
        address: Such as `tcp://scheduler:8786`.
        timeout: Seconds until it has to answer.

    Raises:
        ExtraMissing: See `library`.
        ClusterLost: Nobody answers there, or something else.
        UsageError: That is no address.
    """
    distributed = library()
    try:
        return distributed.Client(address, timeout=timeout, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise ClusterLost(f"no Dask scheduler answers at {address}") from error
    except (ValueError, TypeError) as error:
        raise UsageError(f"{address!r} is no scheduler's address: {error}") from error
    except Exception as error:  # whatever another server's words come to where Dask reads them
        raise ClusterLost(f"what answers at {address} is no Dask scheduler") from error


def _ended(tell: Callable[[int], None], number: int, future: object) -> None:
    del future  # it would be fetched here, in a thread that is the library's
    tell(number)


class OrderBytes(bytes):
    """A pickled order, whose bytes no log shows when a unit fails."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<an order of {len(self)} bytes>"

    __str__ = __repr__


def _lacking(error: Exception) -> UsageError:
    return UsageError(
        f"a worker cannot import what it needs, install storage-stream[dask]: {error}"
    )


class Engine:
    """Gives units to a cluster.

    Args:
        client: A `distributed.Client`.
        order: What is to be done; goes with each unit.
        tell: Called with the number of a unit that ended, from another thread.

    Raises:
        ExtraMissing: See `library`.
        UsageError: It is no client, one that does not block, or the order cannot be pickled.
    """

    def __init__(self, client: Any, order: Order, tell: Callable[[int], None]) -> None:
        self._distributed = library()
        if not isinstance(client, self._distributed.Client):
            raise UsageError(f"a distributed.Client is wanted, not {type(client).__name__}")
        if client.asynchronous:
            raise UsageError(
                "an asynchronous Dask client cannot be waited for: give one that blocks, and call"
                " this by asyncio.to_thread"
            )
        self._client = client
        self._order_bytes = self._pickled(order)
        self._tell = tell
        self._token = secrets.token_hex(4)
        self._futures: dict[int, Any] = {}
        self._plugin = f"storage-stream-{self._token}"
        self._plugin_made: Any = None
        self._client_key = order.client_key

    @property
    def address(self) -> str:
        """Of the scheduler, as the client knows it."""
        return str(self._client.scheduler.address)

    def __len__(self) -> int:
        return len(self._futures)

    def open(self) -> None:
        """Have each worker, those that come later too, close its storage client at its end.

        Raises:
            ClusterLost: The scheduler does not answer.
            UsageError: A worker lacks the extra.
        """
        plugins = import_module("storage_stream.integrations.dask.plugin")
        self._plugin_made = plugins.ClientHolder(self._client_key)
        try:
            self._client.register_plugin(self._plugin_made, name=self._plugin)
        except (OSError, TimeoutError, RuntimeError) as error:
            raise ClusterLost(f"the Dask scheduler does not answer: {error}") from error
        except Exception as error:  # what a worker met, of whatever class it could come back as
            raise _lacking(error) from error

    def threads(self) -> int:
        """Of all workers, now.

        Raises:
            ClusterLost: The scheduler does not answer.
        """
        self.check()
        try:
            return sum(self._client.nthreads().values())
        except Exception as error:
            raise ClusterLost(f"the Dask scheduler does not answer: {error}") from error

    def check(self) -> None:
        """See that the scheduler is there, as far as the client knows.

        Raises:
            ClusterLost: It is not.
        """
        if self._client.status != "running":
            raise ClusterLost(f"the Dask client is {self._client.status}: the scheduler is lost")

    def submit(self, unit: Unit) -> None:
        """Have a unit done.

        Raises:
            ClusterLost: The scheduler is gone.
        """
        self.check()
        try:
            future = self._client.submit(
                do_unit,
                self._order_bytes,
                unit,
                __version__,
                key=f"storage-stream-unit-{self._token}-{unit.number}",
                pure=False,
            )
        except Exception as error:
            raise ClusterLost(f"the Dask scheduler takes no work: {error}") from error
        self._futures[unit.number] = future
        number = unit.number
        future.add_done_callback(partial(_ended, self._tell, number))

    def take(self, number: int) -> Report:
        """What became of a unit that ended; the cluster forgets it.

        Raises:
            ClusterLost: It was cancelled: the scheduler is gone.
            LostWorkersError: Its workers are.
            UsageError: A worker lacks the extra, or has another version of it.
            Exception: What it raised.
        """
        future = self._futures.pop(number)
        try:
            report: Report = future.result(timeout=_RESULT_SECONDS)
        except self._distributed.KilledWorker as error:
            raise LostWorkersError(str(error)) from error
        except ImportError as error:
            raise _lacking(error) from error
        except Exception as error:
            if future.status in {"cancelled", "lost"} or self._client.status != "running":
                raise ClusterLost("the scheduler is lost, and what it had under way") from error
            raise
        finally:
            future.release()
        return report

    def close(self) -> None:
        """Give up what is under way, and let the workers' clients go."""
        futures, self._futures = list(self._futures.values()), {}
        for future in futures:
            future.release()
        if self._plugin_made is None or self._client.status != "running":
            return
        try:
            self._client.unregister_worker_plugin(self._plugin)
        except (OSError, TimeoutError, RuntimeError, ValueError, KeyError):
            return  # then the workers close them when they end

    def _pickled(self, order: Order) -> OrderBytes:
        pickler = import_module("distributed.protocol.pickle")
        try:
            return OrderBytes(pickler.dumps(order))
        except Exception as error:
            raise UsageError(f"this cannot be given to a worker: {error}") from error
