"""The emulator as a process of its own, as a person starts it, and its controls over HTTP.

It knows the command line and the documented paths of the emulator, and nothing of the client.
"""

import asyncio
import contextlib
import http.client
import json
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

START_SECONDS = 30.0
"""Until it must have said where it listens; a slow machine takes two."""

STOP_SECONDS = 10.0


class EmulatorProcessError(Exception):
    """The emulator did not start, or refused an order."""


@dataclass(frozen=True, slots=True)
class EmulatorProcess:
    """A running emulator.

    Attributes:
        url: Where it listens.
    """

    url: str

    async def cut_next_download(self, at_byte: int) -> None:
        """Cut the connection of the next download that reaches this byte of its object."""
        document = {"instructions": {"storage.objects.get": [f"drop-at-{at_byte}"]}}
        await self._ask("POST", "/_emulator/arm_next", document)

    async def downloads(self) -> list[dict[str, Any]]:
        """The requests for objects so far, oldest first."""
        answer = await self._ask("GET", "/_emulator/requests?operation=storage.objects.get")
        requests: list[dict[str, Any]] = answer["requests"]
        return requests

    async def _ask(self, method: str, path: str, document: object = None) -> Any:
        return await asyncio.to_thread(_exchange, self.url, method, path, document)


@contextlib.asynccontextmanager
async def emulator_process(folder: Path) -> AsyncGenerator[EmulatorProcess, None]:
    """Run `storage-stream emulator` over this folder, on a free port, until the block is left.

    Raises:
        EmulatorProcessError: It did not start.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "storage_stream.cli", "emulator"),
        *("--port", "0", "--json", "--data", str(folder)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # a Ctrl-C at the terminal is ours; we end the emulator after it
    )
    try:
        yield EmulatorProcess(await _address_of(process))
    finally:
        await _end(process)


async def _address_of(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None  # noqa: S101 - for the type: it is a pipe
    try:
        line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
    except TimeoutError:
        raise EmulatorProcessError(
            f"the emulator said nothing for {START_SECONDS:.0f} seconds"
        ) from None
    if not line:
        _, told = await process.communicate()
        raise EmulatorProcessError(f"the emulator did not start: {told.decode().strip()}")
    address: str = json.loads(line)["url"]
    return address


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask it to stop; where it does not, end it."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.communicate(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.communicate()


def _exchange(url: str, method: str, path: str, document: object) -> Any:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    try:
        body = None if document is None else json.dumps(document)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise EmulatorProcessError(f"the emulator answered {answer.status} to {method} {path}")
    return json.loads(content)
