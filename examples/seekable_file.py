"""Read one member of a large zip archive: its directory is at the end, the member in the middle."""

import asyncio
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from _place import place

from storage_stream import ObjectReader

_END = struct.Struct("<4s4xHHLLH")  # PKWARE's APPNOTE, 4.3.16; an archive without a comment
_ENTRY = struct.Struct("<4s6xH8xLLHHH8xL")  # 4.3.12
_LOCAL_BYTES = 30  # 4.3.7


class Member(NamedTuple):
    """A member, as the directory names it."""

    name: str
    method: int
    packed_bytes: int
    size: int
    offset: int


def members(directory: bytes) -> Iterator[Member]:
    """The entries of a zip's directory."""
    position = 0
    while position < len(directory):
        entry = _ENTRY.unpack_from(directory, position)
        _, method, packed_bytes, size, name_bytes, extra_bytes, comment_bytes, offset = entry
        position += _ENTRY.size
        name = directory[position : position + name_bytes].decode()
        yield Member(name, method, packed_bytes, size, offset)
        position += name_bytes + extra_bytes + comment_bytes


async def read_member(file: ObjectReader, member: Member) -> bytes:
    """The bytes of a member."""
    await file.seek(member.offset)
    local = await file.read(_LOCAL_BYTES)
    await file.seek(sum(struct.unpack("<HH", local[26:30])), io.SEEK_CUR)
    packed = await file.read(member.packed_bytes)
    return packed if member.method == zipfile.ZIP_STORED else zlib.decompress(packed, -15)


async def main() -> None:
    """Make an archive of 500 members, and read the directory and one of them."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for number in range(500):
            archive.writestr(f"{number:03}.txt", f"member {number}\n" * 2000)
    async with place() as (storage, bucket):
        async with storage.open(bucket, "archive.zip", "wb") as target:
            await target.write(held.getbuffer())

        async with storage.open(bucket, "archive.zip") as file:
            await file.seek(-_END.size, io.SEEK_END)
            _, _, count, directory_bytes, directory_offset, _ = _END.unpack(await file.read())
            print(f"{count} members in {file.size:,} bytes")
            await file.seek(directory_offset)
            found = {member.name: member for member in members(await file.read(directory_bytes))}
            text = await read_member(file, found["123.txt"])
            print(f"123.txt: {len(text):,} bytes, {text[:10]!r}")

        async with storage.open(bucket, "notes.txt", "w") as notes:
            await notes.write("übrigens\n")
        async with storage.open(bucket, "notes.txt", "r") as notes_again:
            print([line async for line in notes_again])


if __name__ == "__main__":
    asyncio.run(main())
