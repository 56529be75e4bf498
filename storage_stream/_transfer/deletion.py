"""Many objects deleted: a hundred in a request, a few requests at a time, whatever their number.

Memory does not grow with the number of objects: what is held is two pages of a list, and the
batches under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from storage_stream._protocol.arguments import check_whole
from storage_stream._protocol.batch import MAX_CALLS, EncodedCall, encode_call
from storage_stream._protocol.generations import generation_number
from storage_stream._protocol.objects import delete_object, get_object, list_page
from storage_stream._protocol.options import Preconditions
from storage_stream._protocol.pages import page_query
from storage_stream._transfer.batch import send_batch
from storage_stream._transfer.listing import iter_pages
from storage_stream.errors import (
    Gone,
    InvalidArgument,
    InvalidName,
    NotFound,
    PreconditionFailed,
    StorageError,
    UsageError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Iterable

    from storage_stream._protocol.options import RequestOptions
    from storage_stream._protocol.resources import ObjectResource
    from storage_stream._transport.sender import Sender

    _Results = AsyncGenerator["DeleteResult", None]

__all__ = ["DeleteResult", "Deletion", "delete_listed", "delete_named"]

_GENERATION_CONDITIONS = frozenset({"ifGenerationMatch", "ifGenerationNotMatch"})


@dataclass(frozen=True, slots=True)
class DeleteResult:
    """What became of one object.

    Attributes:
        name: Its name.
        generation: Which generation was meant, or None when none was named.
        existed: Whether it was there: True when it was deleted, False when it was not there
            (which is an `error` besides, unless that is allowed), None where another `error`
            leaves it open.
        error: Why it was not deleted, or None.
    """

    name: str
    generation: int | None = None
    existed: bool | None = True
    error: StorageError | None = None


@dataclass(frozen=True, slots=True)
class _Target:
    """An object to delete: its call, or what is wrong with its name."""

    name: str
    generation: int | None
    call: EncodedCall | None = field(repr=False)  # it may hold the caller's key and token
    error: StorageError | None = None


class Deletion:
    """The deleting of many objects: `async for result in …`, or `summary = await …`.

    Nothing is sent before; it runs once. After it was cancelled or left early, the numbers tell
    what was done so far, and `unsettled` whose fate is unknown.

    Attributes:
        deleted: Objects that were deleted.
        missing: Objects that were not there, where that is allowed.
        failed: Objects that could not be deleted.
        failures: Their results; collected by `await` only, not while iterating.
        unsettled: The names of those whose request was under way when it was left.
    """

    def __init__(self, start: Callable[[Deletion], AsyncGenerator[DeleteResult, None]]) -> None:
        self.deleted = 0
        self.missing = 0
        self.failed = 0
        self.failures: list[DeleteResult] = []
        self.unsettled: list[str] = []
        self._results = start(self)
        self._begun = False

    def __aiter__(self) -> AsyncIterator[DeleteResult]:
        """The results as they come; leave early within `contextlib.aclosing(deletion)`."""
        self._begin()
        return self._results

    def __await__(self) -> Generator[Any, None, Deletion]:
        self._begin()
        return self._summary().__await__()

    async def aclose(self) -> None:
        """Break off what is under way. Idempotent."""
        await self._results.aclose()

    def watched(self, around: Callable[[_Results], _Results]) -> Self:
        """Let something stand between the results and whoever reads them; before it begins."""
        self._results = around(self._results)
        return self

    def count(self, results: list[DeleteResult]) -> None:
        """Add what is settled, whether or not anybody will read it."""
        for result in results:
            if result.error is not None:
                self.failed += 1
            elif result.existed:
                self.deleted += 1
            else:
                self.missing += 1

    def _begin(self) -> None:
        if self._begun:
            raise UsageError("this deletion was begun already; make another one")
        self._begun = True

    async def _summary(self) -> Deletion:
        async with aclosing(self._results) as results:
            async for result in results:
                if result.error is not None:
                    self.failures.append(result)
        return self

    def __repr__(self) -> str:
        return f"<Deletion {self.deleted} deleted, {self.missing} missing, {self.failed} failed>"


def delete_named(
    sender: Sender,
    bucket: str,
    names: Iterable[str | Mapping[str, Any]] | AsyncIterable[str | Mapping[str, Any]],
    options: RequestOptions,
    *,
    concurrency: int = 8,
    missing_ok: bool = False,
) -> Deletion:
    """Delete objects by name, or by resource: then only the generation that it names.

    Raises:
        InvalidArgument: One text in place of several names, or no concurrency.
    """
    if isinstance(names, str | bytes | Mapping):
        raise InvalidArgument("the objects to delete are several names, not one")
    _check_concurrency(concurrency)

    async def targets() -> AsyncGenerator[_Target, None]:
        if isinstance(names, AsyncIterable):
            async for said in names:
                yield _target(bucket, said, options, versions=False)
        else:
            for said in names:
                yield _target(bucket, said, options, versions=False)

    def start(deletion: Deletion) -> AsyncGenerator[DeleteResult, None]:
        run = _Run(sender, bucket, options, concurrency, deletion, missing_ok=missing_ok)
        return run.results(targets())

    return Deletion(start)


def delete_listed(
    sender: Sender,
    bucket: str,
    prefix: str,
    options: RequestOptions,
    *,
    concurrency: int = 8,
    versions: bool = False,
) -> Deletion:
    """Delete what a list gives, each object only if it still is as it was listed.

    Raises:
        InvalidArgument: No concurrency.
    """
    _check_concurrency(concurrency)
    if any(name in _GENERATION_CONDITIONS for name, _ in options.params):
        message = "each listed object is deleted as the generation that was listed; name no other"
        raise InvalidArgument(message)
    fields = "nextPageToken,items(name,generation)"
    query = page_query({"prefix": prefix, "versions": versions, "fields": fields}, None)

    async def targets() -> AsyncGenerator[_Target, None]:
        pages = iter_pages(
            sender, lambda token: list_page(bucket, query, token), options.only_connection()
        )
        async with aclosing(pages):
            async for page in pages:
                for resource in page.items:
                    yield _target(bucket, resource, options, versions=versions)

    def start(deletion: Deletion) -> AsyncGenerator[DeleteResult, None]:
        run = _Run(sender, bucket, options, concurrency, deletion, missing_ok=True)
        return run.results(targets())

    return Deletion(start)


def _check_concurrency(concurrency: int) -> None:
    check_whole("concurrency", concurrency, 1)


def _target(
    bucket: str,
    said: str | Mapping[str, Any] | ObjectResource,
    options: RequestOptions,
    *,
    versions: bool,
) -> _Target:
    name: Any = said.get("name", "") if isinstance(said, Mapping) else said
    text: Any = said.get("generation") if isinstance(said, Mapping) else None
    generation: int | None = None
    try:
        generation = generation_number(text)
        operation = delete_object(bucket, name, generation if versions else None)
    except (InvalidName, InvalidArgument) as error:
        return _Target(str(name), generation, None, error)
    if not versions and generation is not None:
        # `generation` would delete the version for good, also where versions are kept.
        unchanged = Preconditions(if_generation_match=generation)
        operation = operation.with_query(unchanged.query())
    return _Target(name, generation, encode_call(operation.with_options(options)))


class _Run:
    """One run: batches under way, and what they gave."""

    def __init__(
        self,
        sender: Sender,
        bucket: str,
        options: RequestOptions,
        concurrency: int,
        deletion: Deletion,
        *,
        missing_ok: bool,
    ) -> None:
        self._sender = sender
        self._bucket = bucket
        self._options = options
        self._concurrency = concurrency
        self._deletion = deletion
        self._missing_ok = missing_ok
        self._running: dict[asyncio.Task[list[DeleteResult]], list[_Target]] = {}

    async def results(
        self, targets: AsyncGenerator[_Target, None]
    ) -> AsyncGenerator[DeleteResult, None]:
        """What became of each; an error of the source comes when all before it is settled."""
        failure: Exception | None = None
        batches = _batches(targets)
        try:
            try:
                async for batch in batches:
                    self._running[asyncio.create_task(self._delete(batch))] = batch
                    while len(self._running) >= self._concurrency:
                        for result in await self._next_results():
                            yield result
            except Exception as error:  # noqa: BLE001 - the caller's source may raise anything
                failure = error
            while self._running:
                for result in await self._next_results():
                    yield result
        finally:
            await self._leave(batches)
        if failure is not None:
            raise failure

    async def _next_results(self) -> list[DeleteResult]:
        done, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
        results: list[DeleteResult] = []
        for task in done:
            del self._running[task]
            results += task.result()
        return results

    async def _leave(self, batches: AsyncGenerator[list[_Target], None]) -> None:
        """Break off what is under way."""
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)
        for task, batch in self._running.items():
            if task.cancelled():
                self._deletion.unsettled += [target.name for target in batch]
        await batches.aclose()

    async def _delete(self, targets: list[_Target]) -> list[DeleteResult]:
        calls = [target.call for target in targets if target.call is not None]
        answers = iter(await send_batch(self._sender, calls, self._options) if calls else [])
        results = [
            await self._result(target, target.error if target.call is None else next(answers).error)
            for target in targets
        ]
        self._deletion.count(results)
        return results

    async def _result(self, target: _Target, error: StorageError | None) -> DeleteResult:
        is_missing = isinstance(error, NotFound | Gone)
        if isinstance(error, PreconditionFailed) and target.generation is not None:
            is_missing = not await self._is_there(target)
        if self._missing_ok and is_missing:
            return DeleteResult(target.name, target.generation, existed=False)
        existed = True if error is None else (False if is_missing else None)
        return DeleteResult(target.name, target.generation, existed, error)

    async def _is_there(self, target: _Target) -> bool:
        """Whether an object that is not as it was listed has changed, or is gone.

        It is gone when it was deleted and the answer lost: the repeat met nothing, and the
        documentation leaves open whether that is a 404 or a 412.
        """
        look = get_object(self._bucket, target.name).with_query((("fields", "generation"),))
        try:
            await self._sender.send(look, self._options.only_connection())
        except NotFound:
            return False
        except StorageError:
            return True  # the refusal stands as it was told
        return True


async def _batches(targets: AsyncGenerator[_Target, None]) -> AsyncGenerator[list[_Target], None]:
    """Groups of a hundred; what came before an error of the source comes before the error."""
    batch: list[_Target] = []
    try:
        async with aclosing(targets):
            async for target in targets:
                batch.append(target)
                if len(batch) == MAX_CALLS:
                    yield batch
                    batch = []
    except Exception as error:  # noqa: BLE001 - it is raised again, in its place
        failure: Exception | None = error
    else:
        failure = None
    if batch:
        yield batch
    if failure is not None:
        raise failure
