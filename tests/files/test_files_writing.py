"""Files that are written: whole or not at all, in bounded memory."""

import gc
import io
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from cancelling import Moment, cancelled_at
from leaks import nothing_under_way
from sample_data import encoded_crc32c, patterned

from storage_stream import Preconditions, Storage
from storage_stream.errors import (
    InvalidArgument,
    PreconditionFailed,
    ServerError,
    StreamClosed,
    UsageError,
)
from storage_stream.testing.emulator_handle import EmulatorHandle

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

DATA = patterned(3_000_000)
INSERT = "storage.objects.insert"
CHUNK_BYTES = 256 * 1024


async def test_closing_makes_the_object(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    async with storage.open(
        gcs_bucket, "name.txt", "wb", metadata={"metadata": {"k": "v"}}
    ) as file:
        assert (file.bucket, file.name, file.mode) == (gcs_bucket, "name.txt", "wb")
        for start in range(0, len(DATA), 100_000):
            view = memoryview(DATA)[start : start + 100_000]
            assert await file.write(view) == 100_000
            assert await file.tell() == start + 100_000
        await file.flush()
        with pytest.raises(UsageError, match="not made"):
            _ = file.resource
        assert gcs.objects(gcs_bucket) == []
    assert file.closed
    assert file.resource["crc32c"] == encoded_crc32c(DATA)
    assert file.resource["contentType"] == "text/plain"
    assert file.resource["metadata"] == {"k": "v"}
    assert gcs.read(gcs_bucket, "name.txt") == DATA
    assert len(gcs.log) == 1
    await file.close()
    for work in (lambda: file.write(b"x"), file.tell, file.flush, file.__aenter__):
        with pytest.raises(StreamClosed):
            await work()


async def test_it_is_awaited_and_closed(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    file = await storage.open(gcs_bucket, "name", "wb")
    await file.writelines([b"a\n", b"b\n"])
    async with storage.open(gcs_bucket, "other", "wb") as other:
        await other.write(b"from another")
    async with storage.open(gcs_bucket, "other", "rb") as source:
        await file.writelines(source)
    await file.close()
    assert gcs.read(gcs_bucket, "name") == b"a\nb\nfrom another"


@pytest.mark.parametrize("size", [10, 3_000_000])
@pytest.mark.parametrize("mode", ["wb", "w"])
async def test_an_exception_gives_it_up(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, size: int, mode: str
) -> None:
    gcs.put(gcs_bucket, "name", b"before")
    content = b"x" * size if mode == "wb" else "x" * size
    file: Any = await storage.open(gcs_bucket, "name", mode, chunk_bytes=256 * 1024)

    async def writing() -> None:
        async with file:
            await file.write(content)
            raise LookupError

    with pytest.raises(LookupError):
        await writing()
    assert file.closed
    assert gcs.read(gcs_bucket, "name") == b"before"
    assert gcs.unfinished_sessions == 0


@pytest.mark.parametrize("mode", ["xb", "x"])
async def test_only_create(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, mode: str
) -> None:
    content: Any = b"first" if mode == "xb" else "first"
    async with storage.open(gcs_bucket, "name", mode) as file:
        await file.write(content)
    with pytest.raises(PreconditionFailed, match=f"gs://{gcs_bucket}/name"):
        async with storage.open(gcs_bucket, "name", mode) as file:
            await file.write(content * 2)
    assert file.closed
    assert gcs.read(gcs_bucket, "name") == b"first"
    with pytest.raises(InvalidArgument, match="another"):
        storage.open(gcs_bucket, "name", mode, preconditions=Preconditions(if_generation_match=5))
    same = Preconditions(if_generation_match=0)
    async with storage.open(gcs_bucket, "other", mode, preconditions=same) as file:
        await file.write(content)


@pytest.mark.parametrize("size", [0, 10, 3_000_000])
async def test_a_creation_whose_answer_is_lost_is_one(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, size: int
) -> None:
    gcs.arm_next("storage.objects.insert", "commit-then-drop", "commit-then-drop")
    async with storage.open(gcs_bucket, "name", "xb", chunk_bytes=1024 * 1024) as file:
        await file.write(DATA[:size])
    assert gcs.read(gcs_bucket, "name") == DATA[:size]
    assert file.resource["size"] == str(size)


async def test_an_empty_object(gcs: EmulatorHandle, gcs_bucket: str, storage: Storage) -> None:
    for mode in ("wb", "w", "xb", "x"):
        async with storage.open(gcs_bucket, mode, mode):
            pass
        assert gcs.read(gcs_bucket, mode) == b""


async def test_it_cannot_be_read(gcs_bucket: str, storage: Storage) -> None:
    async with storage.open(gcs_bucket, "name", "wb") as file:
        works: list[Callable[[], Awaitable[Any]]] = [
            *(file.read, file.read1, file.readline, file.readlines, file.truncate),
            *(lambda: file.seek(0), lambda: file.readinto(bytearray(1)), lambda: anext(file)),
        ]
        for work in works:
            with pytest.raises(io.UnsupportedOperation):
                await work()
        assert (await file.readable(), await file.writable(), await file.seekable()) == (
            *(False, True, False),
        )
        with pytest.raises(TypeError, match="bytes"):
            await file.write("text")  # type: ignore[arg-type]  # what a caller may do
    async with storage.open(gcs_bucket, "name", "w") as text:
        with pytest.raises(TypeError, match="text"):
            await text.write(b"bytes")  # type: ignore[arg-type]  # the same
        with pytest.raises(io.UnsupportedOperation):
            await text.read()


async def test_characters_that_the_encoding_does_not_have(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    async with storage.open(gcs_bucket, "name", "w", encoding="utf-16") as file:
        with pytest.raises(UnicodeEncodeError):
            await file.write("\ud800")
        assert await file.tell() == 0
        await file.write("right")
    assert gcs.read(gcs_bucket, "name") == "right".encode("utf-16")


async def test_short_writes_are_joined(gcs_bucket: str, storage: Storage) -> None:
    async with storage.open(gcs_bucket, "name", "wb") as file:
        for _ in range(200_000):
            await file.write(b"0123456789")
        assert len(file._stream._upload._held._pieces) < 10
        assert await file.tell() == 2_000_000


@pytest.mark.parametrize("moment", Moment)
async def test_cancelling_loses_nothing(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, moment: Moment
) -> None:
    k, went_on = 0, True
    while went_on:
        file = await storage.open(gcs_bucket, "name", "wb", chunk_bytes=1024 * 1024)
        pieces = [DATA[start : start + 500_000] for start in range(0, len(DATA), 500_000)]

        async def writing(file: Any = file, pieces: list[bytes] = pieces) -> None:
            while pieces:
                await file.write(pieces.pop(0))  # taken, also when it is cancelled
            await file.close()

        went_on = await cancelled_at(writing(), k, moment)
        await writing()
        assert gcs.read(gcs_bucket, "name") == DATA
        await nothing_under_way(storage)
        k += 1 if k < 6 else 5
    assert k > 3


async def test_cancelled_in_its_block_it_is_given_up(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    async def writing() -> None:
        async with storage.open(gcs_bucket, "name", "wb", chunk_bytes=256 * 1024) as file:
            await file.write(DATA)

    k = 0
    while await cancelled_at(writing(), k, Moment.WAITING):
        assert gcs.objects(gcs_bucket) == []
        await nothing_under_way(storage)
        k += 1 if k < 6 else 5
    assert gcs.read(gcs_bucket, "name") == DATA


async def test_one_that_is_forgotten_warns(gcs_bucket: str, storage: Storage) -> None:
    file = await storage.open(gcs_bucket, "name", "wb")
    await file.write(b"lost")
    held = [file]
    del file
    with pytest.warns(ResourceWarning, match=r"unclosed <ObjectWriter .* open, 4 bytes>"):
        held.clear()
    never_opened = storage.open(gcs_bucket, "name", "wb")
    del never_opened
    gc.collect()


@pytest.mark.parametrize("mode", ["wb", "xb", "wt"])
async def test_a_state_that_an_error_hands_out_is_good(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, mode: str
) -> None:
    """Leaving the block by it leaves the session to whoever caught it."""
    text = "x" * 1_000_000
    gcs.arm_next(INSERT, "pass", "pass", *["return-503"] * 2)

    async def work() -> None:
        async with storage.open(
            gcs_bucket, "name", mode, chunk_bytes=CHUNK_BYTES, retries=0
        ) as file:
            await file.write(text if mode == "wt" else text.encode())

    with pytest.raises(ServerError) as caught:
        await work()
    assert caught.value.state is not None
    assert gcs.unfinished_sessions == 1
    await storage.resume_upload(caught.value.state, text)
    assert gcs.read(gcs_bucket, "name") == text.encode()


async def test_an_error_of_another_upload_gives_the_file_up(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    other = storage.upload_stream(gcs_bucket, "other", chunk_bytes=CHUNK_BYTES, retries=0)

    async def work() -> None:
        async with storage.open(gcs_bucket, "name", "wb", chunk_bytes=CHUNK_BYTES) as file:
            await file.write(DATA)
            gcs.arm_next(INSERT, "pass", "return-503")
            await other.write(DATA)

    with pytest.raises(ServerError):
        await work()
    assert gcs.unfinished_sessions == 1
    await other.abort()
    assert gcs.unfinished_sessions == 0


@pytest.mark.parametrize("mode", ["wb", "wt"])
async def test_bytes_of_a_write_that_failed_are_not_taken_twice(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage, mode: str
) -> None:
    text = "é" * 500_000
    data: Any = text if mode == "wt" else text.encode()
    gcs.arm_next(INSERT, "pass", *["return-503"] * (1 if mode == "wt" else 2))
    async with storage.open(gcs_bucket, "name", mode, chunk_bytes=CHUNK_BYTES, retries=0) as file:
        with pytest.raises(ServerError):
            await file.write(data)
        for again in (data, data[:5]):
            with pytest.raises(UsageError, match="still wait"):
                await file.write(again)
        if mode == "wb":
            with pytest.raises(ServerError):
                await file.write(b"")
            assert await file.write(b"") == 0
            assert await file.write(b"more") == 4
    assert gcs.read(gcs_bucket, "name") == text.encode() + (b"more" if mode == "wb" else b"")


async def test_the_end_of_an_encoding_goes_behind_what_a_failed_write_left(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    text = "日本" * 300_000
    gcs.arm_next(INSERT, "pass", "return-503")
    file = await storage.open(
        *(gcs_bucket, "name", "wt"), encoding="iso2022_jp", chunk_bytes=CHUNK_BYTES, retries=0
    )
    with pytest.raises(ServerError):
        await file.write(text)
    await file.close()
    assert gcs.read(gcs_bucket, "name") == text.encode("iso2022_jp")


async def test_large_data_is_handed_on_as_it_is(
    gcs: EmulatorHandle, gcs_bucket: str, storage: Storage
) -> None:
    """A copy that grows in steps would cost several times the memory."""
    large = bytes(48 * 1024 * 1024)
    async with storage.open(gcs_bucket, "name", "wb") as file:
        tracemalloc.start()
        await file.write(large)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        await file.write(b"end")
    assert peak < len(large) // 4
    assert gcs.metadata(gcs_bucket, "name")["size"] == str(len(large) + 3)
