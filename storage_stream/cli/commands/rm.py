"""`storage-stream rm`: objects deleted, and a question before they are very many."""

import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import click

from storage_stream.cli.command import OBJECT, storage_command
from storage_stream.cli.locations import ObjectLocation, gs_url
from storage_stream.cli.matching import buckets_of, matching_objects, nothing_matches
from storage_stream.cli.output import shown_name
from storage_stream.cli.running import Run
from storage_stream.cli.standard_input import read_line
from storage_stream.errors import NotFound, StorageError

_ASKED_ABOVE = 1000
_IN_A_BATCH = 100  # https://cloud.google.com/storage/docs/batch
_FIELDS = "items(bucket,name,generation)"


@storage_command(
    "rm",
    examples=[
        "storage-stream rm gs://my-bucket/old.txt",
        "storage-stream rm -r gs://my-bucket/tmp",
        "storage-stream rm --dry-run 'gs://my-bucket/photos/**'",
    ],
)
@click.argument("locations", nargs=-1, required=True, type=OBJECT, metavar="gs://BUCKET/NAME...")
@click.option(
    "-r", "-R", "--recursive", is_flag=True, help="Everything below; a bucket is emptied."
)
@click.option("-a", "--all-versions", is_flag=True, help="Noncurrent generations, too.")
@click.option("-f", "--force", is_flag=True, help="What is not there is no failure.")
@click.option("-n", "--dry-run", is_flag=True, help="Show what would be deleted.")
@click.option(
    "-y",
    "--yes",
    is_flag=True,
    help=f"Do not ask: before more than {_ASKED_ABOVE:,}, or in several buckets.",
)
async def command(
    run: Run,
    locations: tuple[ObjectLocation, ...],
    dry_run: bool,  # noqa: FBT001 - click passes by name
    yes: bool,  # noqa: FBT001 - the same
    **chosen: bool,
) -> None:
    """Delete objects.

    Before more than 1,000, or where a wildcard means several buckets, it asks. Only the generations
    that were found are deleted, never one that was made meanwhile. A bucket with soft delete keeps
    what was deleted for a while: `restore` brings it back.
    """
    for location in locations:
        if not location.bucket:  # as `gs://$BUCKET` of a variable that is not set
            raise click.UsageError(f"{location} names no bucket.")
        if location.is_bucket and not chosen["recursive"]:
            raise click.UsageError(f"{location} is a bucket: rm -r empties it, rb removes it.")
    run.go_on = "The same command goes on: what is deleted is deleted."
    removal = _Removal(run, locations, **chosen)
    async with aclosing(removal.targets()) as targets:
        if dry_run:
            async for target in targets:
                number = target.get("generation")
                shown = number if "exact" in target else None
                url = gs_url(target["bucket"], target["name"], shown)
                _tell(run, url, number, "would_delete")
            return
        wide = [each for each in locations if each.means_buckets]
        if wide and not yes:
            await _ask(run, f"Delete what {wide[0]} means, in every bucket of such a name?")
        first = await _first(targets, 0 if yes or wide else _ASKED_ABOVE + 1)
        if len(first) > _ASKED_ABOVE:
            await _ask(run, f"Delete more than {_ASKED_ABOVE:,} objects, {_places(locations)}?")
        await removal.delete(_chained(first, targets))
    word = "object" if removal.deleted == 1 else "objects"
    run.output.say(f"Deleted {removal.deleted} {word}.")


class _Removal:
    """What is to be deleted, and what was."""

    def __init__(
        self,
        run: Run,
        locations: tuple[ObjectLocation, ...],
        *,
        recursive: bool,
        all_versions: bool,
        force: bool,
    ) -> None:
        self._run = run
        self._locations = locations
        self._recursive = recursive
        self._listing: dict[str, Any] = {"versions": True} if all_versions else {}
        self._force = force
        self._literals = {(each.bucket, each.literal_name) for each in locations if _is_exact(each)}
        self.deleted = 0

    async def targets(self) -> AsyncGenerator[dict[str, Any], None]:
        """Bucket, name and, where it is known, generation of each."""
        once: set[tuple[str, str]] = set()
        for location in self._locations:
            found = False
            try:
                async with aclosing(self._of(location)) as targets:
                    async for target in targets:
                        found = True
                        key = target["bucket"], target["name"]
                        if key in once:
                            continue  # it was named, and a pattern means it, too
                        if key in self._literals and not self._listing:
                            once.add(key)
                        exact = self._listing or location.generation is not None
                        yield {**target, "exact": True} if exact else {**target}
                if not found and not self._force and not location.is_bucket:
                    raise nothing_matches(location)
            except StorageError as error:
                self._run.fail(error, str(location))

    def _of(self, location: ObjectLocation) -> AsyncGenerator[dict[str, Any], None]:
        wild = not location.pattern.is_literal
        if wild and not self._recursive:
            return matching_objects(self._run, location, fields=_FIELDS, **self._listing)
        if self._recursive or self._listing:
            return self._below(location)
        return self._named(location)

    async def _named(self, location: ObjectLocation) -> AsyncGenerator[dict[str, Any], None]:
        for bucket in await buckets_of(self._run, location):
            target = {"bucket": bucket, "name": location.literal_name}
            if location.generation is not None:
                target["generation"] = str(location.generation)
            yield target

    async def _below(self, location: ObjectLocation) -> AsyncGenerator[dict[str, Any], None]:
        """The objects that match, and with -r all that is below such a name."""
        pattern = location.pattern
        run = self._run
        for bucket in await buckets_of(run, location):
            listed = run.storage.iter_objects(
                bucket, prefix=pattern.prefix, fields=_FIELDS, **self._listing, **run.options
            )
            async with aclosing(listed) as resources:
                async for resource in resources:
                    if self._is_meant(location, resource):
                        yield {**resource}

    def _is_meant(self, location: ObjectLocation, resource: Any) -> bool:
        name, pattern = resource["name"], location.pattern
        if location.generation is not None and int(resource["generation"]) != location.generation:
            return False
        if pattern.matches(name) or (self._recursive and location.is_bucket):
            return True
        if not self._recursive:
            return False
        if location.is_folder and pattern.is_literal:
            return True
        ends = [at for at, character in enumerate(name) if character == "/"]
        return any(pattern.matches(name[:at]) for at in ends)

    async def delete(self, targets: AsyncGenerator[dict[str, Any], None]) -> None:
        """Delete them, bucket by bucket as they come."""
        grouped = _Grouped(targets)
        async with aclosing(targets):
            await grouped.advance()
            while grouped.next is not None:
                bucket, exact = _group(grouped.next)
                if exact:
                    await self._delete_generations(grouped)
                else:
                    await self._delete_in(bucket, grouped.of(bucket))

    async def _delete_generations(self, grouped: "_Grouped") -> None:
        """Delete generations for good: noncurrent ones, too, which `delete_many` leaves alone."""
        run = self._run
        targets: list[dict[str, Any]] = []
        while grouped.next is not None and _group(grouped.next)[1] and len(targets) < _IN_A_BATCH:
            targets.append(grouped.next)
            await grouped.advance()
        async with run.storage.batch(return_exceptions=True, **run.options) as batch:
            calls = [
                batch.delete(each["bucket"], each["name"], generation=int(each["generation"]))
                for each in targets
            ]
        for target, call in zip(targets, calls, strict=True):
            bucket, name, generation = target["bucket"], target["name"], target["generation"]
            try:
                call.result()
            except NotFound as error:
                if not self._force:
                    run.fail(error, gs_url(bucket, name, generation))
            except StorageError as error:
                run.fail(error, gs_url(bucket, name, generation))
            else:
                self.deleted += 1
                _tell(run, gs_url(bucket, name, generation), generation, "deleted")

    async def _delete_in(self, bucket: str, names: AsyncGenerator[Any, None]) -> None:
        run = self._run
        deletion = run.storage.delete_many(bucket, names, missing_ok=self._force, **run.options)
        async with aclosing(deletion):
            async for result in deletion:
                if result.error is not None:
                    run.fail(result.error, gs_url(bucket, result.name))
                elif result.existed:
                    self.deleted += 1
                    _tell(run, gs_url(bucket, result.name), result.generation, "deleted")


def _places(locations: tuple[ObjectLocation, ...]) -> str:
    first, *others = locations
    return shown_name(str(first)) + (f" and {len(others)} more" if others else "")


def _is_exact(location: ObjectLocation) -> bool:
    return not location.has_wildcards and location.generation is None


def _group(target: dict[str, Any]) -> tuple[str, bool]:
    """What can be deleted together: the bucket, and whether exact generations are meant."""
    return target["bucket"], "exact" in target


class _Grouped:
    """Targets with a look at the next one, so that those of one bucket go together."""

    def __init__(self, targets: AsyncGenerator[dict[str, Any], None]) -> None:
        self._targets = targets
        self.next: dict[str, Any] | None = None

    async def advance(self) -> None:
        """Look at the next one; None behind the last."""
        self.next = await anext(self._targets, None)

    async def of(self, bucket: str) -> AsyncGenerator[Any, None]:
        """Those that follow in this bucket, as `delete_many` takes them."""
        while self.next is not None and _group(self.next) == (bucket, False):
            yield self.next if "generation" in self.next else self.next["name"]
            await self.advance()


def _tell(run: Run, url: str, generation: int | str | None, what: str) -> None:
    document = {"url": url, "generation": None if generation is None else int(generation)}
    if what == "deleted":
        run.output.result({**document, what: True})
        run.output.detail(f"Deleted {shown_name(url)}")
    else:
        run.output.result({**document, what: True}, shown_name(url))


async def _first(targets: AsyncGenerator[dict[str, Any], None], most: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while len(found) < most and (target := await anext(targets, None)) is not None:
        found.append(target)
    return found


async def _chained(
    first: list[dict[str, Any]], rest: AsyncGenerator[dict[str, Any], None]
) -> AsyncGenerator[dict[str, Any], None]:
    for target in first:
        yield target
    async for target in rest:
        yield target


async def _ask(run: Run, question: str) -> None:
    if run.output.as_json or not sys.stdin.isatty():
        raise click.UsageError(f"{question} Nobody is there to ask: give --yes.")
    click.echo(f"{question} [y/N]: ", run.output.stderr, nl=False)
    if (await read_line()).lower() not in {"y", "yes"}:
        raise click.ClickException("Nothing was deleted.")
