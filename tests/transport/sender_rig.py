"""A sender between a script of answers and a clock, for its tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from storage_stream._protocol.operation import Idempotence, Operation
from storage_stream._protocol.options import RequestOptions
from storage_stream._protocol.replies import parse_json
from storage_stream._transport.sender import Sender
from storage_stream.errors import (
    StorageError,
)
from storage_stream.testing import Answer, FakeClock, MemoryTransport

if TYPE_CHECKING:
    from storage_stream._transport.credentials import Credentials


ROOT = "https://gcs.test"
OK = Answer(body=b"{}")
SECRET = "ya29.s3cret"
OPTIONS = RequestOptions()


@dataclass
class Tokens:
    """Credentials that count."""

    quota_project: str | None = None
    values: list[str] = field(default_factory=lambda: [f"{SECRET}-{n}" for n in range(9)])
    told: list[str] = field(default_factory=list)
    timeouts: list[float | None] = field(default_factory=list)

    async def token(self, timeout: float | None = None) -> str:  # noqa: ASYNC109 - as Credentials
        self.timeouts.append(timeout)
        return self.values[0]

    def refused(self, token: str) -> None:
        self.told.append(token)
        self.values.remove(token)

    async def close(self) -> None: ...


@dataclass
class Rig:
    """A sender between a script and a clock."""

    network: MemoryTransport
    credentials: Credentials = field(default_factory=Tokens)
    root: str = ROOT
    clock: FakeClock = field(default_factory=FakeClock)

    @property
    def sender(self) -> Sender:
        return Sender(
            self.network,
            self.credentials,
            root=self.root,
            clock=self.clock,
            random=lambda: 0.5,
            user_agent="us/1",
        )

    async def send(self, operation: Operation[Any], **options: Any) -> Any:
        return await self.sender.send(operation, RequestOptions.of(options, OPTIONS))

    async def fails(self, operation: Operation[Any], **options: Any) -> StorageError:
        with pytest.raises(StorageError) as caught:
            await self.send(operation, **options)
        assert self.network.open == 0
        assert self.clock.timers == 0
        return caught.value


def rig(*outcomes: Answer | StorageError, **fields: Any) -> Rig:
    return Rig(MemoryTransport(outcomes), **fields)


def operation(
    idempotence: Idempotence = Idempotence.ALWAYS,
    query: tuple[tuple[str, str], ...] = (),
    method: str = "GET",
    path: str = "/storage/v1/b/x/o/y",
) -> Operation[Any]:
    return Operation(
        "storage.objects.get",
        method,
        path,
        parse_json,
        "gs://x/y",
        query,
        idempotence=idempotence,
    )


GET = operation()
POST = operation(Idempotence.NEVER, method="POST")
