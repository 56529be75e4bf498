"""`storage-stream clean-upload`: remove what a killed upload in parts left behind."""

from pathlib import Path

import click

from storage_stream.cli.command import storage_command
from storage_stream.cli.running import Run


@storage_command("clean-upload", examples=["storage-stream clean-upload upload.journal"])
@click.argument("journal", type=click.Path(exists=True, dir_okay=False, path_type=Path))
async def command(run: Run, journal: Path) -> None:
    """Remove what a killed upload in parts left behind.

    JOURNAL is the file that upload_parallel was given. It is removed when nothing is left; safe to
    repeat. Do not run it while the upload is going on: it would end it.
    """
    count = await run.storage.clean_upload(journal, **run.options)
    word = "upload" if count == 1 else "uploads"
    text = f"Removed {count} temporary {word}, and the journal."
    if not count:
        text = "Nothing was left; the journal is removed."
    run.output.result({"removed": count}, text)
