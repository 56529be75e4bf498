"""One source, read by several workers at once: each gets its own bytes."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from part_places import MIB
from sample_data import encoded_crc32c, patterned

from storage_stream._protocol.part_plan import Part, plan_parts
from storage_stream._transfer.part_source import PartSource
from storage_stream.errors import TransferError

DATA = patterned(16 * MIB + 3)
PLAN = plan_parts(len(DATA), 5 * MIB)


async def read(source: PartSource, part: Part) -> bytes:
    """A part as it goes out, given and lent."""
    content = source.content(part)
    given = b"".join([bytes(chunk) async for chunk in content.chunks()])
    assert b"".join([bytes(chunk) async for chunk in content.lent_chunks()]) == given
    return given


def path_of(folder: Path) -> Path:
    (folder / "source").write_bytes(DATA)
    return folder / "source"


@pytest.mark.parametrize("kind", ["bytes", "bytearray", "path", "file", "memory file"])
async def test_workers_do_not_disturb_each_other(tmp_path: Path, kind: str) -> None:
    with path_of(tmp_path).open("rb") as file:
        sources: dict[str, Any] = {
            "bytes": DATA,
            "bytearray": bytearray(DATA),
            "path": path_of(tmp_path),
            "file": file,
            "memory file": io.BytesIO(DATA),
        }
        source = await PartSource.of(sources[kind])
        assert source.length == len(DATA)
        pieces = await asyncio.gather(*(read(source, part) for part in PLAN))
        assert b"".join(pieces) == DATA


async def test_an_open_file_from_where_it_stands_to_its_end(tmp_path: Path) -> None:
    with path_of(tmp_path).open("rb") as file:
        file.seek(5)
        source = await PartSource.of(file)
        part = Part(1, 0, source.length)
        assert await read(source, part) == DATA[5:]
        file.seek(0)
        await source.leave_at_end()
        assert file.tell() == len(DATA)
        await source.put_back()
        assert file.tell() == 5


async def test_digests() -> None:
    source = await PartSource.of(DATA)
    part = DATA[PLAN[1].start : PLAN[1].stop]
    plain = await source.digest(PLAN[1])
    assert (plain.crc.encoded, plain.crc.length) == (encoded_crc32c(part), len(part))
    assert plain.md5_hex is None
    both = await source.digest(PLAN[1], with_md5=True)
    assert both.crc.encoded == plain.crc.encoded
    assert both.md5_hex == hashlib.md5(part, usedforsecurity=False).hexdigest()


async def test_a_content_knows_when_its_last_byte_is_on_its_way() -> None:
    source = await PartSource.of(DATA)
    content = source.content(PLAN[0])
    for chunks in (content.chunks(), content.lent_chunks(), content.chunks()):
        seen = [content.handed_over async for _ in chunks]
        assert seen == [False] * 4 + [True]
    assert content.length == PLAN[0].size


async def test_a_content_that_is_empty() -> None:
    source = await PartSource.of(b"")
    content = source.content(Part(1, 0, 0))
    assert [chunk async for chunk in content.chunks()] == []
    assert content.handed_over


async def test_a_file_that_became_shorter(tmp_path: Path) -> None:
    source = await PartSource.of(path_of(tmp_path))
    with (tmp_path / "source").open("r+b") as file:
        file.truncate(PLAN[2].start + 5)
    with pytest.raises(TransferError, match="was changed"):
        await read(source, PLAN[2])


async def letters() -> AsyncIterator[bytes]:
    yield b"abc"


@pytest.mark.parametrize("make", [letters, lambda: [b"a"], lambda: io.StringIO("text")])
async def test_what_comes_only_once_is_refused(make: Any) -> None:
    with pytest.raises(TypeError, match=r"only once.*upload\(\)"):
        await PartSource.of(make())


async def test_what_is_no_source_is_refused() -> None:
    with pytest.raises(TypeError):
        await PartSource.of(5)
