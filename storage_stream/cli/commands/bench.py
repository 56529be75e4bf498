"""`storage-stream bench`: how fast a bucket is from here, up and down, with a plot."""

import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import click

from storage_stream import Progress, ProgressSnapshot
from storage_stream.cli.command import OBJECT, SIZE, storage_command
from storage_stream.cli.locations import ObjectLocation
from storage_stream.cli.running import Run
from storage_stream.cli.sizes import human_rate, human_size

_PIECE = 1 << 20
_PREFIX = ".storage-stream-bench/"
_BARS = " ▁▂▃▄▅▆▇█"
_COLUMNS = 40


@dataclass(frozen=True, slots=True)
class _Measured:
    """One direction: how long it took, and the rates on the way."""

    what: str
    size: int
    seconds: float
    rates: tuple[float, ...]


@storage_command("bench", examples=["storage-stream bench --size 4MiB gs://my-bucket"])
@click.argument("bucket", type=OBJECT, metavar="gs://BUCKET")
@click.option("--size", type=SIZE, default="64MiB", show_default=True, help="Bytes up, and down.")
@click.option("--workers", type=click.IntRange(1), help="Connections for the download.")
@click.option("--slice-size", help="Bytes in one request of the download, as 8MiB.")
async def command(run: Run, bucket: ObjectLocation, size: int) -> None:
    """Measure how fast a bucket of yours is from here.

    Upload, download, time to the first byte: one object of random bytes is written below .storage-
    stream-bench/, read, and removed. What is transferred may cost money.
    """
    if not bucket.is_bucket or bucket.has_wildcards:
        raise click.UsageError(f"{bucket} is not one bucket; write gs://bucket")
    if size < 1:
        raise click.UsageError("--size: at least one byte.")
    name = f"{_PREFIX}{secrets.token_hex(8)}"
    run.go_on = f"If gs://{bucket.bucket}/{name} is left, remove it."
    try:
        _tell(run, await _upload(run, bucket.bucket, name, size))
        _tell(run, await _download(run, bucket.bucket, name))
        seconds = await _first_byte(run, bucket.bucket, name)
    finally:
        await run.storage.delete_many(bucket.bucket, [name], missing_ok=True, **run.options)
    text = f"first byte  {seconds * 1000:8.1f} ms"
    run.output.result({"what": "first byte", "seconds": round(seconds, 6)}, text)


async def _upload(run: Run, bucket: str, name: str, size: int) -> _Measured:
    rates = _Rates()
    begun = time.perf_counter()
    await run.storage.upload(bucket, name, _random(size), progress=rates.progress, **run.options)
    return _Measured("upload", size, time.perf_counter() - begun, rates.taken())


async def _download(run: Run, bucket: str, name: str) -> _Measured:
    rates = _Rates()
    begun = time.perf_counter()
    pieces = run.storage.iter_download(
        bucket,
        name,
        workers=run.config["workers"],
        slice_bytes=run.config["slice_size"],
        progress=rates.progress,
        **run.options,
    )
    async with aclosing(pieces):
        arrived = 0
        async for piece in pieces:
            arrived += len(piece)
    return _Measured("download", arrived, time.perf_counter() - begun, rates.taken())


async def _first_byte(run: Run, bucket: str, name: str) -> float:
    begun = time.perf_counter()
    async with run.storage.download_stream(bucket, name, start=0, end=1, **run.options) as stream:
        await stream.read()
    return time.perf_counter() - begun


async def _random(size: int) -> AsyncGenerator[bytes, None]:
    # One piece made beforehand: making bytes is not what is measured. Nothing on the way
    # compresses it, since nothing that compresses looks a mebibyte back.
    piece = secrets.token_bytes(_PIECE)
    for start in range(0, size, _PIECE):
        yield piece[: min(_PIECE, size - start)]


class _Rates:
    """Rates of bytes that moved, taken whenever there is a snapshot."""

    def __init__(self) -> None:
        self._points: list[tuple[float, int]] = [(0.0, 0)]
        self.progress = Progress(self._take, interval=0.05)

    def _take(self, now: ProgressSnapshot) -> None:
        self._points.append((now.elapsed, now.bytes_moved))

    def taken(self) -> tuple[float, ...]:
        """Bytes per second between snapshots."""
        pairs = zip(self._points, self._points[1:], strict=False)
        return tuple(
            (moved - before) / (at - since) for (since, before), (at, moved) in pairs if at > since
        )


def _tell(run: Run, measured: _Measured) -> None:
    rate = measured.size / measured.seconds
    document = {
        "what": measured.what,
        "bytes": measured.size,
        "seconds": round(measured.seconds, 6),
        "bytes_per_second": round(rate),
        "rates": [round(each) for each in measured.rates],
    }
    text = f"{measured.what:<10}  {human_size(measured.size):>10} in {measured.seconds:7.2f} s"
    text += f"  {human_rate(rate):>12}  {_plot(measured.rates)}"
    run.output.result(document, text.rstrip())


def _plot(rates: tuple[float, ...]) -> str:
    """The rates as bars, from left to right; the highest is the fastest."""
    if not rates:
        return ""
    width = min(_COLUMNS, len(rates))
    means: list[float] = []
    for column in range(width):
        part = rates[column * len(rates) // width : (column + 1) * len(rates) // width]
        means.append(sum(part) / len(part))
    most = max(means) or 1.0
    return "".join(_BARS[round(mean / most * (len(_BARS) - 1))] for mean in means)
