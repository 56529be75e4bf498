"""Reading through fsspec: our file system beside gcsfs, by the same calls of fsspec's.

    python -m benchmarks.fsspec [--quick] [--rounds N] [--workload NAME …]

One bare file server (nginx) on one core, the client in a process of its own on another; both file
systems take turns in each round, each made with its defaults. What counts is the best of the
rounds; memory is the peak of the whole process, Python and imports included. What each delivers is
compared with the checksum once, in a round that is not timed. `…+many` is one process that reads
the large object and then all the small ones.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.process_memory import peak_bytes
from benchmarks.servers.bodies import crc32c_of_file, encoded_crc32c
from benchmarks.servers.object_names import BUCKET, object_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from benchmarks.servers.place import Place

_MIB = 1024 * 1024
_READ_BYTES = 8 * _MIB
_SYSTEMS = ("gcsfs", "storage-stream")


class Size(NamedTuple):
    """How much a workload reads: so many objects, and in some besides small ones."""

    object_bytes: int
    objects: int
    small_bytes: int = 0
    small_objects: int = 0

    @property
    def total_bytes(self) -> int:
        """All together."""
        return self.object_bytes * self.objects + self.small_bytes * self.small_objects


class Cost(NamedTuple):
    """What it took."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    checksums: list[str]


# -- what is done; the same lines for both ------------------------------------------------------


def cat_file(fs: Any, size: Size, _: str) -> Iterator[bytes]:
    """One call gives all bytes."""
    yield fs.cat_file(f"{BUCKET}/{object_name(size.object_bytes, 0)}")


def open_read(fs: Any, size: Size, _: str) -> Iterator[bytes]:
    """A file, read in blocks of 8 MiB."""
    with fs.open(f"{BUCKET}/{object_name(size.object_bytes, 0)}", "rb") as file:
        while piece := file.read(_READ_BYTES):
            yield piece


def open_whole(fs: Any, size: Size, _: str) -> Iterator[bytes]:
    """A file, read at once."""
    with fs.open(f"{BUCKET}/{object_name(size.object_bytes, 0)}", "rb") as file:
        yield file.read()


def get_file(fs: Any, size: Size, folder: str) -> Iterator[bytes]:
    """An object into a file."""
    fs.get_file(f"{BUCKET}/{object_name(size.object_bytes, 0)}", f"{folder}/large")
    yield from ()


def cat_many(fs: Any, size: Size, _: str) -> Iterator[bytes]:
    """One call gives the bytes of all."""
    paths = [f"{BUCKET}/{object_name(size.object_bytes, n)}" for n in range(size.objects)]
    yield from fs.cat(paths).values()


def get_many(fs: Any, size: Size, folder: str) -> Iterator[bytes]:
    """One call gets all into files."""
    names = [object_name(size.object_bytes, number) for number in range(size.objects)]
    fs.get([f"{BUCKET}/{name}" for name in names], [f"{folder}/{name}" for name in names])
    yield from ()


def with_many(large: Callable[[Any, Size, str], Iterator[bytes]]) -> Any:
    """A large object, and then all the small ones, in one process."""

    def both(fs: Any, size: Size, folder: str) -> Iterator[bytes]:
        yield from large(fs, size, folder)
        yield from cat_many(fs, Size(size.small_bytes, size.small_objects), folder)

    return both


_WORK: dict[str, Callable[[Any, Size, str], Iterator[bytes]]] = {
    "cat_file": cat_file,
    "open_read": open_read,
    "open_whole": open_whole,
    "get_file": get_file,
    "cat_many": cat_many,
    "get_many": get_many,
    "cat_file+many": with_many(cat_file),
    "open_read+many": with_many(open_read),
    "open_whole+many": with_many(open_whole),
}
_LARGE = ("cat_file", "open_read", "open_whole", "get_file")


# -- one file system, in this process --------------------------------------------------------


def made(system: str, root: str) -> Any:
    """The file system, as its users make it."""
    if system == "gcsfs":
        # Not the one that asks by gRPC what kind of bucket it is, which no emulator answers.
        from gcsfs.core import GCSFileSystem  # noqa: PLC0415 - of this process alone

        return GCSFileSystem(project="bench", token="anon", endpoint_url=root)  # noqa: S106 - none
    from storage_stream.integrations.fsspec import StorageFileSystem  # noqa: PLC0415 - the same

    return StorageFileSystem(  # no service takes a whole run at once; a file server does
        project="bench",
        token="anon",  # noqa: S106 - none
        endpoint_url=root,
        ramp_up=False,
    )


def run_here(system: str, work: str, root: str, size: Size, *, checked: bool) -> Cost:
    """Do it, after a small object of each kind has warmed it up."""
    from fastcrc.crc32 import iscsi  # noqa: PLC0415 - of this process alone

    fs = made(system, root)
    with tempfile.TemporaryDirectory(dir=os.environ["BENCH_FOLDER"]) as folder:
        fs.cat_file(f"{BUCKET}/{object_name(size.object_bytes, 0)}", start=0, end=16)
        checksum, received = 0, 0
        begun, cpu = time.perf_counter(), _cpu_seconds()
        for piece in _WORK[work](fs, size, folder):
            received += len(piece)
            if checked:
                checksum = iscsi(piece, checksum)
        seconds, cpu = time.perf_counter() - begun, _cpu_seconds() - cpu
        files = sorted(Path(folder).iterdir())
        received += sum(file.stat().st_size for file in files)
        if received != size.total_bytes:
            raise RuntimeError(f"{system} {work}: {received} bytes came")
        found = [encoded_crc32c(checksum)] if checked and not files else []
        found += {crc32c_of_file(file) for file in files} if checked else ()
    return Cost(seconds, cpu, peak_bytes(), found)


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


# -- both, in turns ------------------------------------------------------------------------------


def run_apart(place: Place, system: str, work: str, size: Size, *, checked: bool) -> Cost:
    """The same in a process of its own."""
    words = [system, work, place.roots["plain"], json.dumps(size)]
    command = [sys.executable, "-m", "benchmarks.fsspec", "--here", *words, str(int(checked))]
    kept = {k: v for k, v in os.environ.items() if k != "STORAGE_EMULATOR_HOST"}
    with subprocess.Popen(
        command, env=kept | {"BENCH_FOLDER": str(place.folder)}, stdout=subprocess.PIPE, text=True
    ) as process:
        from benchmarks.servers.processes import pin  # noqa: PLC0415 - not of what is measured

        pin(process.pid, server=False)
        output, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"{system} {work} ended with status {process.returncode}")
    return Cost(*json.loads(output.splitlines()[-1]))


def check(place: Place, work: str, size: Size) -> None:
    """Let each do it once, and compare the bytes."""
    expected = place.bodies[size.object_bytes].crc32c
    if not work.startswith("get"):  # what comes is told as one checksum, files as one each
        bodies = [(size.object_bytes, size.objects), (size.small_bytes, size.small_objects)]
        expected = _crc32c_of_all((place.bodies[one].path, count) for one, count in bodies if one)
    for system in _SYSTEMS:
        if run_apart(place, system, work, size, checked=True).checksums != [expected]:
            raise RuntimeError(f"{system} {work}: the bytes are wrong")


def _crc32c_of_all(bodies: Iterable[tuple[Path, int]]) -> str:
    from fastcrc.crc32 import iscsi  # noqa: PLC0415 - here alone

    value = 0
    for path, count in bodies:
        data = path.read_bytes()
        for _ in range(count):
            value = iscsi(data, value)
    return encoded_crc32c(value)


def compare(place: Place, work: str, size: Size, rounds: int) -> None:
    """Measure both in turns, and print it."""
    check(place, work, size)
    costs: dict[str, list[Cost]] = {system: [] for system in _SYSTEMS}
    for _ in range(rounds):
        for system, samples in costs.items():
            samples.append(run_apart(place, system, work, size, checked=False))
    best = {
        system: (
            min(cost.seconds for cost in samples),
            min(cost.cpu_seconds for cost in samples),
            max(cost.peak_bytes for cost in samples),
        )
        for system, samples in costs.items()
    }
    for system, (seconds, cpu, peak) in best.items():
        print(f"{work:15} {system:15} {seconds:7.3f} s  cpu {cpu:7.3f} s  {peak / _MIB:7.0f} MiB")
    theirs, ours = best["gcsfs"], best["storage-stream"]
    print(
        f"{work:15} {theirs[0] / ours[0]:.2f} x the rate, {theirs[1] / ours[1]:.2f} x by processor"
        f" time, {ours[2] / theirs[2]:.2f} x the memory",
        flush=True,
    )


def main() -> None:
    """Everything, or what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="64 MiB and 200 objects, one round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workload", action="append", choices=list(_WORK))
    parser.add_argument("--small", type=int, default=16 * 1024, help="bytes of a small object")
    parser.add_argument("--here", nargs=5, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.here:  # with as few imports as can be: memory is measured
        system, work, root, said, checked = given.here
        size = Size(*json.loads(said))
        print(json.dumps(run_here(system, work, root, size, checked=checked == "1")), flush=True)
        return
    from benchmarks.servers.place import made_place  # noqa: PLC0415 - not of what is measured

    large = Size(64 * _MIB if given.quick else 1024 * _MIB, 1)
    small = Size(given.small, 200 if given.quick else 2000)
    with made_place([large.object_bytes, small.object_bytes]) as place:
        for work in given.workload or _WORK:
            size = large if work in _LARGE else small
            if "+" in work:
                size = Size(*large[:2], *small[:2])
            compare(place, work, size, 1 if given.quick else given.rounds)


if __name__ == "__main__":
    main()
