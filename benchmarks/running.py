"""One client in one process of its own, on the clients' core; and whether it did its job."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.job import Job
from benchmarks.servers.bodies import crc32c_of_file
from benchmarks.servers.processes import pin
from benchmarks.servers.sink import received

if TYPE_CHECKING:
    from benchmarks.servers.place import Place
    from benchmarks.workloads import Workload

__all__ = ["ClientFailed", "Sample", "run_client"]

_ROOT = Path(__file__).parents[1]
_LIMIT_SECONDS = 300.0
_WORDS_CHARACTERS = 2000  # of a client's last words


class ClientFailed(Exception):  # noqa: N818 - it is what happened
    """A client ended with an error, took for ever, or delivered something else."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one run of a client took."""

    seconds: float
    cpu_seconds: float
    peak_rss_bytes: int
    rss_growth_bytes: int


def run_client(
    place: Place, workload: Workload, client: str, loop: str, *, checked: bool
) -> Sample:
    """Run it once.

    Args:
        place: What it runs against.
        workload: What it does.
        client: Which one.
        loop: `asyncio` or `uvloop`.
        checked: Compare checksums of all that it delivered. Lengths are always compared.

    Raises:
        ClientFailed: See there.
    """
    with tempfile.TemporaryDirectory(dir=place.folder) as folder:
        job = _job(place, workload, folder, tag=uuid.uuid4().hex if checked else "timed")
        result = _outcome(client, loop, job, place, checked=checked)
        body = place.bodies[workload.size_bytes]
        if workload.in_memory and result["received_bytes"] != job.total_bytes:
            raise ClientFailed(f"{result['received_bytes']} bytes instead of {job.total_bytes}")
        if workload.in_memory and checked and result["checksums"] != [body.crc32c]:
            raise ClientFailed(f"checksums {result['checksums']} instead of {body.crc32c}")
        if workload.writes_files:
            _compare_files(job, body.crc32c if checked else None)
        if workload.uploads and checked:
            _compare_uploads(job, place.sink_port, body.crc32c)
    return Sample(**{name: result[name] for name in Sample.__slots__})


def _job(place: Place, workload: Workload, folder: str, *, tag: str) -> Job:
    return Job(
        kind=workload.kind,
        root=place.root_of(workload.link, upload=workload.uploads),
        authority=str(place.authority),
        size_bytes=workload.size_bytes,
        count=workload.count,
        concurrency=workload.concurrency,
        read_bytes=workload.read_bytes,
        connections=workload.connections,
        source=str(place.bodies[workload.size_bytes].path),
        folder=folder,
        tag=tag,
    )


def _outcome(client: str, loop: str, job: Job, place: Place, *, checked: bool) -> dict[str, Any]:
    words = [client, loop, "checked" if checked else "timed", job.to_json()]
    command = [sys.executable, "-m", "benchmarks.client_process", *words]
    with subprocess.Popen(
        command,
        cwd=_ROOT,
        env=_environment(place),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        pin(process.pid, server=False)
        try:
            output, errors = process.communicate(timeout=_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise ClientFailed(f"still at it after {_LIMIT_SECONDS:.0f} s") from None
        except KeyboardInterrupt:
            process.kill()
            raise
    if process.returncode:
        last = errors.strip()[-_WORDS_CHARACTERS:]
        raise ClientFailed(f"ended with status {process.returncode}: {last}")
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    return result


def _environment(place: Place) -> dict[str, str]:
    """Ours, without what would lead clients elsewhere, and with the run's own authority."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and name != "STORAGE_EMULATOR_HOST"
    }
    authority = str(place.authority)
    return {**kept, "SSL_CERT_FILE": authority, "REQUESTS_CA_BUNDLE": authority}


def _compare_files(job: Job, crc32c: str | None) -> None:
    for name, path in job.targets:
        size = Path(path).stat().st_size
        if size != job.size_bytes:
            raise ClientFailed(f"{name}: a file of {size} bytes instead of {job.size_bytes}")
        if crc32c is not None and (found := crc32c_of_file(Path(path))) != crc32c:
            raise ClientFailed(f"{name}: a file with crc32c {found} instead of {crc32c}")


def _compare_uploads(job: Job, sink_port: int, crc32c: str) -> None:
    for name in job.new_names:
        found = received(sink_port, name)
        if found != (job.size_bytes, crc32c):
            raise ClientFailed(f"{name}: the server has {found}")
