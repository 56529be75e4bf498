"""`transfer` and `map_objects`: what is asked, checked before anything is begun."""

from __future__ import annotations

import hashlib
import os
import pickle
import threading  # noqa: TC003 - a TypedDict's fields are looked up
from collections.abc import Callable, Mapping  # noqa: TC003 - the same
from typing import Any, TypedDict, Unpack
from urllib.parse import urlsplit

from storage_stream import ProgressSnapshot, RequestKeywords  # noqa: TC001 - the same
from storage_stream.errors import InvalidArgument, UsageError
from storage_stream.integrations.dask.engine import library
from storage_stream.integrations.dask.manifest import Manifest
from storage_stream.integrations.dask.order import Order, Verb
from storage_stream.integrations.dask.run import ClusterRun, Pacing
from storage_stream.integrations.dask.summary import ClusterSummary  # noqa: TC001 - looked up
from storage_stream.sync.client import Storage as SyncStorage

__all__ = ["ClusterKeywords", "map_objects", "transfer"]

_SCHEME = "gs://"
_MANIFESTS = ".storage-stream/cluster/"
_MIB = 1024 * 1024
_WRITES_PER_SECOND, _READS_PER_SECOND = 1000.0, 5000.0
_DOUBLING_SECONDS = 20 * 60.0
"""https://cloud.google.com/storage/docs/request-rate: what a bucket takes at first, and how fast
it may become more."""
_NOT_ELSEWHERE = frozenset(  # they live in one process
    {"token", "session", "environment", "observer", "ssl"}
)
_REQUEST_OPTIONS = frozenset(  # others are said by the run itself, or are keys
    {"headers", "timeout", "stall_timeout", "user_project", "retry", "retries"}
)
_SECRET_HEADERS = ("authorization", "cookie", "encryption-key", "proxy-authorization", "token")
_WILDCARDS = frozenset("*?[]{}")


class ClusterKeywords(TypedDict, total=False):
    """Keywords of every run on a cluster.

    overwrite: False leaves alone what is at the target; else what differs is replaced (True).
    literal: The source is a prefix as it stands, whose `*?[]{}` are letters (False).
    storage_options: Keywords of `Storage`, for the client of each worker and for this process's
        own. None: each finds its credentials where it runs. What holds a secret is refused, since
        it would stand in the cluster's tasks: a token, a password of a proxy.
    request_options: Keywords of every request: `headers`, `timeout`, `stall_timeout`,
        `user_project`, `retry`, `retries`. A key, or a header that holds one, is refused.
    manifest: Where it is written down what was done, as `gs://bucket/folder/`; None: below
        `.storage-stream/cluster/` of the target's bucket. False: nowhere. A folder has no bucket:
        there it is written only if a place is named.
    resume: Go on with what the manifest tells of (True); False begins anew.
    unit_objects: Objects in a piece of work, at most (1,000).
    unit_bytes: Bytes in one, unless its first object has more (64 GiB; for a function 1 GiB).
    concurrency: Objects under way at once in one (32).
    futures_per_thread: Pieces that are alive for each thread of the cluster (2).
    ramp_up: False does not keep to the service's guideline for the request rates of a bucket.
    patience: Seconds that it waits while there is no worker (600); the log tells of it after
        three, and the first worker that comes ends it.
    progress: Called with a `ProgressSnapshot`, at most five times a second, in the thread that
        called.
    cancel: A `threading.Event`; set, it ends the run. What workers have under way is broken off,
        each object whole or not there; the same call goes on. Only a function of yours that blocks
        is not: no thread can be stopped from outside.
    """

    overwrite: bool
    literal: bool
    storage_options: Mapping[str, Any] | None
    request_options: RequestKeywords | None
    manifest: str | bool | None
    resume: bool
    unit_objects: int
    unit_bytes: int
    concurrency: int
    futures_per_thread: int
    ramp_up: bool
    patience: float
    progress: Callable[[ProgressSnapshot], Any] | None
    cancel: threading.Event | None


def transfer(
    client: Any,
    source: str,
    target: str | os.PathLike[str],
    **options: Unpack[ClusterKeywords],
) -> ClusterSummary:
    """Copy objects on a cluster: to other objects, or to a folder that all workers share. Blocks.

    The names are cut into ranges, which workers list and do, a bounded piece at a time. Each
    object is read at the generation that was listed and written only where the target is what it
    was found to be; one that is the same there already, by size and checksum (a file: by size and
    time), is skipped. So a piece that is done twice does no harm, and the same call goes on where
    one was that lost its workers, its scheduler or its own process.

    One request for each copy or download; one for each page of the source's list, and of the
    target's; few for the cuts, the manifest and the cluster's size.

    Args:
        client: A `distributed.Client` that blocks.
        source: `gs://bucket/prefix`, or with wildcards as the service matches them:
            `gs://bucket/photos/**.jpg`; `literal=True` takes `*?[]{}` as letters. Objects are
            called by what comes behind the last slash of the prefix. Manifests of other runs, below
            `.storage-stream/cluster/`, are taken only if the prefix names them.
        target: `gs://bucket/prefix`, or a folder, which has to be the same on all workers. A
            folder as the source is refused: no worker could list a part of it.
        **options: See `ClusterKeywords`.

    Raises:
        ExtraMissing: The extra is not installed.
        InvalidArgument: A source or target that cannot be, or one in the other.
        UsageError: A client, or an option, that cannot be given to a cluster.
        ClusterLost: The scheduler is gone, or there were no workers for too long.
        ManifestTaken: Another run has gone on with the manifest.
        StorageError: A list failed, or the manifest could not be written.
    """
    _check_names(options)
    library()
    bucket, prefix, glob = _source(source, is_literal=options.get("literal", False))
    place = os.fspath(target)
    if place.startswith(_SCHEME):
        target_bucket, target_prefix = _place(place)
        order = Order(Verb.COPY, bucket, prefix, target_bucket, _as_folder(target_prefix), glob)
        _check_apart(order)
    else:
        order = Order(Verb.DOWNLOAD, bucket, prefix, None, os.path.abspath(place), glob)  # noqa: PTH100 - texts
    return _carried_out(client, order, options, unit_bytes=64 * 1024 * _MIB)


def map_objects(
    client: Any,
    source: str,
    function: Callable[..., Any],
    *,
    target: str | None = None,
    on_result: Callable[[str, Any], Any] | None = None,
    most_results: int = 10_000,
    most_object_bytes: int = 256 * _MIB,
    **options: Unpack[ClusterKeywords],
) -> ClusterSummary:
    """Call a function on each of many objects, on a cluster. Blocks.

    A function that blocks is given the object's bytes, and called in a thread of the worker's;
    an async function is given the `StreamResponse`, and runs in the loop of the worker's client.
    Both get a `SourceObject` besides, which has its name and generation:

        def words(data, source): return len(data.split())
        async def first_line(stream, source): return await anext(aiter(stream.iter_lines()), b"")

    What it gives, bytes or text, is the object of the same name at the target; None makes none. A
    result that names the generation its source has is not made again. Without a target results
    come back. What the function raises is the failure of that object, and ends nothing.

    One request for each object and one for each result; the lists as in `transfer`. After a worker
    or the run was lost, the function is called again for objects whose results are not there.

    `cancel=` breaks an async function off at its next `await`. One that blocks is not interrupted:
    it runs to its end in its worker's thread, which is free only then, and what it gives is
    dropped; so have it limit what it waits for itself.

    Args:
        client: A `distributed.Client` that blocks.
        source: As in `transfer`.
        function: It has to be one that can be pickled, or that workers can import.
        target: `gs://bucket/prefix`, or None.
        on_result: Without a target: called with a name and what the function gave, in the thread
            that called this, before it is written down that the piece is done.
        most_results: That `results` of the summary keeps without `on_result`; one more ends the
            run with a `UsageError`.
        most_object_bytes: Of an object that is given whole; of what comes back it is a 64th.
        **options: See `ClusterKeywords`; `unit_objects` is 250.

    Raises:
        StorageError: As `transfer` does.
    """
    _check_names(options)
    library()
    if not callable(function):
        raise InvalidArgument("the function cannot be called")
    bucket, prefix, glob = _source(source, is_literal=options.get("literal", False))
    target_bucket, target_prefix = (None, "") if target is None else _place(target)
    order = Order(
        *(Verb.MAP, bucket, prefix, target_bucket),
        *("" if target is None else _as_folder(target_prefix), glob),
        function=function,
        most_object_bytes=most_object_bytes,
        most_result_bytes=max(1024, most_object_bytes // 64),
    )
    _check_apart(order)
    return _carried_out(
        *(client, order, options),
        unit_bytes=1024 * _MIB,
        unit_objects=250,
        on_result=on_result,
        most_results=most_results,
    )


def _carried_out(
    client: Any,
    order: Order,
    options: ClusterKeywords,
    *,
    unit_bytes: int,
    unit_objects: int = 1000,
    on_result: Callable[[str, Any], Any] | None = None,
    most_results: int = 0,
) -> ClusterSummary:
    storage_options = _storage_options(options.get("storage_options"))
    place = _manifest_place(order, options.get("manifest"))
    settled = _settled(order, options, storage_options, place, unit_bytes)
    pacing = _pacing(settled, options, unit_objects)
    home = SyncStorage(**storage_options)
    try:
        manifest = None
        if place is not None:
            manifest = Manifest(home.asynchronous, *place, settled, settled.request_options)
        run = ClusterRun(
            *(client, settled, home),
            manifest=manifest,
            pacing=pacing,
            progress=options.get("progress"),
            on_result=on_result,
            cancel=options.get("cancel"),
            most_results=most_results,
        )
        return run.carry_out(resume=options.get("resume", True))
    finally:
        home.close()


def _settled(
    order: Order,
    options: ClusterKeywords,
    storage_options: Mapping[str, Any],
    place: tuple[str, str] | None,
    unit_bytes: int,
) -> Order:
    """The order with all that the keywords say of it."""
    manifests: tuple[str, ...] = (_MANIFESTS,) if _MANIFESTS.startswith(order.prefix) else ()
    if place is not None and place[0] == order.bucket:
        manifests = (*manifests, place[1])
    is_at_target = place is not None and place[0] == order.target_bucket
    settled = Order(
        *(order.verb, order.bucket, order.prefix, order.target_bucket, order.target),
        *(order.match_glob, options.get("overwrite", True)),
        leave_out=manifests,
        kept=place[1] if is_at_target and place is not None else None,
        function=order.function,
        client_key=_client_key(storage_options),
        storage_options=storage_options,
        request_options=_request_options(options.get("request_options")),
        concurrency=options.get("concurrency", 32),
        unit_bytes=options.get("unit_bytes", unit_bytes),
        most_object_bytes=order.most_object_bytes,
        most_result_bytes=order.most_result_bytes,
    )
    if settled.concurrency < 1 or settled.unit_bytes < 1:
        raise InvalidArgument("concurrency= and unit_bytes= are at least 1")
    return settled


def _pacing(order: Order, options: ClusterKeywords, unit_objects: int) -> Pacing:
    rate = _WRITES_PER_SECOND if order.writes_objects else _READS_PER_SECOND
    pacing = Pacing(
        options.get("unit_objects", unit_objects),
        options.get("futures_per_thread", 2),
        rate if options.get("ramp_up", True) else None,
        _DOUBLING_SECONDS,
        options.get("patience", 600.0),
    )
    if pacing.unit_objects < 1 or pacing.futures_per_thread < 1:
        raise InvalidArgument("unit_objects= and futures_per_thread= are at least 1")
    return pacing


def _storage_options(said: Mapping[str, Any] | None) -> Mapping[str, Any]:
    options = dict(said or {})
    kept = sorted(name for name in _NOT_ELSEWHERE if options.get(name) is not None)
    if kept:
        raise UsageError(f"storage_options: {kept[0]} cannot be given to another process")
    if options.get("proxy") and urlsplit(str(options["proxy"])).password is not None:
        raise UsageError("storage_options: a proxy's password would stand in the cluster's tasks")
    if not isinstance(options.get("service_file"), str | None):
        raise UsageError("storage_options: service_file= is a path on the worker, not a file")
    return options


def _request_options(said: RequestKeywords | None) -> Mapping[str, Any]:
    options: dict[str, Any] = dict(said or {})
    if odd := sorted(name for name in options if name not in _REQUEST_OPTIONS):
        raise UsageError(f"request_options: {odd[0]} cannot be given to a cluster")
    headers: Mapping[str, str] = options.get("headers") or {}
    for name in headers:
        if any(secret in name.lower() for secret in _SECRET_HEADERS):
            raise UsageError(f"request_options: {name} would stand in the cluster's tasks")
    return options


def _client_key(storage_options: Mapping[str, Any]) -> str:
    try:
        data = pickle.dumps(sorted(storage_options.items()))
    except Exception as error:
        raise UsageError(f"storage_options cannot be given to a worker: {error}") from error
    return hashlib.sha256(data).hexdigest()


def _check_names(options: Mapping[str, Any]) -> None:
    if odd := sorted(options.keys() - ClusterKeywords.__annotations__):
        raise TypeError(f"there is no keyword {odd[0]!r}")


def _manifest_place(
    order: Order,
    said: str | bool | None,  # noqa: FBT001 - as the caller may say it
) -> tuple[str, str] | None:
    if said is False or (said is None and order.target_bucket is None):
        return None
    if isinstance(said, str):
        bucket, folder = _place(said)
        return bucket, _as_folder(folder)
    if order.target_bucket is None:
        raise InvalidArgument("manifest=: name a place, as gs://bucket/folder/")
    return order.target_bucket, f"{_MANIFESTS}{order.fingerprint()}/"


def _source(text: str, *, is_literal: bool) -> tuple[str, str, str | None]:
    """Bucket, prefix, and the pattern if there is one."""
    if not text.startswith(_SCHEME):
        raise InvalidArgument(
            f"{text!r}: the source has to be in a bucket, gs://bucket/prefix; files are uploaded by"
            " Storage.upload_many, or by a function of your own on each worker"
        )
    bucket, name = _place(text)
    at = next((at for at, letter in enumerate(name) if letter in _WILDCARDS), len(name))
    if is_literal:
        return bucket, name, None
    if at == len(name) or name[at:] == "**":
        return bucket, name[:at], None
    return bucket, name[:at], name


def _place(text: str) -> tuple[str, str]:
    bucket, _, name = text.removeprefix(_SCHEME).partition("/")
    if not text.startswith(_SCHEME) or not bucket or _WILDCARDS & set(bucket):
        raise InvalidArgument(f"{text!r} names no bucket: write gs://bucket/prefix")
    return bucket, name


def _as_folder(prefix: str) -> str:
    return prefix if not prefix or prefix.endswith("/") else f"{prefix}/"


def _check_apart(order: Order) -> None:
    """Refuse a target in the source, whose list would then never end, and the reverse."""
    if order.bucket != order.target_bucket:
        return
    if order.target.startswith(order.strip) or order.strip.startswith(order.target):
        raise InvalidArgument(
            f"gs://{order.bucket}/{order.strip} and gs://{order.bucket}/{order.target}:"
            " one is in the other"
        )
