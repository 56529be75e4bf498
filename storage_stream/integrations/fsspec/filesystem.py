"""`StorageFileSystem`: the file system, put together of its subjects."""

from __future__ import annotations

from storage_stream.integrations.fsspec.changing import Changing
from storage_stream.integrations.fsspec.library import sync_wrapper

__all__ = ["StorageFileSystem"]


class StorageFileSystem(Changing):
    """Google Cloud Storage as a file system of fsspec's.

        fs = fsspec.filesystem("storage-stream")
        with fs.open("bucket/name") as file: ...

    Every coroutine `_name` has a blocking twin `name`, carried out on fsspec's own loop. With
    `asynchronous=True` the coroutines are for your own loop, and `aclose` ends it.

    Instances are configuration: equal arguments give the same one, they are pickled as such, and a
    child of `fork` makes its own connections.

    Args:
        project: Whose buckets are listed and made.
        token: `"anon"` for no credentials; None (or `"google_default"`) for what Google's own
            libraries find; the path of a service account's key file; or an object with an async
            `get()`, with which it cannot be pickled.
        endpoint_url: The service's address; None for `STORAGE_EMULATOR_HOST`, or Google's.
        requester_pays: True for the project, or the name of another that pays.
        default_location: Where buckets are made.
        block_size: Bytes that a file reads ahead at most, and that one is written by; None for
            8 MiB.
        use_listings_cache: Keep listings, for 60 seconds. Default False: what is there is asked.
        listings_expiry_time: Seconds for which listings are kept; more than 0 switches it on.
        max_paths: How many listings are kept; None for all.
        client_options: Other arguments of `Storage`: `connections`, `retry`, `ssl`, `proxy`, …
        asynchronous: Whether the coroutines are awaited in a loop of the caller's.
        loop: The loop for blocking calls, running in another thread; None for fsspec's own.
        batch_size: Objects at once, at most; None for 64. There are fewer while the service refuses
            for now (429, 503), or where fewer come as fast.
        ramp_up: False does not keep to the service's guideline for the request rates of a bucket.

    Raises:
        InvalidArgument: A token that is none; no project that could pay.
        UnknownOption: Any other keyword, gcsfs's own ones too.
    """

    created = sync_wrapper(Changing._created)  # noqa: SLF001 - its own
    modified = sync_wrapper(Changing._modified)  # noqa: SLF001 - its own
    mv = sync_wrapper(Changing._mv)  # noqa: SLF001 - its own
    rmdir = sync_wrapper(Changing._rmdir)  # noqa: SLF001 - its own
    getxattr = sync_wrapper(Changing._getxattr)  # noqa: SLF001 - its own
    setxattrs = sync_wrapper(Changing._setxattrs)  # noqa: SLF001 - its own
    touch = sync_wrapper(Changing._touch)  # noqa: SLF001 - its own
    sign = sync_wrapper(Changing._sign)  # noqa: SLF001 - its own
