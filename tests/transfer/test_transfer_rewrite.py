"""Copies of several calls: each must bring them forward, or another token."""

import json

import pytest

from storage_stream import Environment, Storage
from storage_stream.errors import ProtocolError
from storage_stream.testing.memory_answer import Answer
from storage_stream.testing.memory_transport import MemoryTransport


def step(done: int, token: str | None) -> Answer:
    said: dict[str, object] = {"totalBytesRewritten": str(done), "objectSize": "9"}
    said |= {"rewriteToken": token} if token else {"done": True, "resource": {"name": "n"}}
    return Answer(body=json.dumps(said).encode())


def client(*answers: Answer) -> Storage:
    environment = Environment(transport=MemoryTransport(answers))
    return Storage(api_root="https://gcs.test", anonymous=True, environment=environment)


async def test_the_same_token_and_no_more_bytes() -> None:
    async with client(step(3, "t"), step(3, "t")) as storage:
        with pytest.raises(ProtocolError, match="does not come forward") as caught:
            await storage.copy("bucket", "n", "other")
    state = caught.value.state
    assert state is not None
    assert state["token"] == "t"
    async with client(step(9, None)) as storage:
        assert (await storage.resume_copy(state))["done"]


@pytest.mark.parametrize(
    "answers",
    [
        (step(3, "t"), step(6, "t"), step(9, None)),
        (step(0, "t"), step(0, "u"), step(9, None)),
    ],
)
async def test_what_comes_forward_goes_on(answers: tuple[Answer, ...]) -> None:
    async with client(*answers) as storage:
        assert (await storage.copy("bucket", "n", "other"))["done"]
