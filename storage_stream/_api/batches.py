"""Calls about metadata sent together."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

from storage_stream._api.base import ApiBase
from storage_stream._protocol import buckets, object_changes, objects
from storage_stream._protocol.handle_keywords import BatchCallKeywords
from storage_stream._protocol.observed_call import ObservedCall
from storage_stream._protocol.options import RequestOptions
from storage_stream._transfer.batch import BatchAnswer, cut_into_batches, send_batch
from storage_stream.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Unpack

    from storage_stream._protocol.batch import EncodedCall
    from storage_stream._protocol.operation import Operation
    from storage_stream._protocol.options import RequestKeywords
    from storage_stream._protocol.resources import BucketResource, ObjectResource
    from storage_stream._transport.sender import Sender

__all__ = ["Batch", "BatchCall", "Batches"]

T = TypeVar("T")
_CONCURRENCY = 8


class BatchCall(Generic[T]):
    """One call of a batch; its result is there when the batch's block has been left."""

    def __init__(self) -> None:
        self._answer: BatchAnswer[T] | None = None

    def result(self) -> T:
        """What the call gave.

        Raises:
            UsageError: The batch has not been sent.
            StorageError: The call failed.
        """
        if self._answer is None:
            raise UsageError("the batch has not been sent; leave its block first")
        if self._answer.error is not None:
            raise self._answer.error
        return cast("T", self._answer.value)

    def settle(self, answer: BatchAnswer[T]) -> None:
        """Take the answer."""
        self._answer = answer


class Batch:
    """Calls that are collected, and sent when the block is left; made by `Storage.batch`.

    Calls are about metadata: bytes cannot travel so. They are carried out in any order. Each takes
    the keywords of `BatchCallKeywords`, which count for it before those of the batch.
    """

    def __init__(self, sender: Sender, options: RequestOptions, *, return_exceptions: bool) -> None:
        self._sender = sender
        self._options = options
        self._return_exceptions = return_exceptions
        self._calls: list[tuple[Operation[Any], BatchCall[Any]]] = []
        self._sent = False

    def download_metadata(
        self,
        bucket: str,
        object_name: str,
        *,
        generation: int | None = None,
        **options: Unpack[BatchCallKeywords],
    ) -> BatchCall[ObjectResource]:
        """An object's resource."""
        return self._add(objects.get_object(bucket, object_name, generation), options)

    def patch_metadata(
        self,
        bucket: str,
        object_name: str,
        metadata: Mapping[str, Any],
        *,
        generation: int | None = None,
        **options: Unpack[BatchCallKeywords],
    ) -> BatchCall[ObjectResource]:
        """Change fields of an object's resource; None deletes one."""
        operation = objects.patch_object(bucket, object_name, metadata, generation)
        return self._add(operation, options)

    def update_metadata(
        self,
        bucket: str,
        object_name: str,
        metadata: Mapping[str, Any],
        *,
        generation: int | None = None,
        **options: Unpack[BatchCallKeywords],
    ) -> BatchCall[ObjectResource]:
        """Replace the fields of an object's resource that can be set."""
        operation = object_changes.update_object(bucket, object_name, metadata, generation)
        return self._add(operation, options)

    def delete(
        self,
        bucket: str,
        object_name: str,
        *,
        generation: int | None = None,
        **options: Unpack[BatchCallKeywords],
    ) -> BatchCall[str]:
        """Delete an object; with a generation, that one for good."""
        return self._add(objects.delete_object(bucket, object_name, generation), options)

    def get_bucket_metadata(
        self, bucket: str, **options: Unpack[BatchCallKeywords]
    ) -> BatchCall[BucketResource]:
        """A bucket's resource."""
        return self._add(buckets.get_bucket(bucket), options)

    def patch_bucket(
        self, bucket: str, changes: Mapping[str, Any], **options: Unpack[BatchCallKeywords]
    ) -> BatchCall[BucketResource]:
        """Change fields of a bucket's resource; None deletes one."""
        return self._add(buckets.patch_bucket(bucket, changes), options)

    def __len__(self) -> int:
        return len(self._calls)

    def _add(self, operation: Operation[T], keywords: BatchCallKeywords) -> BatchCall[T]:
        if self._sent:
            raise UsageError("the batch was sent already; make another one")
        unknown = keywords.keys() - BatchCallKeywords.__annotations__.keys()
        if unknown:
            raise TypeError(f"a call of a batch takes no {min(unknown)!r}; perhaps batch() does")
        options = RequestOptions.of(keywords, self._options)
        call = BatchCall[T]()
        self._calls.append((operation.with_options(options), call))
        return call

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._sent = True
        if error is None:
            call = self._options.meter
            with call if isinstance(call, ObservedCall) else nullcontext():
                await self._send()

    async def _send(self) -> None:
        """Send all calls; a failure of one does not keep the others from being sent."""
        places = asyncio.Semaphore(_CONCURRENCY)

        async def send(batch: list[EncodedCall]) -> list[BatchAnswer[Any]]:
            async with places:
                return await send_batch(self._sender, batch, self._options)

        operations = (operation for operation, _ in self._calls)
        in_calls = replace(self._options, headers=(), params=())  # each has them already
        batches = list(cut_into_batches(operations, in_calls))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(send(batch)) for batch in batches]
        answers = [answer for task in tasks for answer in task.result()]
        for (_, call), answer in zip(self._calls, answers, strict=True):
            call.settle(answer)
        errors = [answer.error for answer in answers if answer.error is not None]
        if errors and not self._return_exceptions:
            raise ExceptionGroup(f"{len(errors)} of {len(answers)} calls failed", errors)


class Batches(ApiBase):
    """Many small calls, few requests."""

    def batch(
        self, *, return_exceptions: bool = False, **options: Unpack[RequestKeywords]
    ) -> Batch:
        """Collect calls about metadata, and send them in as few requests as possible.

            async with storage.batch() as batch:
                first = batch.patch_metadata("bucket", "a", {"contentType": "text/plain"})
                batch.delete("bucket", "b")
            print(first.result())

        One request for each hundred calls, sent when the block is left; a block that is left by
        an exception sends nothing. A call that met a passing error is sent again where that is
        safe. After cancelling it is unknown which calls were carried out.

        Args:
            return_exceptions: Leave it to each call's `result` to raise what went wrong with it.
            **options: See `RequestKeywords`; they hold for every call.

        Raises:
            ExceptionGroup: On leaving the block, of the `StorageError`s of all calls that failed,
                once the others are done; unless `return_exceptions`.
        """
        return Batch(self._sender, self._options(options), return_exceptions=return_exceptions)
