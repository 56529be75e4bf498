"""Where the examples run: the bucket you name, the emulator you started, or one of their own."""

import argparse
import os
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from storage_stream import Storage
from storage_stream.emulator import Emulator
from storage_stream.errors import Conflict

_BUCKET = "examples"


@asynccontextmanager
async def place() -> AsyncGenerator[tuple[Storage, str], None]:
    """A client and the name of a bucket.

    With `--bucket NAME` it is yours, and the objects that an example makes stay in it. Else it is
    made in the emulator that STORAGE_EMULATOR_HOST names, or in one that runs inside this program.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--bucket", help="a bucket of yours; default: one in an emulator")
    bucket: str | None = parser.parse_args().bucket
    async with AsyncExitStack() as stack:
        if bucket is None and not os.environ.get("STORAGE_EMULATOR_HOST"):
            emulator = await stack.enter_async_context(Emulator())
            # `Storage()` finds it there, also in the programs that an example starts.
            os.environ["STORAGE_EMULATOR_HOST"] = emulator.url
        storage = await stack.enter_async_context(Storage())
        if bucket is None:
            await _make_bucket(storage)
        yield storage, bucket or _BUCKET


async def _make_bucket(storage: Storage) -> None:
    try:
        await storage.create_bucket(_BUCKET, "examples-project")
    except Conflict:
        print(f"The bucket {_BUCKET} is there already.")
