"""What goes wrong while it runs: faults of the network, clients and the server killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.soak.place import Place

__all__ = ["Chaos", "Plan", "Process"]

_OPERATIONS = (
    *("storage.objects.get", "storage.objects.insert", "storage.objects.list"),
    *("storage.objects.delete", "storage.objects.patch", "storage.objects.compose"),
    *("storage.objects.rewrite", "storage.objects.move", "storage.batch"),
)
_WEIGHTS = (40, 30, 6, 6, 3, 3, 4, 3, 3)
_FOR_ALL = (
    *("return-503", "return-503", "return-429", "return-500", "return-reset-connection"),
    *("return-broken-stream", "commit-then-drop", "commit-then-503", "garbled-json", "401-once"),
)


class Process:
    """A client in a process of its own.

    Args:
        folder: Its own.
        number: Which one; a second life of it has the same.
        place: Where the emulator is.
        seed: For its choices.
    """

    def __init__(self, folder: Path, number: int, place: Place, seed: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.number = number
        self._place = place
        self._chance = random.Random(seed)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin a life."""
        command = [sys.executable, "-m", "benchmarks.soak.worker"]
        seed = self._chance.randrange(2**31)
        arguments = [str(self.folder), str(self.number), str(seed)]
        environment = {**os.environ, "STORAGE_EMULATOR_HOST": self._place.url}
        with (self.folder / "output.txt").open("ab") as output:
            self._process = subprocess.Popen(
                [*command, *arguments], env=environment, stdout=output, stderr=output
            )

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    @property
    def exit_status(self) -> int | None:
        """None while it runs."""
        return None if self._process is None else self._process.poll()

    def tell_to_stop(self) -> None:
        """Let it end what it has begun."""
        (self.folder / "stop").touch()

    def ended_within(self, seconds: float) -> bool:
        """Wait for its end."""
        last_moment = time.monotonic() + seconds
        while self.exit_status is None and time.monotonic() < last_moment:
            time.sleep(0.05)
        return self.exit_status is not None


class Plan:
    """When each thing happens; a run of another length has the same in other numbers.

    Args:
        fault: Seconds from one armed fault to the next, on average.
        client_kill: The same for killing a client.
        server_kill: The same for killing the server.
    """

    def __init__(
        self, fault: float = 0.15, client_kill: float = 12.0, server_kill: float = 40.0
    ) -> None:
        self.fault = fault
        self.client_kill = client_kill
        self.server_kill = server_kill


class Chaos:
    """Breaks things, and counts what it broke."""

    def __init__(self, place: Place, mortal: list[Process], plan: Plan, seed: int) -> None:
        self._place = place
        self._mortal = mortal
        self._plan = plan
        self._chance = random.Random(seed)
        self.counts: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        now = time.monotonic()
        self._next_fault = now
        self._next_client = now + self._soon(plan.client_kill)
        self._next_server = now + self._soon(plan.server_kill)

    def turn(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        if now >= self._next_fault:
            self._next_fault = now + self._soon(self._plan.fault)
            self._arm()
        if self._mortal and now >= self._next_client:
            self._next_client = now + self._soon(self._plan.client_kill)
            process = self._chance.choice(self._mortal)
            process.kill()
            process.start()
            self.counts["client kills"] += 1
        if now >= self._next_server:
            self._place.stop(signal.SIGKILL)
            self.counts["server kills"] += 1
            self._place.start()
            # From its start on, which may take longer than it is to live.
            self._next_server = time.monotonic() + self._soon(self._plan.server_kill)

    def _soon(self, mean: float) -> float:
        return self._chance.uniform(0.5, 1.5) * mean

    def _arm(self) -> None:
        operation = self._chance.choices(_OPERATIONS, _WEIGHTS)[0]
        word = self._word(operation)
        try:
            self._place.arm(operation, [word])
        except (OSError, HTTPException):
            self.counts["faults not armed"] += 1
            return
        self.counts["faults armed"] += 1
        self.faults[word.partition("-after-")[0].rstrip("0123456789")] += 1

    def _word(self, operation: str) -> str:
        chance = self._chance
        words = list(_FOR_ALL)
        if operation in {"storage.objects.get", "storage.objects.insert"}:
            words += [
                f"drop-at-{chance.randint(0, 2_000_000)}",
                f"drop-at-{chance.randint(0, 50_000)}",
                f"return-503-after-{chance.randrange(0, 2000, 4)}K",
                f"stall-for-0.3s-after-{chance.randrange(0, 500, 4)}K",
            ]
        if operation == "storage.objects.insert":
            # Lies about bytes, only where they can be told: of a range, or of what the metadata
            # say when it is asked for, nobody can. Reads of whole objects ask for such lies.
            words += ["wrong-hash", "short-length"]
            words += [f"flip-bit-at-{chance.randint(0, 50_000)}"]
            words += [f"308-back-to-{256 * 1024 * chance.randint(0, 4)}"]
        return chance.choice(words)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {**self.counts, "faults": dict(sorted(self.faults.items()))}
