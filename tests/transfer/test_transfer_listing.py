"""Lists longer than a page: in order, one page ahead, and left at any moment without a trace."""

from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest
from leaks import nothing_under_way, until
from scripted_server import ScriptedServer, head, reply

from storage_stream import Storage
from storage_stream.errors import Forbidden, NotFound, ProtocolError, ServerError
from storage_stream.testing.emulator_handle import EmulatorHandle

LIST = "storage.objects.list"
NAMES = sorted([f"folder/{n:02}" for n in range(12)] + ["a", "b.txt", "ü", "z"])


@pytest.fixture
def stored(gcs: EmulatorHandle) -> EmulatorHandle:
    for name in NAMES:
        gcs.put("bucket", name, name.encode())
    return gcs


async def _names(items: Any) -> list[str]:
    return [item["name"] async for item in items]


@pytest.mark.parametrize("page_size", [1, 3, 16, 17, None])
async def test_all_pages_in_order(
    stored: EmulatorHandle, storage: Storage, page_size: int | None
) -> None:
    assert await _names(storage.iter_objects("bucket", page_size=page_size)) == NAMES
    pages = -(-len(NAMES) // (page_size or 1000))
    assert len(stored.log) == pages


async def test_resources_are_whole(stored: EmulatorHandle, storage: Storage) -> None:
    item = await anext(storage.iter_objects("bucket", prefix="b"))
    assert item["size"] == "5"
    assert item["generation"] == stored.metadata("bucket", "b.txt")["generation"]


@pytest.mark.usefixtures("stored")
async def test_chosen_by_prefix_and_pattern(storage: Storage) -> None:
    folder = [name for name in NAMES if name.startswith("folder/")]
    assert await _names(storage.iter_objects("bucket", prefix="folder/", page_size=5)) == folder
    assert await _names(storage.iter_objects("bucket", match_glob="*.txt")) == ["b.txt"]
    bucket = storage.get_bucket("bucket")
    assert await _names(bucket.iter_objects("folder/")) == folder
    chosen = storage.iter_objects("bucket", params={"startOffset": "ü"})
    assert await _names(chosen) == [name for name in NAMES if name >= "ü"]


async def test_the_next_page_is_asked_for_while_one_is_read(
    stored: EmulatorHandle, storage: Storage
) -> None:
    async with aclosing(storage.iter_objects("bucket", page_size=4)) as items:
        await anext(items)
        await until(lambda: len(stored.log) == 2, lambda: "the next page is not asked for")
        for _ in range(3):
            await anext(items)
        await nothing_under_way(storage)
        assert len(stored.log) == 2, "only one page is fetched ahead"
        await anext(items)
        await until(lambda: len(stored.log) == 3, lambda: "the third page is not asked for")


@pytest.mark.parametrize("closing", [True, False])
async def test_leaving_early_leaves_nothing(
    stored: EmulatorHandle,
    storage: Storage,
    closing: bool,  # noqa: FBT001 - a parameter
) -> None:
    stored.arm_next(LIST, "pass", "stall-for-600s-after-0K")
    items = storage.iter_objects("bucket", page_size=1)
    if closing:
        async with aclosing(items):
            await anext(items)
    else:
        async for _item in items:
            break
        del items
    await nothing_under_way(storage)


async def test_an_error_on_a_later_page_comes_behind_the_pages_before(
    stored: EmulatorHandle, storage: Storage
) -> None:
    stored.arm_next(LIST, "pass", "return-403")
    items = storage.iter_objects("bucket", page_size=4)
    assert [(await anext(items))["name"] for _ in range(4)] == NAMES[:4]
    with pytest.raises(Forbidden, match="gs://bucket"):
        await anext(items)


async def test_passing_errors_are_overcome(stored: EmulatorHandle, storage: Storage) -> None:
    stored.arm_next(
        LIST, "return-503", "pass", "return-reset-connection", "return-broken-stream", "return-429"
    )
    assert await _names(storage.iter_objects("bucket", page_size=4)) == NAMES
    assert len(stored.log) == 8


async def test_a_failing_list_left_early_says_nothing(
    stored: EmulatorHandle, storage: Storage
) -> None:
    """The page ahead failed, and nobody will ever ask for it: no warning about its error."""
    stored.arm_next(LIST, "pass", "return-403")
    async with aclosing(storage.iter_objects("bucket", page_size=4)) as items:
        await anext(items)
        await until(lambda: len(stored.log) == 2, lambda: "the next page is not asked for")
        await nothing_under_way(storage)
    await nothing_under_way(storage)


async def test_nothing_is_asked_before_the_first_item(
    stored: EmulatorHandle, storage: Storage
) -> None:
    items = storage.iter_objects("bucket")
    await items.aclose()
    assert len(stored.log) == 0


async def test_no_bucket(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.arm_next(LIST, "return-404")
    with pytest.raises(NotFound, match="gs://none-such"):
        await _names(storage.iter_objects("none-such"))
    assert len(gcs.log) == 1


async def test_a_raw_page(stored: EmulatorHandle, storage: Storage) -> None:
    params = {"maxResults": 2, "prefix": "folder/"}
    page = await storage.list_objects("bucket", params=params)
    assert params == {"maxResults": 2, "prefix": "folder/"}
    assert page["kind"] == "storage#objects"
    assert [item["name"] for item in page["items"]] == ["folder/00", "folder/01"]
    following = await storage.list_objects(
        "bucket", params={"maxResults": 2, "pageToken": page["nextPageToken"]}
    )
    assert following["items"][0]["name"] == "folder/02"
    assert len(stored.log) == 2


@pytest.mark.usefixtures("stored")
async def test_names_and_folders(storage: Storage) -> None:
    bucket = storage.get_bucket("bucket")
    assert await bucket.list_blobs() == NAMES
    assert await bucket.list_blobs("folder/") == [n for n in NAMES if n.startswith("folder/")]
    assert await bucket.list_blobs(match_glob="*.txt") == ["b.txt"]
    assert await bucket.list_blobs(delimiter="/") == ["a", "b.txt", "z", "ü", "folder/"]


async def test_list_blobs_reads_every_page(storage_of: Callable[..., Storage]) -> None:
    def page(body: bytes) -> Any:
        return reply(head(200, f"Content-Length: {len(body)}") + body)

    pages = [
        page(b'{"items": [{"name": "a"}], "nextPageToken": "t&1"}'),
        page(b'{"prefixes": ["p/"], "nextPageToken": "t 2"}'),  # a page may hold no items
        page(b'{"items": [{"name": "z"}]}'),
    ]
    async with ScriptedServer(pages) as server, storage_of(server) as storage:
        assert await storage.get_bucket("bucket").list_blobs() == ["a", "p/", "z"]
    assert [asked.target.partition("?")[2] for asked in server.asked] == [
        "",
        "pageToken=t%261",
        "pageToken=t+2",
    ]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"items": 5}', b"<html>", b'{"items": [{"name": "a"}]'],
)
async def test_a_page_that_is_none(storage_of: Callable[..., Storage], body: bytes) -> None:
    answer = head(200, f"Content-Length: {len(body)}") + body
    async with ScriptedServer([reply(answer)]) as server, storage_of(server) as storage:
        with pytest.raises(ProtocolError):
            await _names(storage.iter_objects("bucket"))


async def test_a_list_that_goes_round_ends(storage_of: Callable[..., Storage]) -> None:
    body = b'{"items": [{"name": "a"}], "nextPageToken": "t"}'
    answer = reply(head(200, f"Content-Length: {len(body)}") + body)
    async with ScriptedServer([answer]) as server, storage_of(server) as storage:
        with pytest.raises(ProtocolError, match="came again"):
            await _names(storage.iter_objects("bucket"))
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "body", [b'{"items": [{}]}', b'{"items": [5]}', b'{"items": [{"name": 5}]}']
)
async def test_buckets_without_a_name(storage_of: Callable[..., Storage], body: bytes) -> None:
    answer = reply(head(200, f"Content-Length: {len(body)}") + body)
    async with ScriptedServer([answer]) as server, storage_of(server) as storage:
        with pytest.raises(ProtocolError):
            await storage.list_buckets("project")


async def test_the_budget_is_one_for_each_page(stored: EmulatorHandle, storage: Storage) -> None:
    stored.arm_next(LIST, *["return-503", "pass"] * 4)
    assert await _names(storage.iter_objects("bucket", page_size=4, retries=1)) == NAMES
    stored.arm_next(LIST, *["return-503"] * 2)
    with pytest.raises(ServerError) as caught:
        await _names(storage.iter_objects("bucket", retries=1))
    assert caught.value.attempts == 2


async def test_buckets(gcs: EmulatorHandle, storage: Storage) -> None:
    for name in ("one", "two", "three"):
        await storage.create_bucket(name, "project")
    assert sorted(bucket.name for bucket in await storage.list_buckets("project")) == [
        "one",
        "three",
        "two",
    ]
    assert len(gcs.log) == 4
