"""What is repeated of its own accord, method by method, with Google's retry scenarios.

https://cloud.google.com/storage/docs/retry-strategy#idempotency; the scenarios are those of its
conformance tests: passing errors of each kind twice, refusals, and preconditions given or not.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from storage_stream import Preconditions, Storage
from storage_stream.errors import (
    BadRequest,
    ConnectionLost,
    ResponseError,
    ServerError,
    StorageError,
    Unauthorized,
)
from storage_stream.testing.emulator_handle import EmulatorHandle

Call = Callable[..., Awaitable[Any]]
PASSING = [
    ("return-503", "return-503"),
    ("return-reset-connection", "return-reset-connection"),
    ("return-reset-connection", "return-503"),
]
ACCOUNT = "a@b.iam.gserviceaccount.com"


@dataclass(frozen=True)
class World:
    """What the methods work on."""

    gcs: EmulatorHandle
    storage: Storage
    generation: int
    access_id: str
    key_etag: str
    notification_id: str
    policy_etag: str


@pytest.fixture
async def world(gcs: EmulatorHandle, storage: Storage) -> World:
    gcs.create_bucket("bucket")
    gcs.create_bucket("empty")
    made = gcs.put("bucket", "o", b"data")
    key = await storage.create_hmac_key("p", ACCOUNT)
    idle = await storage.update_hmac_key("p", key["metadata"]["accessId"], "INACTIVE")
    notification = await storage.create_notification("bucket", "projects/p/topics/t")
    policy = await storage.get_iam_policy("bucket")
    gcs.log.clear()
    return World(
        *(gcs, storage, int(made["generation"]), idle["accessId"], idle["etag"]),
        *(notification["id"], policy["etag"]),
    )


async def listed(items: Any) -> list[Any]:
    return [item async for item in items]


ALWAYS: dict[str, Callable[[World], Awaitable[Any]]] = {
    "storage.buckets.delete": lambda w: w.storage.delete_bucket("empty"),
    "storage.buckets.get": lambda w: w.storage.get_bucket_metadata("bucket"),
    "storage.buckets.getIamPolicy": lambda w: w.storage.get_iam_policy("bucket"),
    "storage.buckets.insert": lambda w: w.storage.create_bucket("new", "p"),
    "storage.buckets.list": lambda w: listed(w.storage.iter_buckets("p")),
    "storage.buckets.testIamPermissions": lambda w: w.storage.test_iam_permissions(
        "bucket", ["storage.objects.get"]
    ),
    "storage.projects.hmacKeys.delete": lambda w: w.storage.delete_hmac_key("p", w.access_id),
    "storage.projects.hmacKeys.get": lambda w: w.storage.get_hmac_key("p", w.access_id),
    "storage.projects.hmacKeys.list": lambda w: listed(w.storage.iter_hmac_keys("p")),
    "storage.notifications.delete": lambda w: w.storage.delete_notification(
        "bucket", w.notification_id
    ),
    "storage.notifications.get": lambda w: w.storage.get_notification("bucket", w.notification_id),
    "storage.notifications.list": lambda w: w.storage.list_notifications("bucket"),
    "storage.objects.get": lambda w: w.storage.download_metadata("bucket", "o"),
    "storage.objects.list": lambda w: listed(w.storage.iter_objects("bucket")),
    "storage.projects.serviceAccount.get": lambda w: w.storage.get_service_account_email("p"),
}


def _with(call: Callable[..., Any], **known: int) -> tuple[Callable[..., Any], Preconditions]:
    return call, Preconditions(**known)


# What may be repeated when `preconditions` say so, with those that do.
BY_PRECONDITION: dict[str, tuple[Callable[..., Awaitable[Any]], Preconditions]] = {
    "storage.buckets.patch": _with(
        lambda w, **o: w.storage.patch_bucket("bucket", {}, **o), if_metageneration_match=1
    ),
    "storage.buckets.update": _with(
        lambda w, **o: w.storage.update_bucket("bucket", {}, **o), if_metageneration_match=1
    ),
    "storage.objects.compose": _with(
        lambda w, **o: w.storage.compose("bucket", "new", ["o"], **o), if_generation_match=0
    ),
    "storage.objects.delete": _with(
        lambda w, **o: w.storage.delete(
            "bucket", "o", **(o and {"preconditions": Preconditions(w.generation)})
        ),
        if_generation_match=1,
    ),
    "storage.objects.patch": _with(
        lambda w, **o: w.storage.patch_metadata("bucket", "o", {}, **o), if_metageneration_match=1
    ),
    "storage.objects.update": _with(
        lambda w, **o: w.storage.update_metadata("bucket", "o", {}, **o), if_metageneration_match=1
    ),
    "storage.objects.rewrite": _with(
        lambda w, **o: w.storage.copy("bucket", "o", "bucket", new_name="new", **o),
        if_generation_match=0,
    ),
    "storage.objects.move": _with(
        lambda w, **o: w.storage.rename("bucket", "o", "new", **o), if_generation_match=0
    ),
    "storage.objects.insert": _with(
        lambda w, **o: w.storage.upload("bucket", "new", b"data", **o), if_generation_match=0
    ),
}
BY_ETAG: dict[str, Callable[..., Awaitable[Any]]] = {
    "storage.buckets.setIamPolicy": lambda w, *, named: w.storage.set_iam_policy(
        "bucket", {"bindings": [], **({"etag": w.policy_etag} if named else {})}
    ),
    "storage.projects.hmacKeys.update": lambda w, *, named: w.storage.update_hmac_key(
        "p", w.access_id, "ACTIVE", etag=w.key_etag if named else None
    ),
}
NEVER: dict[str, Callable[[World], Awaitable[Any]]] = {
    "storage.projects.hmacKeys.create": lambda w: w.storage.create_hmac_key("p", ACCOUNT),
    "storage.notifications.insert": lambda w: w.storage.create_notification("bucket", "t"),
}


def requests_of(world: World, operation: str) -> int:
    return sum(entry.operation == operation for entry in world.gcs.log)


async def _fails_at_once(world: World, operation: str, call: Awaitable[Any]) -> None:
    with pytest.raises(StorageError) as caught:
        await call
    assert isinstance(caught.value, ServerError | ConnectionLost)
    assert caught.value.attempts == 1
    assert requests_of(world, operation) == 1


@pytest.mark.parametrize("words", PASSING)
@pytest.mark.parametrize("operation", ALWAYS)
async def test_always(world: World, operation: str, words: tuple[str, str]) -> None:
    world.gcs.arm_next(operation, *words)
    await ALWAYS[operation](world)
    assert requests_of(world, operation) == 3


@pytest.mark.parametrize("words", PASSING)
@pytest.mark.parametrize("operation", BY_PRECONDITION)
async def test_with_a_precondition(world: World, operation: str, words: tuple[str, str]) -> None:
    call, preconditions = BY_PRECONDITION[operation]
    world.gcs.arm_next(operation, *words)
    await call(world, preconditions=preconditions)
    assert requests_of(world, operation) == 3


@pytest.mark.parametrize("words", PASSING)
@pytest.mark.parametrize("operation", BY_PRECONDITION)
async def test_without_one(world: World, operation: str, words: tuple[str, str]) -> None:
    call, _ = BY_PRECONDITION[operation]
    world.gcs.arm_next(operation, *words)
    await _fails_at_once(world, operation, call(world))


@pytest.mark.parametrize("words", PASSING)
@pytest.mark.parametrize("operation", BY_ETAG)
async def test_with_and_without_an_etag(
    world: World, operation: str, words: tuple[str, str]
) -> None:
    world.gcs.arm_next(operation, *words)
    await BY_ETAG[operation](world, named=True)
    assert requests_of(world, operation) == 3
    world.gcs.log.clear()
    world.gcs.arm_next(operation, *words)
    await _fails_at_once(world, operation, BY_ETAG[operation](world, named=False))


@pytest.mark.parametrize("words", PASSING)
@pytest.mark.parametrize("operation", NEVER)
async def test_never(world: World, operation: str, words: tuple[str, str]) -> None:
    world.gcs.arm_next(operation, *words)
    await _fails_at_once(world, operation, NEVER[operation](world))


def _as_safe_as_can_be(world: World, operation: str) -> Awaitable[Any]:
    if operation in BY_PRECONDITION:
        call, preconditions = BY_PRECONDITION[operation]
        return call(world, preconditions=preconditions)
    if operation in BY_ETAG:
        return BY_ETAG[operation](world, named=True)
    return (ALWAYS | NEVER)[operation](world)


@pytest.mark.parametrize(
    ("word", "kind"), [("return-400", BadRequest), ("return-401", Unauthorized)]
)
@pytest.mark.parametrize("operation", [*ALWAYS, *BY_PRECONDITION, *BY_ETAG, *NEVER])
async def test_refusals_are_final(
    world: World, operation: str, word: str, kind: type[ResponseError]
) -> None:
    world.gcs.arm_next(operation, word)
    with pytest.raises(kind):
        await _as_safe_as_can_be(world, operation)
    assert requests_of(world, operation) == 1
