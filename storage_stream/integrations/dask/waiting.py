"""A cluster without workers: how long a run waits for them, and what is said meanwhile.

It is told how many threads there are and what time it is, and knows neither the cluster nor a
clock. Clusters that grow on demand begin without a worker, so that having none is no error at
once; but who forgot to start them shall not look at nothing until it becomes one.
"""

from __future__ import annotations

import logging

from storage_stream.integrations.dask.errors import ClusterLost

__all__ = ["WorkerWatch"]

_log = logging.getLogger("storage_stream")
_FIRST_WORD_SECONDS = 3.0  # workers of one machine are there by then
_NEXT_WORD_SECONDS = 60.0  # pods and machines take that long


class WorkerWatch:
    """Whether somebody works.

    Args:
        address: Of the scheduler; only told.
        patience_seconds: How long there may be no worker.
        now: Seconds that only grow.
    """

    def __init__(self, address: str, patience_seconds: float, now: float) -> None:
        self._address = address
        self._patience_seconds = patience_seconds
        self._since = now  # that nobody works
        self._next_word = now + _FIRST_WORD_SECONDS
        self._has_seen_one = self._has_told = False

    def looked(self, threads: int, now: float) -> None:
        """So many threads are there at this time.

        Logs `no_workers` (WARNING) when there have been none for a few seconds, and each minute
        from then on; `workers` (INFO) when some came after that.

        Raises:
            ClusterLost: It has been without a worker for too long.
        """
        if threads:
            self._somebody_works(threads, now)
            return
        waited = now - self._since
        if waited > self._patience_seconds:
            raise ClusterLost(f"{self._words}: given up after {waited:.0f} s")
        if now >= self._next_word:
            self._next_word = now + _NEXT_WORD_SECONDS
            self._tell(waited)

    def _somebody_works(self, threads: int, now: float) -> None:
        if self._has_told:
            facts = {"event": "workers", "subject": self._address, "threads": threads}
            _log.info("workers came to the Dask cluster at %s", self._address, extra=facts)
        self._since, self._next_word = now, now + _FIRST_WORD_SECONDS
        self._has_seen_one, self._has_told = True, False

    def _tell(self, waited: float) -> None:
        self._has_told = True
        left = self._patience_seconds - waited
        facts = {
            "event": "no_workers",
            "subject": self._address,
            "seconds": waited,
            "seconds_left": left,
        }
        _log.warning("%s: waiting for at most %.0f s more", self._words, left, extra=facts)

    @property
    def _words(self) -> str:
        what = "no workers any more" if self._has_seen_one else "no workers yet"
        return f"{what} on the Dask cluster at {self._address}"
