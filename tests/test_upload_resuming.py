"""Uploads that break: at each byte that matters, at each message, twice: one whole object results.

The bucket keeps every generation, so that a second object would be seen.
"""

import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from leaks import nothing_under_way
from sample_data import patterned

from storage_stream import Preconditions, Storage
from storage_stream.errors import (
    IntegrityError,
    InvalidArgument,
    NotFound,
    ObjectChanged,
    PreconditionFailed,
    ServerError,
    SessionExpired,
    StorageError,
    TransferError,
    Unauthorized,
)
from storage_stream.testing.emulator_handle import EmulatorHandle

INSERT = "storage.objects.insert"
QUANTUM = 256 * 1024
CHUNK = 2 * QUANTUM
DATA = patterned(2 * CHUNK + QUANTUM + 5)
POSITIONS = [0, 1, QUANTUM - 1, QUANTUM, QUANTUM + 1, CHUNK - 1, CHUNK, CHUNK + 1, len(DATA) - 1]

Upload = Callable[..., Awaitable[Any]]


async def _pieces(data: bytes = DATA, size: int = 100_000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def _options(options: dict[str, Any]) -> dict[str, Any]:
    return {"chunk_bytes": CHUNK, "force_resumable_upload": True, **options}


async def _bytes(storage: Storage, _: Path, **options: Any) -> Any:
    return await storage.upload("bucket", "name", DATA, **_options(options))


async def _path(storage: Storage, folder: Path, **options: Any) -> Any:
    (folder / "source").write_bytes(DATA)
    return await storage.upload("bucket", "name", folder / "source", **_options(options))


async def _file(storage: Storage, _: Path, **options: Any) -> Any:
    file = io.BytesIO(b"12345" + DATA)
    file.seek(5)
    made = await storage.upload("bucket", "name", file, **_options(options))
    assert file.tell() == 5 + len(DATA)
    return made


async def _iterator(storage: Storage, _: Path, **options: Any) -> Any:
    return await storage.upload("bucket", "name", _pieces(), **_options(options))


async def _writer(storage: Storage, _: Path, **options: Any) -> Any:
    async with storage.upload_stream("bucket", "name", chunk_bytes=CHUNK, **options) as writer:
        async for piece in _pieces():
            await writer.write(piece)
    return writer.resource


UPLOADS: dict[str, Upload] = {
    "bytes": _bytes,
    "path": _path,
    "file": _file,
    "iterator": _iterator,
    "writer": _writer,
}
EVERY_KIND = pytest.mark.parametrize("kind", UPLOADS)


@pytest.fixture(autouse=True)
def _bucket(gcs: EmulatorHandle) -> None:
    gcs.create_bucket("bucket", versioning={"enabled": True})


def _one_whole_object(gcs: EmulatorHandle) -> bool:
    made = gcs.objects("bucket", versions="true")
    return len(made) == 1 and gcs.read("bucket", "name") == DATA


async def _clear(gcs: EmulatorHandle, storage: Storage) -> None:
    """As at the beginning: no object, no fault, no log."""
    gcs._ask("DELETE", "/_emulator/arm_next")
    for item in gcs.objects("bucket", versions="true"):
        await storage.delete("bucket", "name", generation=int(item["generation"]))
    gcs.log.clear()


# -- it is lost, and goes on -----------------------------------------------------------------


@EVERY_KIND
async def test_lost_at_a_byte_and_there_again(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, kind: str
) -> None:
    for position in POSITIONS:
        gcs.arm_next(INSERT, *[f"drop-at-{position}"] * 2)
        resource = await UPLOADS[kind](storage, tmp_path)
        assert resource["size"] == str(len(DATA)), position
        assert _one_whole_object(gcs), position
        assert gcs.unfinished_sessions == 0, position
        assert any(entry.status is None for entry in gcs.log), position
        await _clear(gcs, storage)


@EVERY_KIND
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(
    "word",
    [
        "return-503",
        "return-429",
        "return-reset-connection",
        "return-broken-stream",
        "commit-then-drop",
        "commit-then-503",
        "garbled-json",
    ],
)
async def test_each_message_lost(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, kind: str, word: str, times: int
) -> None:
    """The start, each PUT, the questions, the last answer."""
    passed = 0
    while True:
        gcs.arm_next(INSERT, *["pass"] * passed, *[word] * times)
        await UPLOADS[kind](storage, tmp_path)
        assert _one_whole_object(gcs)
        struck = sum(entry.fault == word for entry in gcs.log)
        await _clear(gcs, storage)
        if not struck:
            break
        passed += 1
    assert passed >= (1 if word in {"commit-then-drop", "commit-then-503", "garbled-json"} else 2)


@pytest.mark.parametrize("position", POSITIONS)
async def test_nothing_that_was_confirmed_is_sent_again(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, position: int
) -> None:
    gcs.arm_next(INSERT, f"drop-at-{position}")
    await _path(storage, tmp_path)
    start, *puts = gcs.log
    assert start.method == "POST"
    broken, query, *rest = puts
    assert (broken.status, query.status, query.bytes_in) == (None, 308, 0)
    assert query.range == f"bytes */{len(DATA)}"
    kept = position // QUANTUM * QUANTUM
    assert rest[0].range == f"bytes {kept}-{len(DATA) - 1}/{len(DATA)}"
    assert len(rest) == 1


@EVERY_KIND
@pytest.mark.parametrize("position", [0, QUANTUM])
async def test_confirmed_bytes_that_the_service_loses(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, kind: str, position: int
) -> None:
    """What can be read again is; else the error says so, and nothing wrong is stored."""
    gcs.arm_next(INSERT, f"drop-at-{CHUNK}", "pass", f"308-back-to-{position}")
    if kind in {"iterator", "writer"}:
        with pytest.raises(TransferError, match="had confirmed") as caught:
            await UPLOADS[kind](storage, tmp_path)
        assert not isinstance(caught.value, SessionExpired)  # it lives, and can be gone on with
        assert caught.value.state is not None
        assert gcs.objects("bucket") == []
        await storage.resume_upload(caught.value.state, DATA)
    else:
        await UPLOADS[kind](storage, tmp_path)
    assert _one_whole_object(gcs)


async def test_a_service_that_loses_confirmed_bytes_is_reported(
    gcs: EmulatorHandle, storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    writer = storage.upload_stream("bucket", "name", chunk_bytes=CHUNK)
    await writer.write(DATA)
    confirmed = writer.confirmed_bytes
    gcs.arm_next(INSERT, "308-back-to-0")
    await storage.resume_upload(writer.state(), DATA)
    assert confirmed > 0
    assert f"had confirmed {confirmed} bytes and now has 0" in caplog.text
    assert gcs.read("bucket", "name") == DATA


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("kind", ["bytes", "path", "file"])
async def test_a_lost_session_begins_anew(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, kind: str, status: int
) -> None:
    gcs.arm_next(INSERT, f"drop-at-{CHUNK}", f"return-{status}")
    metadata = {"metadata": {"colour": "red"}}
    await UPLOADS[kind](storage, tmp_path, metadata=metadata, content_type="a/b")
    assert _one_whole_object(gcs)
    assert [entry.method for entry in gcs.log] == ["POST", "PUT", "PUT", "POST", "PUT"]
    resource = gcs.metadata("bucket", "name")
    assert (resource["contentType"], resource["metadata"]) == ("a/b", {"colour": "red"})


@pytest.mark.parametrize("kind", ["iterator", "writer"])
async def test_a_lost_session_of_a_source_that_comes_once(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, kind: str
) -> None:
    gcs.arm_next(INSERT, *["pass"] * 2, "return-410")
    with pytest.raises(SessionExpired) as caught:
        await UPLOADS[kind](storage, tmp_path)
    assert caught.value.state is not None
    assert caught.value.state["confirmed"] == CHUNK
    assert gcs.objects("bucket") == []


# -- it is given up, and gone on with --------------------------------------------------------


@EVERY_KIND
async def test_an_error_has_a_state_to_go_on_from(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, kind: str
) -> None:
    for position in POSITIONS:
        gcs.arm_next(INSERT, f"drop-at-{position}")
        with pytest.raises(StorageError) as caught:
            await UPLOADS[kind](storage, tmp_path, retries=0)
        assert gcs.objects("bucket") == [], position
        assert gcs.unfinished_sessions == 1, position
        state = json.loads(json.dumps(caught.value.state))
        assert state["session_uri"] not in f"{caught.value!r}"
        before = len(gcs.log)
        await storage.resume_upload(state, DATA)
        assert _one_whole_object(gcs), position
        query, *rest = gcs.log[before:]
        assert query.bytes_in == 0, position
        again = len(DATA) - position // QUANTUM * QUANTUM
        assert sum(entry.bytes_in for entry in rest) == again, position
        await _clear(gcs, storage)


@pytest.mark.parametrize("kind", UPLOADS)
async def test_an_upload_that_had_ended_is_not_made_again(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, kind: str
) -> None:
    gcs.arm_next(INSERT, "commit-then-drop")
    with pytest.raises(StorageError) as caught:
        await UPLOADS[kind](storage, tmp_path, retries=0)
    assert caught.value.state is not None
    for source in (DATA, _pieces(), io.BytesIO(DATA)):
        resource = await storage.resume_upload(caught.value.state, source)
        assert resource["size"] == str(len(DATA))
    assert _one_whole_object(gcs)


async def _state_at(gcs: EmulatorHandle, storage: Storage, position: int) -> dict[str, Any]:
    """Of an upload whose service has confirmed all before `position`."""
    gcs.arm_next(INSERT, f"drop-at-{position}", "pass", "return-503", "return-503")
    with pytest.raises(ServerError) as caught:
        await storage.upload("bucket", "name", io.BytesIO(DATA), force_resumable_upload=True,
                             retries=1)  # fmt: skip
    assert caught.value.state is not None
    assert caught.value.state["confirmed"] == position
    return caught.value.state


@pytest.mark.parametrize("kind", ["bytes", "file", "iterator"])
@pytest.mark.parametrize("wrong", ["first", "last checked", "shorter", "empty"])
async def test_another_source_is_noticed_and_nothing_is_lost(
    gcs: EmulatorHandle, storage: Storage, kind: str, wrong: str
) -> None:
    state = await _state_at(gcs, storage, CHUNK)
    other = {
        "first": b"?" + DATA[1:],
        "last checked": DATA[: CHUNK - 1] + bytes([DATA[CHUNK - 1] ^ 1]) + DATA[CHUNK:],
        "shorter": DATA[: CHUNK - 1],
        "empty": b"",
    }[wrong]
    source: Any = {"bytes": other, "file": io.BytesIO(other), "iterator": _pieces(other)}[kind]
    with pytest.raises((ObjectChanged, InvalidArgument)):
        await storage.resume_upload(state, source)
    assert gcs.objects("bucket", versions="true") == []
    await storage.resume_upload(state, DATA)
    assert _one_whole_object(gcs)


async def test_another_source_behind_what_was_sent(gcs: EmulatorHandle, storage: Storage) -> None:
    """It becomes the object: nobody knows what else was to come. Its checksum is its own."""
    state = await _state_at(gcs, storage, CHUNK)
    other = DATA[:CHUNK] + bytes(len(DATA) - CHUNK)
    await storage.resume_upload(state, other)
    assert gcs.read("bucket", "name") == other


@pytest.mark.parametrize("kind", ["bytes", "iterator"])
async def test_an_expired_session_is_begun_anew(
    gcs: EmulatorHandle, storage: Storage, kind: str
) -> None:
    """With all that it was to be, and judged by the same precondition."""
    gcs.put("bucket", "name", b"older")
    older = gcs.metadata("bucket", "name")["generation"]
    gcs.log.clear()
    gcs.arm_next(INSERT, f"drop-at-{CHUNK}", "pass", "return-503", "return-503")
    with pytest.raises(ServerError) as caught:
        await storage.upload("bucket", "name", io.BytesIO(DATA), force_resumable_upload=True,
                             retries=1, content_type="a/b", metadata={"metadata": {"c": "red"}},
                             preconditions=Preconditions(if_generation_match=older))  # fmt: skip
    state = json.loads(json.dumps(caught.value.state))
    gcs.arm_next(INSERT, "return-410")
    await storage.resume_upload(state, {"bytes": DATA, "iterator": _pieces()}[kind])
    assert gcs.read("bucket", "name") == DATA
    resource = gcs.metadata("bucket", "name")
    assert (resource["contentType"], resource["metadata"]) == ("a/b", {"c": "red"})
    starts = [entry.query for entry in gcs.log if entry.method == "POST"]
    assert len(starts) == 2
    assert all(f"ifGenerationMatch={older}" in query for query in starts)


async def test_an_expired_session_of_nobody_knows_what(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    state = await _state_at(gcs, storage, CHUNK)
    del state["metadata"]
    for source in (DATA, _pieces()):
        gcs.arm_next(INSERT, "return-410")
        with pytest.raises(SessionExpired):
            await storage.resume_upload(state, source)
    assert gcs.objects("bucket") == []
    await nothing_under_way(storage)


async def test_a_source_that_fails_in_a_resume_leaves_the_session(
    gcs: EmulatorHandle, storage: Storage
) -> None:
    state = await _state_at(gcs, storage, CHUNK)

    async def failing() -> AsyncIterator[bytes]:
        yield DATA[: CHUNK + 5]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await storage.resume_upload(state, failing())
    await storage.resume_upload(state, DATA)
    assert _one_whole_object(gcs)


async def test_a_resume_from_a_download(gcs: EmulatorHandle, storage: Storage) -> None:
    gcs.put("source", "original", DATA)
    state = await _state_at(gcs, storage, CHUNK)
    await storage.resume_upload(state, storage.download_stream("source", "original"))
    assert _one_whole_object(gcs)
    await nothing_under_way(storage)


# -- it is refused ---------------------------------------------------------------------------


@EVERY_KIND
async def test_a_bucket_that_is_not_there_costs_one_request(
    gcs: EmulatorHandle, storage: Storage, kind: str, tmp_path: Path
) -> None:
    gcs.arm_next(INSERT, "return-404")
    with pytest.raises(NotFound) as caught:
        await UPLOADS[kind](storage, tmp_path)
    assert caught.value.attempts == 1
    assert caught.value.state is None
    assert len(gcs.log) == 1


@pytest.mark.parametrize("resumable", [True, False, None])
async def test_a_refused_file_stands_where_it_stood(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, *, resumable: bool | None
) -> None:
    (tmp_path / "source").write_bytes(b"12345" + DATA)
    with (tmp_path / "source").open("rb") as file:
        file.seek(5)
        gcs.arm_next(INSERT, "return-404")
        with pytest.raises(NotFound):
            await storage.upload("bucket", "name", file, force_resumable_upload=resumable)
        assert file.tell() == 5
        await storage.upload("bucket", "name", file, force_resumable_upload=resumable)
    assert _one_whole_object(gcs)


@EVERY_KIND
async def test_preconditions_are_judged(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, kind: str
) -> None:
    new_only = Preconditions(if_generation_match=0)
    resource = await UPLOADS[kind](storage, tmp_path, preconditions=new_only)
    with pytest.raises(PreconditionFailed):
        await UPLOADS[kind](storage, tmp_path, preconditions=new_only)
    assert _one_whole_object(gcs)
    same = Preconditions(if_generation_match=int(resource["generation"]))
    await UPLOADS[kind](storage, tmp_path, preconditions=same)
    assert len(gcs.objects("bucket", versions="true")) == 2


@EVERY_KIND
@pytest.mark.parametrize("word", ["wrong-hash", "short-length"])
async def test_what_is_not_what_was_sent_is_deleted(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, kind: str, word: str
) -> None:
    gcs.put("bucket", "name", b"older")
    gcs.arm_next(INSERT, word)
    with pytest.raises(IntegrityError) as caught:
        await UPLOADS[kind](storage, tmp_path)
    assert [item["size"] for item in gcs.objects("bucket", versions="true")] == ["5"]
    assert gcs.log[-1].method == "DELETE"
    assert "generation=" in gcs.log[-1].query
    assert sum(entry.method == "DELETE" for entry in gcs.log) == 1
    assert caught.value.expected != caught.value.actual or word == "short-length"


@EVERY_KIND
async def test_a_bit_that_flips_on_the_way(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, kind: str
) -> None:
    """It is refused, or compared; nothing is left to go on from, and nothing to see."""
    gcs.arm_next(INSERT, *[f"flip-bit-at-{QUANTUM + 7}"] * 4)
    with pytest.raises(IntegrityError) as caught:
        await UPLOADS[kind](storage, tmp_path)
    assert caught.value.state is None
    assert gcs.unfinished_sessions == 0
    assert gcs.objects("bucket", versions="true") == []


async def test_bytes_that_were_damaged_once_are_sent_again(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    gcs.arm_next(INSERT, f"flip-bit-at-{CHUNK + 7}")
    await _bytes(storage, tmp_path)
    assert _one_whole_object(gcs)
    said = [(entry.method, entry.status) for entry in gcs.log]
    assert said[:2] == [("POST", 200), ("PUT", 400)]
    assert said[-2:] == [("POST", 200), ("PUT", 200)]
    assert gcs.unfinished_sessions == 0


@pytest.mark.parametrize("kind", ["iterator", "writer"])
async def test_the_last_request_says_the_checksum(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, kind: str
) -> None:
    resource = await UPLOADS[kind](storage, tmp_path)
    hashes = [entry.headers.get("x-goog-hash") for entry in gcs.log]
    assert hashes == [None] * (len(gcs.log) - 1) + [f"crc32c={resource['crc32c']}"]
    assert [entry.range for entry in gcs.log] == [
        None,
        f"bytes 0-{CHUNK - 1}/*",
        f"bytes {CHUNK}-{2 * CHUNK - 1}/*",
        f"bytes {2 * CHUNK}-{len(DATA) - 1}/{len(DATA)}",
    ]


async def test_a_refused_token_is_an_honest_error(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path
) -> None:
    gcs.arm_next(INSERT, "pass", "401-once")
    with pytest.raises(Unauthorized) as caught:
        await _path(storage, tmp_path)
    assert caught.value.state is not None
    await storage.resume_upload(caught.value.state, tmp_path / "source")
    assert _one_whole_object(gcs)


@pytest.mark.parametrize("chunk", [0, -QUANTUM, 1, QUANTUM + 1, 1.5, None])
@pytest.mark.parametrize("data", [b"", b"x", "path", "iterator"])
async def test_chunk_sizes_that_cannot_be(
    gcs: EmulatorHandle, storage: Storage, tmp_path: Path, data: Any, chunk: Any
) -> None:
    (tmp_path / "source").write_bytes(DATA)
    source = {"path": tmp_path / "source", "iterator": [DATA]}.get(data, data)
    with pytest.raises(InvalidArgument, match="chunk_bytes"):
        await storage.upload("bucket", "name", source, chunk_bytes=chunk)
    with pytest.raises(InvalidArgument, match="chunk_bytes"):
        storage.upload_stream("bucket", "name", chunk_bytes=chunk)
    assert len(gcs.log) == 0
