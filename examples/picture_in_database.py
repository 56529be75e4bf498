"""Pictures in a database: read where they are, and written in one transaction."""

import asyncio
import os
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pyvips

from storage_stream.media import SourceCustom, TargetCustom, transform


class DatabaseSource:
    """A blob, read piece by piece: never all of it in memory.

    libvips calls from threads of its own, one at a time: so `check_same_thread=False`.
    """

    def __init__(self, path: Path, picture: int) -> None:
        self._database = sqlite3.connect(path, check_same_thread=False)
        self._blob = self._database.blobopen("pictures", "data", picture, readonly=True)

    def read(self, size: int) -> bytes:
        """The next bytes; none at the end."""
        return self._blob.read(size)

    def seek(self, offset: int, whence: int) -> int:
        """Set the position, and return it."""
        self._blob.seek(offset, whence)
        return self._blob.tell()

    def close(self) -> None:
        """Close both."""
        self._blob.close()
        self._database.close()


class DatabaseTarget:
    """A new blob, which is there when all of it was saved, and not before.

    How large it gets is known at the end only, so it is kept in a file until then.
    """

    def __init__(self, path: Path, picture: int) -> None:
        self._path = path
        self._picture = picture
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it

    def write(self, data: bytes) -> int:
        """Take the next bytes."""
        return self._file.write(data)

    def read(self, size: int) -> bytes:
        """What was written: TIFF pyramids are read back."""
        return self._file.read(size)

    def seek(self, offset: int, whence: int) -> int:
        """TIFF goes back to what it wrote."""
        return self._file.seek(offset, whence)

    def end(self) -> None:
        """All was saved: store it. What this raises is raised by `transform`."""
        size = self._file.seek(0, os.SEEK_END)
        self._file.seek(0)
        with closing(sqlite3.connect(self._path)) as database, database:
            database.execute(
                "INSERT INTO pictures (id, data) VALUES (?, zeroblob(?))", (self._picture, size)
            )
            with database.blobopen("pictures", "data", self._picture) as blob:
                while piece := self._file.read(65536):
                    blob.write(piece)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


async def convert(path: Path, old: int, new: int, suffix: str) -> None:
    """One picture of the database, changed, as another one."""
    with closing(DatabaseSource(path, old)) as stored, closing(DatabaseTarget(path, new)) as kept:
        source, target = SourceCustom(), TargetCustom()
        source.on_read(stored.read)
        source.on_seek(stored.seek)
        target.on_write(kept.write)
        target.on_read(kept.read)
        target.on_seek(kept.seek)
        target.on_end(kept.end)
        async with source:
            await transform(source, target, lambda image: image.invert(), format=suffix)


async def main() -> None:
    """Convert a picture twice; then fail, and find nothing changed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pictures.db"
        picture = pyvips.Image.black(640, 480) + 200
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("PRAGMA journal_mode=WAL")  # one writes while another reads
            database.execute("CREATE TABLE pictures (id INTEGER PRIMARY KEY, data BLOB)")
            data = picture.cast("uchar").pngsave_buffer()
            database.execute("INSERT INTO pictures VALUES (1, ?)", (data,))

        await convert(path, 1, 2, ".jpg")
        await convert(path, 1, 3, ".tif[tile,pyramid]")
        try:
            await convert(path, 1, 2, ".png")
        except sqlite3.IntegrityError as error:
            print(f"not stored: {error}")

        with closing(sqlite3.connect(path)) as database:
            for number, data in database.execute("SELECT id, data FROM pictures"):
                image = pyvips.Image.new_from_buffer(data, "")
                print(
                    f"{number}: {image.get('vips-loader')}, {image.width} x {image.height},"
                    f" average {image.avg():.0f}"
                )


if __name__ == "__main__":
    asyncio.run(main())
