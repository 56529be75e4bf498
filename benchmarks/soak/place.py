"""The emulator in a process of its own, which is killed and started again; and bare HTTP to it.

The judge reads by `http.client`, not by the client that is judged.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from benchmarks.process_memory import resident_bytes

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PLAIN", "VERSIONED", "Place"]

PLAIN = "soak-plain"
VERSIONED = "soak-versioned"

_START_SECONDS = 60.0


class Place:
    """The emulator over a folder.

    Args:
        folder: Where it keeps its data.
        port: Where it listens.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{port}"

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            RuntimeError: It ended, or takes for ever.
        """
        command = [sys.executable, "-m", "storage_stream.cli", "emulator", "--json"]
        options = ["--data", str(self._folder), "--port", str(self._port)]
        self._process = subprocess.Popen(  # our own code
            [*command, *options, "--rewrite-bytes", "1000000"],
            stdout=subprocess.DEVNULL,
        )
        last_moment = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > last_moment:
                raise RuntimeError("the emulator does not start")
            time.sleep(0.02)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End it: with SIGKILL at once, whatever it is doing."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait()

    def make_buckets(self) -> None:
        """Make the buckets of a run; those that are there stay."""
        for name in (PLAIN, VERSIONED):
            resource = {"name": name, "versioning": {"enabled": name == VERSIONED}}
            self._ask("POST", "/storage/v1/b?project=soak", resource, accepted=(200, 409))

    def arm(self, operation: str, words: list[str]) -> None:
        """Let the next requests of an operation meet faults."""
        self._ask("POST", "/_emulator/arm_next", {"instructions": {operation: words}})

    def disarm(self) -> None:
        """Let everything through."""
        self._ask("DELETE", "/_emulator/arm_next", None, accepted=(200, 204))

    def status(self) -> dict[str, Any]:
        """Its counters, without the connection that asks."""
        found: dict[str, Any] = json.loads(self._ask("GET", "/_emulator/status", None))
        found["open_connections"] -= 1
        return found

    def memory_bytes(self) -> int:
        """Its resident memory."""
        if self._process is None:
            return 0
        return resident_bytes(self._process.pid)

    def generations(self, bucket: str) -> list[dict[str, Any]]:
        """The resources of all generations of all objects."""
        found: list[dict[str, Any]] = []
        token = ""
        while True:
            query = urlencode({"versions": "true", **({"pageToken": token} if token else {})})
            page = json.loads(self._ask("GET", f"/storage/v1/b/{bucket}/o?{query}", None))
            found += page.get("items", [])
            token = page.get("nextPageToken", "")
            if not token:
                return found

    def read(self, bucket: str, name: str, generation: str) -> bytes:
        """The bytes of a generation."""
        query = urlencode({"alt": "media", "generation": generation})
        return self._ask("GET", f"/storage/v1/b/{bucket}/o/{quote(name, safe='')}?{query}", None)

    def put(self, bucket: str, name: str, data: bytes) -> None:
        """Make an object, for tests of the judge."""
        query = urlencode({"uploadType": "media", "name": name})
        self._ask("POST", f"/upload/storage/v1/b/{bucket}/o?{query}", data)

    def request(self, method: str, path: str) -> bytes:
        """Anything else, for tests of the judge."""
        return self._ask(method, path, None, accepted=(200, 204))

    def _answers(self) -> bool:
        try:
            self.status()
        except (OSError, HTTPException):
            return False
        return True

    def _ask(
        self, method: str, path: str, document: Any, accepted: tuple[int, ...] = (200,)
    ) -> bytes:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        headers = {"Accept-Encoding": "gzip", "Connection": "close"}
        body = document if isinstance(document, bytes) else None
        if document is not None and body is None:
            body = json.dumps(document).encode()
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if answer.status not in accepted:
            raise HTTPException(f"{method} {path}: {answer.status} {data[:200]!r}")
        return data
