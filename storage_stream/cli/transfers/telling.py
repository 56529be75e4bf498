"""What is told of transfers as they end: events, the manifest, errors, and the sum of it all."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from storage_stream import TransferResult
from storage_stream.cli.output import shown_name
from storage_stream.cli.running import Run
from storage_stream.cli.sizes import human_rate, human_size
from storage_stream.cli.transfers.jobs import Results
from storage_stream.cli.transfers.manifest import Manifest
from storage_stream.cli.transfers.outcome import Outcome
from storage_stream.cli.transfers.renames import ACTION
from storage_stream.cli.transfers.sources import SourceError
from storage_stream.errors import InvalidName, NotFound, PreconditionFailed

__all__ = ["Teller"]

_SKIPPED = {
    "it is the same": "alike",
    "it was done before": "done before",
    "it is there already": "skipped, as they are there already",
    "a symbolic link": "skipped, as they are links (--follow-symlinks takes what they lead to)",
}
"""How sums put the library's reasons."""

_FOR_GOOD = (InvalidName, NotFound, PreconditionFailed, SourceError)
"""The same command fails in the same way again."""


class Teller:
    """Tells of results, and counts them.

    Args:
        run: Where errors go, and what is said.
        verb: What was done, in front of the sum: `Copied`.
        manifest: Takes each result, or None.
    """

    def __init__(self, run: Run, verb: str, manifest: Manifest | None = None) -> None:
        self._run = run
        self._verb = verb
        self._manifest = manifest
        self._begun = time.monotonic()
        self.counts = {"done": 0, "skipped": 0, "failed": 0}
        self.planned: dict[str, int] = {}
        self.may_go_on = False
        """Whether a failure may pass, or something is done that need not be done again."""
        self._skipped: dict[str, int] = {}
        self._deleted = 0
        self._sent = 0  # over some network; what is renamed is not
        self.bytes = 0

    @property
    def has_told(self) -> bool:
        """Whether anything was told of yet."""
        return any(self.counts.values()) or bool(self.planned)

    def tell(self, result: TransferResult) -> None:
        """What became of one: at once to programs and the manifest; to people if it failed."""
        outcome = Outcome(result, datetime.now(UTC))
        if outcome.word == "planned":
            verb = result.action.partition(" ")[0]  # delete, of "delete file"
            self.planned[verb] = self.planned.get(verb, 0) + 1
            self._run.output.say(f"Would {result.action}: {shown_name(result.target)}")
        else:
            self._count(result, outcome.word)
        self.bytes += result.bytes
        self._sent += result.bytes if result.action != ACTION else 0
        self._run.output.event("result", **outcome.fields())
        if self._manifest is not None:
            self._manifest.add(outcome)
        if result.error is not None:
            self._run.fail(result.error, result.source)
            return
        if outcome.word == "planned":
            return
        why = f" ({result.skipped})" if result.skipped else ""
        self._run.output.detail(
            f"{outcome.word}: {result.action} {shown_name(result.source)}"
            f" to {shown_name(result.target)}{why}"
        )

    def _count(self, result: TransferResult, word: str) -> None:
        self.counts[word] += 1
        self._deleted += word == "done" and result.action.startswith("delete")
        if result.skipped is not None:
            self._skipped[result.skipped] = self._skipped.get(result.skipped, 0) + 1
        self.may_go_on = self.may_go_on or not isinstance(result.error, _FOR_GOOD)

    @asynccontextmanager
    async def results(
        self, many: Results, held: Callable[[TransferResult], bool] = lambda _: False
    ) -> AsyncGenerator[AsyncIterator[TransferResult]]:
        """Within the block, the results of a run, each of them told; it ends with the block.

        Args:
            many: The run.
            held: Whether a result is neither told nor given yet.
        """
        async with many as transfers:

            async def told() -> AsyncIterator[TransferResult]:
                async for result in transfers:
                    if not held(result):
                        self.tell(result)
                        yield result

            yield told()

    def source_stayed(self, error: Exception, source: str) -> None:
        """Of a move: its target is there, but its source could not be taken away."""
        self._run.fail(error, source)
        self.counts["done"] = max(0, self.counts["done"] - 1)
        self.counts["failed"] += 1
        self.may_go_on = True

    def conclude_plan(self) -> None:
        """The same of what was only planned."""
        failed = self.counts["failed"]
        self._run.output.event("summary", planned=self.planned, failed=failed)
        parts = [f"{verb} {_objects(count)}" for verb, count in sorted(self.planned.items())]
        text = f"Would {', '.join(parts)}" if parts else "Nothing would be done: they are alike"
        self._run.output.say(f"{text}{f'; {failed} failed' if failed else ''}.")

    def conclude(self) -> None:
        """The sum, in a sentence and as a JSON object."""
        seconds = time.monotonic() - self._begun
        self._run.output.event(
            "summary",
            **self.counts,
            deleted=self._deleted,
            bytes=self.bytes,
            seconds=round(seconds, 3),
        )
        rate = f", {human_rate(self._sent / seconds)}" if self._sent and seconds else ""
        self._run.output.say(
            f"{self._verb} {_objects(self.counts['done'] - self._deleted)},"
            f" {human_size(self.bytes)} in {seconds:.1f} s{rate}{self._rest()}."
        )

    def _rest(self) -> str:
        """What else became of them: deleted, alike, skipped for some reason, failed."""
        parts = [f"{self._deleted} deleted"] if self._deleted else []
        for reason, count in sorted(self._skipped.items()):
            parts.append(f"{count} {_SKIPPED.get(reason, f'skipped: {reason}')}")
        failed = self.counts["failed"]
        return "".join(f"; {part}" for part in [*parts, *([f"{failed} failed"] if failed else [])])


def _objects(count: int) -> str:
    return f"{count} {'object' if count == 1 else 'objects'}"
