"""All that one run is measured against: bodies, servers, addresses; gone when the run is over."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.servers.bodies import Body, fast_folder, make_body
from benchmarks.servers.certificates import make_certificates
from benchmarks.servers.long_link import running_long_link
from benchmarks.servers.nginx import running_nginx
from benchmarks.servers.sink import running_sink

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["BYTES_PER_SECOND", "ROUND_TRIP_SECONDS", "NoRoom", "Place", "made_place"]

ROUND_TRIP_SECONDS = 0.05
BYTES_PER_SECOND = 50 * 1024 * 1024


class NoRoom(Exception):  # noqa: N818 - it is what is missing
    """The bodies, and what clients write, do not fit."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are.

    Attributes:
        folder: A private folder, in memory where that is possible.
        bodies: What can be transferred, by its size.
        authority: The certificate that TLS is checked with.
        roots: The address of each link: plain, tls, long.
        sink_port: The port of the upload server, which also tells what it received.
    """

    folder: Path
    bodies: dict[int, Body]
    authority: Path
    roots: dict[str, str]
    sink_port: int

    def root_of(self, link: str, *, upload: bool) -> str:
        """The address that a client is given."""
        if upload and link == "plain":
            return f"http://127.0.0.1:{self.sink_port}"
        return self.roots[link]


@contextlib.contextmanager
def made_place(sizes: Iterable[int]) -> Iterator[Place]:
    """Make bodies of these sizes, and serve them until the block is left.

    Raises:
        NoRoom: There is too little memory, or disk where `TMPDIR` says so.
        NginxMissing: There is no nginx, and none could be had.
        CompilerMissing: There is no C compiler.
    """
    sizes = sorted(set(sizes))
    with contextlib.ExitStack() as stack:
        temporary = tempfile.TemporaryDirectory(prefix="bench-", dir=fast_folder())
        folder = Path(stack.enter_context(temporary))
        _check_room(folder, sum(sizes) + sizes[-1])
        bodies = {size: make_body(folder, size) for size in sizes}
        tls = make_certificates(folder)
        sink_port = stack.enter_context(running_sink(folder))
        nginx = stack.enter_context(running_nginx(folder, sink_port, list(bodies.values()), tls))
        long_port = stack.enter_context(
            running_long_link(nginx.plain_port, ROUND_TRIP_SECONDS, BYTES_PER_SECOND)
        )
        roots = {
            "plain": f"http://127.0.0.1:{nginx.plain_port}",
            "tls": f"https://127.0.0.1:{nginx.tls_port}",
            "long": f"http://127.0.0.1:{long_port}",
        }
        yield Place(folder, bodies, tls.authority, roots, sink_port)


def _check_room(folder: Path, needed_bytes: int) -> None:
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < needed_bytes:
        raise NoRoom(
            f"{needed_bytes / 2**30:.1f} GiB are needed in {folder.parent}, where"
            f" {free_bytes / 2**30:.1f} GiB are free; choose smaller workloads."
        )
