"""`storage-stream sign`: a URL that lets whoever has it do one thing, for a while."""

import re
from datetime import UTC, datetime, timedelta

import click

from storage_stream.cli.command import OBJECT, storage_command
from storage_stream.cli.locations import ObjectLocation, gs_url
from storage_stream.cli.matching import named_objects
from storage_stream.cli.running import Run

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([0-9]+)([smhd]?)", re.ASCII)
_LONGEST = 7 * 86400  # https://cloud.google.com/storage/docs/access-control/signed-urls


def _seconds(_: click.Context, parameter: click.Parameter, value: str) -> int:
    found = _DURATION.fullmatch(value)
    seconds = int(found[1]) * _UNITS[found[2] or "s"] if found else 0
    if not 1 <= seconds <= _LONGEST:
        raise click.BadParameter(f"{value!r}: write 30m, 12h or 7d, the most.", param=parameter)
    return seconds


@storage_command(
    "sign",
    examples=[
        "storage-stream sign --duration 1h gs://my-bucket/photos/a.jpg",
        "storage-stream sign --method PUT --content-type image/png gs://my-bucket/new.png",
    ],
)
@click.argument("locations", nargs=-1, required=True, type=OBJECT, metavar="gs://BUCKET/NAME...")
@click.option(
    "-d", "--duration", default="1h", show_default=True, callback=_seconds, help="How long."
)
@click.option(
    *("-m", "--method"),
    type=click.Choice(["GET", "HEAD", "PUT", "DELETE"], case_sensitive=False),
    default="GET",
    show_default=True,
    help="What may be done.",
)
@click.option("--content-type", help="The Content-Type that has to be sent with a PUT.")
@click.option("--service-account", help="The account to sign as, where there is no key file.")
async def command(
    run: Run,
    locations: tuple[ObjectLocation, ...],
    duration: int,
    method: str,
    content_type: str | None,
    service_account: str | None,
) -> None:
    """Print URLs that need no credentials. Who has one can use it: treat it as a password."""
    headers = {"Content-Type": content_type} if content_type else None
    for location in locations:
        async for bucket, name, _ in named_objects(run, location):
            until = datetime.now(UTC) + timedelta(seconds=duration)
            url = await run.storage.get_signed_url(
                bucket,
                name,
                duration,
                headers=headers,
                http_method=method.upper(),
                service_account_email=service_account,
                query_params=_of_generation(location),
            )
            place = gs_url(bucket, name)
            run.output.result({"object": place, "url": url, "until": until}, url)


def _of_generation(location: ObjectLocation) -> dict[str, str] | None:
    return None if location.generation is None else {"generation": str(location.generation)}
