"""Builds the distributions and tries them where nothing of the sources is in reach.

It fails at the first thing that is not as it should be, with a sentence. What each extra alone
gives is in `tests/packaging`; here it is whether the files that people install are whole.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path, PurePosixPath

_ROOT = Path(__file__).parents[1]
_PACKAGE = "storage_stream"
_CONSTRAINTS = _ROOT / "constraints.txt"
_INFO = {"METADATA", "WHEEL", "entry_points.txt", "licenses/LICENSE", "RECORD"}
_SDIST_BESIDE = {"PKG-INFO", ".gitignore"}  # which the build backend adds
_CORE_EXAMPLES = ("read_chunks", "range_and_verify", "resume_after_loss", "json_lines")

# What a user does first; it needs nothing but what the wheel brings.
_ROUND_TRIP = """
import asyncio, pathlib, urllib.request, storage_stream
from storage_stream import Storage
from storage_stream.emulator import Emulator
from storage_stream.pipeline import lines

assert "site-packages" in storage_stream.__file__, storage_stream.__file__
assert pathlib.Path(storage_stream.__file__).with_name("py.typed").exists()

async def main():
    async with Emulator() as emulator, Storage(api_root=emulator.url, anonymous=True) as storage:
        await storage.create_bucket("bucket", "project")
        async with storage.upload_stream("bucket", "rows") as writer:
            for number in range(200_000):
                await writer.write(b"row %d\\n" % number)
        async with storage.download_stream("bucket", "rows") as stream, lines(stream) as rows:
            assert sum([1 async for _ in rows]) == 200_000
        assert stream.verified is True
        async with storage.open("bucket", "rows") as file:
            await file.seek(-7, 2)
            assert await file.read() == b"199999\\n"
        get = urllib.request.urlopen
        page = await asyncio.to_thread(lambda: get(emulator.url + "/_console").read())
        assert b"<html" in page
asyncio.run(main())
"""


class Wrong(Exception):  # noqa: N818 - it is what the distributions are
    """Something is not as it should be."""


def main() -> None:
    """Check everything, in order of what is quick."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="an empty folder to work in")
    parser.add_argument("--to", type=Path, metavar="DIR", help="where to put the distributions")
    given = parser.parse_args()
    folder: Path = given.folder.resolve()
    sources = _copied(folder / "sources")
    wheel, sdist = _built(folder)
    _check_wheel(wheel, sources)
    _check_sdist(sdist, sources)
    _check_alike(wheel, _wheel_of_sources(folder))
    _try_core(folder, wheel)
    _try_command(folder, wheel)
    if given.to:
        given.to.mkdir(parents=True, exist_ok=True)
        for file in (wheel, sdist):
            shutil.copy(file, given.to)
    print(f"{wheel.name} ({wheel.stat().st_size:,} bytes) and {sdist.name} are whole.")


def _copied(target: Path) -> set[str]:
    """Copy what the repository keeps, or would: what git does not ignore. Gives the names.

    Of the copy both wheels are made, whatever is edited meanwhile.
    """
    listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    output = subprocess.check_output(listed, cwd=_ROOT, text=True)
    names = {name for name in output.split("\0") if name and (_ROOT / name).exists()}
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(_ROOT / name, target / name)
    return names


def _built(folder: Path) -> tuple[Path, Path]:
    """The wheel and the sdist; the wheel is built from the sdist."""
    _build(folder, "dist")
    [wheel], [sdist] = (folder / "dist").glob("*.whl"), (folder / "dist").glob("*.tar.gz")
    return wheel, sdist


def _wheel_of_sources(folder: Path) -> Path:
    """The wheel that is built without an sdist in between."""
    _build(folder, "direct", "--wheel")
    [wheel] = (folder / "direct").glob("*.whl")
    return wheel


def _build(folder: Path, target: str, *arguments: str) -> None:
    constraint = ("--dependency-constraints-txt", str(_CONSTRAINTS))
    build = (sys.executable, "-m", "build", *arguments, *constraint)
    _run(folder, *build, "--outdir", str(folder / target), str(folder / "sources"))


def _check_wheel(wheel: Path, sources: set[str]) -> None:
    """It holds the package's files and its metadata: all of them, and nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        info = next(name.partition("/")[0] for name in names if ".dist-info/" in name)
        metadata = Parser().parsestr(archive.read(f"{info}/METADATA").decode())
    package = {name for name in sources if name.startswith(f"{_PACKAGE}/")}
    _compare(wheel.name, names, package | {f"{info}/{name}" for name in _INFO})
    if not metadata.get_payload() or "License-File" not in metadata:
        raise Wrong(f"{wheel.name} has no description, or no licence")


def _check_sdist(sdist: Path, sources: set[str]) -> None:
    """It holds all that the tests need, and nothing that is not kept in the repository."""
    with tarfile.open(sdist) as archive:
        paths = [PurePosixPath(member.name) for member in archive if member.isfile()]
    names = {str(PurePosixPath(*path.parts[1:])) for path in paths}
    kept = {name for name in sources if not name.startswith(".")}
    _compare(sdist.name, names - _SDIST_BESIDE, kept)


def _check_alike(wheel: Path, other: Path) -> None:
    """Both ways of building give the same files."""
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(other) as two:
        found = [{item.filename: item.CRC for item in each.infolist()} for each in (one, two)]
    if found[0] != found[1]:
        raise Wrong(
            f"the sdist builds another wheel: {set(found[0].items()) ^ set(found[1].items())}"
        )


def _compare(what: str, found: set[str], expected: set[str]) -> None:
    if missing := expected - found:
        raise Wrong(f"{what} lacks {sorted(missing)}")
    if stray := found - expected:
        raise Wrong(f"{what} holds what does not belong there: {sorted(stray)}")


def _try_core(folder: Path, wheel: Path) -> None:
    """Without any extra: a round trip, the examples, and what the command says."""
    python = _environment(folder / "core", str(wheel))
    _run(folder, str(python), "-I", "-W", "error", "-c", _ROUND_TRIP)
    examples = shutil.copytree(_ROOT / "examples", folder / "examples")
    for name in _CORE_EXAMPLES:
        _run(examples, str(python), "-W", "error", f"{name}.py")
    told = _told(folder, str(python.with_name("storage-stream")), "--version")
    if "install storage-stream[cli]" not in told:
        raise Wrong(f"without its extra the command says: {told}")


def _try_command(folder: Path, wheel: Path) -> None:
    """With the extra `cli`: the command's version, and a file up and down through an emulator."""
    python = _environment(folder / "cli", f"{wheel}[cli]")
    command = str(python.with_name("storage-stream"))
    version = wheel.name.split("-")[1]
    if version not in (told := _told(folder, command, "--version")):
        raise Wrong(f"the command of {version} says: {told}")
    _run(folder, str(python), "-I", "-m", "storage_stream.cli.demo", "--size", "4MB")


def _environment(folder: Path, what: str) -> Path:
    """A virtual environment with something in it; gives its Python."""
    python = folder / "bin" / "python"
    _run(folder.parent, sys.executable, "-m", "venv", "--without-pip", str(folder))
    pip = (sys.executable, "-m", "pip", "--python", str(python))
    _run(folder, *pip, "install", "-qq", "--constraint", str(_CONSTRAINTS), what)
    _run(folder, *pip, "check")
    return python


def _told(folder: Path, *command: str) -> str:
    """What a command says, whether it succeeds or not."""
    done = subprocess.run(
        command, cwd=folder, env=_surroundings(), capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def _run(folder: Path, *command: str) -> None:
    """Run something that has to succeed; what it says is shown only if it does not."""
    done = subprocess.run(
        command, cwd=folder, env=_surroundings(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Wrong(f"{' '.join(command)[:300]} failed:\n{(done.stdout + done.stderr)[-4000:]}")


def _surroundings() -> dict[str, str]:
    """The environment, without what would lead to these sources or to somebody's bucket."""
    hidden = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "STORAGE_EMULATOR_HOST")
    return {name: value for name, value in os.environ.items() if name not in hidden}


if __name__ == "__main__":
    try:
        main()
    except Wrong as wrong:
        sys.exit(str(wrong))
