"""One large file by itself, where it is not any more what it was when it was looked at."""

import os
from pathlib import Path

import pytest
from cli_running import names

from storage_stream import Progress
from storage_stream.cli.config import Configuration
from storage_stream.cli.output import Output
from storage_stream.cli.running import Run
from storage_stream.cli.transfers.jobs import Choices
from storage_stream.cli.transfers.run_folder import RunFolder
from storage_stream.cli.transfers.single import Single
from storage_stream.errors import TransferError
from storage_stream.testing.emulator_handle import EmulatorHandle


async def test_a_file_that_shrank_before_it_was_read_is_no_object(
    gcs: EmulatorHandle, gcs_bucket: str, here: Path
) -> None:
    (here / "big").write_bytes(b"less than it was")
    folder = RunFolder(here / "runs", {"command": "cp"})
    folder.begin(resume=False)
    run = Run(Configuration.read({}, os.environ, home=here), Output(quiet=True))
    how = Choices(requests=run.options)
    one = Single(run, how, folder, 1, 1 << 20, None, False, gcs_bucket, "big", "big")  # noqa: FBT003 - not in parts
    with pytest.raises(TransferError, match="big was changed while it was sent"):
        await one.transfer(Progress())
    await run.close()
    assert names(gcs, gcs_bucket) == []
