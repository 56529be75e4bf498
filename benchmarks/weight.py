"""What a program pays for having a client: seconds until it can begin, and space on the disk.

    scripts/bench weight                     this library beside its peers, as a table
    scripts/bench weight --check PYTHON      fail if this library, installed there, is too heavy

Every client gets a virtual environment of its own, with what pip installs for it and nothing else.
Each program is a process; the processor's time of all its threads is taken, and the least of
several interleaved rounds, because neighbours only ever add to it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from benchmarks.machine import processor
from storage_stream import Storage
from storage_stream.emulator import Emulator

__all__ = ["Client", "Weight", "installed_bytes", "least_cpu_seconds", "needed_by"]

_ROOT = Path(__file__).parents[1]
_MIB = 1024 * 1024
_ROUNDS = 15
_MOST_IN_AIOHTTP = 1.15  # what importing us may cost, in what importing aiohttp does
_NAMED = ("aiohttp", "gcloud-aio-auth")  # what we are to be built on, with what they need

_OURS = """
import asyncio
from storage_stream import Storage
async def main():
    async with Storage() as storage:
        assert await storage.download("bucket", "name") == b"data"
asyncio.run(main())
"""
_AIOHTTP = """
import asyncio, os, aiohttp
async def main():
    async with aiohttp.ClientSession() as session:
        url = os.environ["STORAGE_EMULATOR_HOST"] + "/storage/v1/b/bucket/o/name?alt=media"
        async with session.get(url) as answer:
            assert await answer.read() == b"data"
asyncio.run(main())
"""
_GCLOUD_AIO = """
import asyncio, aiohttp
from gcloud.aio.storage import Storage
async def main():
    async with aiohttp.ClientSession() as session, Storage(session=session) as storage:
        assert await storage.download("bucket", "name") == b"data"
asyncio.run(main())
"""
_GCSFS = """
import os
from gcsfs.core import GCSFileSystem  # the package's own would first ask over TLS what bucket it is
files = GCSFileSystem(token="anon", endpoint_url=os.environ["STORAGE_EMULATOR_HOST"])
assert files.cat_file("bucket/name") == b"data"
"""
_GOOGLE = """
import os
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client
client = Client(
    project="none",
    credentials=AnonymousCredentials(),
    client_options={"api_endpoint": os.environ["STORAGE_EMULATOR_HOST"]},
)
assert client.bucket("bucket").blob("name").download_as_bytes() == b"data"
"""
_OBSTORE = """
import json, os, obstore
from obstore.store import GCSStore
account = {
    "gcs_base_url": os.environ["STORAGE_EMULATOR_HOST"],
    "disable_oauth": True,
    "client_email": "",
    "private_key": "",
    "private_key_id": "",
}
store = GCSStore(
    "bucket", service_account_key=json.dumps(account), client_options={"allow_http": True}
)
assert bytes(obstore.get(store, "name").bytes()) == b"data"
"""


class Client(NamedTuple):
    """Whom to weigh.

    Attributes:
        distribution: What pip is asked for.
        statement: How it is imported.
        first_object: A program that downloads `gs://bucket/name`, which is `data`.
    """

    distribution: str
    statement: str
    first_object: str


_CLIENTS = (
    Client("storage-stream", "from storage_stream import Storage", _OURS),
    Client("aiohttp", "import aiohttp", _AIOHTTP),
    Client("gcloud-aio-storage", "from gcloud.aio.storage import Storage", _GCLOUD_AIO),
    Client("google-cloud-storage", "from google.cloud.storage import Client", _GOOGLE),
    Client("gcsfs", "from gcsfs.core import GCSFileSystem", _GCSFS),
    Client("obstore", "from obstore.store import GCSStore", _OBSTORE),
)


class Weight(NamedTuple):
    """What one client weighs; sizes in bytes, times in seconds of the processor."""

    version: str
    distributions: int
    own_bytes: int
    all_bytes: int
    import_seconds: float
    first_object_seconds: float


def least_cpu_seconds(programs: dict[str, tuple[Path, str]], rounds: int) -> dict[str, float]:
    """The processor's time of programs, each the least of its rounds, the start of Python included.

    Args:
        programs: By any name a Python and what it shall run.
        rounds: How often; they take turns.

    Raises:
        RuntimeError: One fails.
    """
    least = dict.fromkeys(programs, float("inf"))
    for _ in range(rounds):
        for name, (python, program) in programs.items():
            least[name] = min(least[name], _cpu_seconds(python, program))
    return least


def _cpu_seconds(python: Path, program: str) -> float:
    # -I: what lies in the working folder and PYTHONPATH is not imported
    with subprocess.Popen([python, "-I", "-c", program]) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"a program failed: {program}")
    return usage.ru_utime + usage.ru_stime


def installed_bytes(folder: Path, name: str) -> int:
    """The size of a distribution's files, without the bytecode that Python makes of them."""
    files = _distribution(folder, name).files or ()
    paths = (Path(str(file.locate())) for file in files if "__pycache__" not in file.parts)
    return sum(path.stat().st_size for path in paths if path.exists())


def _distribution(folder: Path, name: str) -> metadata.Distribution:
    return next(iter(metadata.Distribution.discover(name=name, path=[str(folder)])))


def needed_by(folder: Path, *names: str) -> set[str]:
    """These distributions, and what they need of what is installed in a folder."""
    from packaging.requirements import Requirement  # noqa: PLC0415 - not for the check

    found: set[str] = set()
    todo = list(names)
    while todo:
        name = Requirement(todo.pop()).name.lower().replace("_", "-")
        here = list(metadata.Distribution.discover(name=name, path=[str(folder)]))
        if here and name not in found:
            found.add(name)
            requirements = map(Requirement, here[0].requires or ())
            todo += [r.name for r in requirements if _counts(r.marker)]
    return found


def _counts(marker: object) -> bool:
    """Whether a requirement is there without any extra."""
    return marker is None or "extra" not in str(marker)


def _site_packages(python: Path) -> Path:
    show = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(subprocess.check_output([python, "-I", "-c", show], text=True).strip())


def _environment(folder: Path, client: Client) -> Path:
    """A virtual environment that holds one client; gives its Python."""
    python = folder / client.distribution / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", python.parents[1]], check=True)
    what = str(_ROOT) if client.distribution == "storage-stream" else client.distribution
    pip = (sys.executable, "-m", "pip", "--python", str(python), "install", "-qq")
    constraint = ("--constraint", str(_ROOT / "constraints.txt"))
    subprocess.run([*pip, *constraint, what], check=True)
    return python


def _weigh(folder: Path, url: str, rounds: int) -> dict[str, Weight]:
    pythons = {client.distribution: _environment(folder, client) for client in _CLIENTS}
    os.environ["STORAGE_EMULATOR_HOST"] = url
    imports = {c.distribution: (pythons[c.distribution], c.statement) for c in _CLIENTS}
    firsts = {c.distribution: (pythons[c.distribution], c.first_object) for c in _CLIENTS}
    least, first = least_cpu_seconds(imports, rounds), least_cpu_seconds(firsts, rounds)
    return {
        name: Weight(
            _distribution(place, name).version,
            len(needed_by(place, name)),
            installed_bytes(place, name),
            sum(installed_bytes(place, each) for each in needed_by(place, name)),
            least[name],
            first[name],
        )
        for name, place in ((name, _site_packages(python)) for name, python in pythons.items())
    }


def _table(weights: dict[str, Weight]) -> str:
    rows = [
        f"| {name} {weight.version} | {weight.import_seconds * 1000:.0f} ms"
        f" | {weight.first_object_seconds * 1000:.0f} ms"
        f" | {weight.own_bytes / _MIB:.1f} MiB | {weight.all_bytes / _MIB:.1f} MiB"
        f" | {weight.distributions} |"
        for name, weight in weights.items()
    ]
    heads = ("client", "import", "first object", "own size", "with what it needs", "packages")
    rule = "|---|---:|---:|---:|---:|---:|"
    return "\n".join(["| " + " | ".join(heads) + " |", rule, *rows])


def _reason(folder: Path) -> str:
    """Where our weight comes from."""
    place = _site_packages(folder / "storage-stream" / "bin" / "python")
    named = needed_by(place, *_NAMED)
    sizes = {name: installed_bytes(place, name) for name in needed_by(place, "storage-stream")}
    largest = sorted(sizes, key=lambda name: -sizes[name])[:6]
    return (
        f"Of ours, {' and '.join(_NAMED)} with what they need are"
        f" {sum(sizes[name] for name in named) / _MIB:.1f} MiB; the largest are "
        + ", ".join(f"{name} {sizes[name] / _MIB:.1f}" for name in largest)
    )


async def _compare(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            Emulator() as emulator,
            Storage(api_root=emulator.url, anonymous=True) as storage,
        ):
            await storage.create_bucket("bucket", "project")
            await storage.upload("bucket", "name", b"data")
            weights = await asyncio.to_thread(_weigh, folder, emulator.url, rounds)
        print(f"{processor()}, Python {sys.version.split()[0]}\n\n{_table(weights)}\n")
        print(_reason(folder))


def _check(python: Path, rounds: int) -> None:
    """Compare importing us with importing aiohttp, where both are installed.

    Raises:
        SystemExit: It costs more than it may.
    """
    statements = ("pass", "import aiohttp", "import storage_stream", _CLIENTS[0].statement)
    programs = {statement: (python, statement) for statement in statements}
    least = least_cpu_seconds(programs, rounds)
    for statement, seconds in least.items():
        ratio = seconds / least["import aiohttp"]
        print(f"{seconds * 1000:6.1f} ms, {ratio:.2f} of aiohttp: {statement}")
        if ratio > _MOST_IN_AIOHTTP:
            sys.exit(f"{statement} may cost {_MOST_IN_AIOHTTP} of what aiohttp costs")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--check", type=Path, metavar="PYTHON", help="a Python that has us")
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    given = parser.parse_args()
    if given.check:
        _check(given.check, given.rounds)
    else:
        asyncio.run(_compare(given.rounds))
