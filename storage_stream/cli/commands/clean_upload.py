"""`storage-stream clean-upload`: remove what a killed upload in parts left behind."""

import asyncio
from pathlib import Path

import click

from storage_stream import Storage
from storage_stream.errors import StorageError


@click.command(name="clean-upload")
@click.argument("journal", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--user-project", help="The project that pays, for requester-pays buckets.")
@click.option("--anonymous", is_flag=True, help="Send no credentials.")
def command(
    journal: Path,
    user_project: str | None,
    anonymous: bool,  # noqa: FBT001 - click passes by name
) -> None:
    """Remove what a killed upload in parts left behind.

    JOURNAL is the file that upload_parallel was given. It is removed when nothing is left; safe to
    repeat. Do not run it while the upload is going on: it would end it.
    """
    try:
        count = asyncio.run(_clean(journal, user_project, anonymous=anonymous))
    except (OSError, StorageError) as error:
        raise click.ClickException(str(error)) from error
    if count == 0:
        click.echo("Nothing was left; the journal is removed.")
    else:
        click.echo(f"Removed {count} temporary upload{'s' if count > 1 else ''}, and the journal.")


async def _clean(journal: Path, user_project: str | None, *, anonymous: bool) -> int:
    async with Storage(anonymous=anonymous) as storage:
        return await storage.clean_upload(journal, user_project=user_project)
