"""Download throughput, processor time and memory: this library beside its peers, in one run.

The server has one core, the clients take turns on the other, each in a fresh process, in
interleaved rounds; the figures are medians. This library checks the crc32c of every byte, the
others check nothing.

    python benchmarks/download_throughput.py [--size-mib 1024] [--rounds 5] [--json FILE]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from download_clients import CLIENTS
from fastcrc.crc32 import iscsi

from storage_stream._protocol.checksums import encode_crc32c

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
MIB = 1024 * 1024
GIB = 1024 * MIB
Sample = dict[str, float]


def main() -> None:
    """Measure, print a table, and write JSON where asked to."""
    options = arguments()
    memory = Path("/dev/shm")  # noqa: S108 - a private folder is made inside it
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        path = Path(folder) / "object"
        crc = make_object(path, options.size_mib)
        with server(path, crc) as root:
            samples = rounds(root, options)
    report(samples, options)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size-mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def make_object(path: Path, size_mib: int) -> str:
    """Random bytes, and their checksum."""
    value = 0
    block = os.urandom(MIB)
    with path.open("wb") as file:
        for number in range(size_mib):
            data = number.to_bytes(8, "big") + block[8:]
            value = iscsi(data, value)
            file.write(data)
    return encode_crc32c(value)


@contextlib.contextmanager
def server(path: Path, crc32c: str) -> Iterator[str]:
    """The object server, on the last core."""
    command = [sys.executable, str(HERE / "object_server.py"), str(path), crc32c]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            pin(process.pid, last=True)
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"  # type: ignore[union-attr]
        finally:
            process.terminate()


def pin(pid: int, *, last: bool) -> None:
    """Keep a process on one core, where there is more than one."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(pid, {cores[-1] if last else cores[0]})


def rounds(root: str, options: argparse.Namespace) -> dict[str, list[Sample]]:
    """Every client in every round, so that a slow moment hits all of them."""
    samples: dict[str, list[Sample]] = {}
    for number in range(options.rounds):
        for loop in ("asyncio", "uvloop"):
            for chunk_bytes in (64 * 1024, MIB):
                for name in CLIENTS:
                    key = f"{name}|{loop}|{chunk_bytes}"
                    sample = one(name, root, chunk_bytes, loop)
                    if sample["bytes"] != options.size_mib * MIB:
                        raise SystemExit(f"{name} received {sample['bytes']} bytes")
                    samples.setdefault(key, []).append(sample)
        print(f"round {number + 1} of {options.rounds} done", file=sys.stderr)
    return samples


def one(name: str, root: str, chunk_bytes: int, loop: str) -> Sample:
    """One download in a fresh process on the first core."""
    script = str(HERE / "download_clients.py")
    command = [sys.executable, script, name, root, str(chunk_bytes), loop]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        pin(process.pid, last=False)
        output, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{name} failed")
    result: Sample = json.loads(output)
    return result


def report(samples: dict[str, list[Sample]], options: argparse.Namespace) -> None:
    """A table of medians, and of the ratio to aiohttp's iter_chunked."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"One object of {options.size_mib} MiB, {options.rounds} rounds, medians; {machine}")
    print(
        f"{'client':22} {'loop':8} {'read':>8} {'MiB/s':>7} {'CPU s/GiB':>10} {'RSS +MiB':>9}"
        f" {'rate ÷ aiohttp':>15} {'CPU ÷ aiohttp':>14}"
    )
    table = []
    for key, found in samples.items():
        name, loop, chunk = key.split("|")
        base = samples[f"aiohttp iter_chunked|{loop}|{chunk}"]
        row = summary(found)
        row["rate_ratio"] = row["mib_per_second"] / summary(base)["mib_per_second"]
        row["cpu_ratio"] = row["cpu_per_gib"] / summary(base)["cpu_per_gib"]
        print(
            f"{name:22} {loop:8} {int(chunk) // 1024:>4} KiB {row['mib_per_second']:>7.0f}"
            f" {row['cpu_per_gib']:>10.3f} {row['rss_growth_mib']:>9.1f}"
            f" {row['rate_ratio']:>15.2f} {row['cpu_ratio']:>14.2f}"
        )
        table.append({"client": name, "loop": loop, "chunk_bytes": int(chunk), **row})
    if options.json:
        options.json.write_text(json.dumps({"machine": machine, "rows": table}, indent=1) + "\n")


def summary(found: list[Sample]) -> Sample:
    """Medians of one client's samples."""

    def median(values: list[float]) -> float:
        return statistics.median(values)

    return {
        "mib_per_second": median([s["bytes"] / MIB / s["seconds"] for s in found]),
        "cpu_per_gib": median([s["cpu_seconds"] / (s["bytes"] / GIB) for s in found]),
        "rss_growth_mib": median([s["rss_growth_bytes"] / MIB for s in found]),
    }


if __name__ == "__main__":
    main()
