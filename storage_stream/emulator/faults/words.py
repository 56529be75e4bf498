"""The words of fault instructions, and the values they stand for.

A word is data: what to do, and at which byte. This module refuses to know of requests and sockets.
The words of the first table are those of Google's testbench, so that its tests run here:
https://github.com/googleapis/storage-testbench#retry-test-api
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

KIB = 1024


class UnknownWordError(ValueError):
    """An instruction that no fault answers to."""

    def __init__(self, word: str) -> None:
        super().__init__(f"unknown fault instruction: {word!r}")
        self.word = word


@dataclass(frozen=True, slots=True, eq=False)
class Fault:
    """One instruction. Two equal words are two faults: each is spent on its own.

    Attributes:
        word: the instruction as it was given.
    """

    word: str


@dataclass(frozen=True, slots=True, eq=False)
class Pass(Fault):
    """Let one request through unharmed."""


@dataclass(frozen=True, slots=True, eq=False)
class Refuse(Fault):
    """Answer `status` and do nothing else; `retry_after` in seconds goes into the header."""

    status: int
    retry_after: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Reset(Fault):
    """Reset the connection (RST) before anything is done or answered."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut(Fault):
    """End a body at a position: with `status` where that can still be sent, else by FIN.

    Attributes:
        position: absolute offset in the object.
        status: what an upload is answered with; None drops the connection.
        final_only: only a download that reaches the object's end is cut.
    """

    position: int
    status: int | None = None
    final_only: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Stall(Fault):
    """Pause a body for `seconds` at the absolute offset `position`."""

    position: int
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class FlipBit(Fault):
    """Change the lowest bit of the byte at the absolute offset `position`."""

    position: int


@dataclass(frozen=True, slots=True, eq=False)
class Trickle(Fault):
    """Let a body through at no more than `bytes_per_second`."""

    bytes_per_second: int


@dataclass(frozen=True, slots=True, eq=False)
class BreakStream(Fault):
    """Send half of the answer's body, then FIN."""


@dataclass(frozen=True, slots=True, eq=False)
class LoseAnswer(Fault):
    """Do the work, then answer `status` instead; None drops the connection."""

    status: int | None


@dataclass(frozen=True, slots=True, eq=False)
class WrongHash(Fault):
    """Tell wrong checksums, in headers and in JSON."""


@dataclass(frozen=True, slots=True, eq=False)
class ShortLength(Fault):
    """Send one byte too few, with a Content-Length that agrees; JSON's size is one less, too."""


@dataclass(frozen=True, slots=True, eq=False)
class GarbleJson(Fault):
    """Cut a JSON answer in half, with a Content-Length that agrees."""


@dataclass(frozen=True, slots=True, eq=False)
class Rewind(Fault):
    """Let a resumable session fall back to `position` persisted bytes."""

    position: int


Maker = Callable[[str, Sequence[str]], Fault]


@dataclass(frozen=True, slots=True)
class WordForm:
    """One row of the table of words: how it is spelled, what it means, what it makes."""

    spelling: str
    meaning: str
    make: Maker


WORDS: Sequence[WordForm] = (
    WordForm(
        "return-CODE",
        "Answers CODE (300 to 599) with a JSON error; nothing is done.",
        lambda word, given: Refuse(word, _status(word, given[0])),
    ),
    WordForm(
        "return-CODE-after-NK",
        "An upload is answered CODE after N KiB of the object have arrived (a resumable session "
        "keeps them). A download ends by FIN after N KiB, or is answered CODE if it starts there.",
        lambda word, given: Cut(word, int(given[1]) * KIB, _status(word, given[0])),
    ),
    WordForm(
        "return-reset-connection",
        "Resets the connection (RST) at once; nothing is done.",
        lambda word, _: Reset(word),
    ),
    WordForm(
        "return-broken-stream",
        "Does the work, sends the headers and half of the answer's body, then FIN.",
        lambda word, _: BreakStream(word),
    ),
    WordForm(
        "return-broken-stream-final-chunk-after-NB",
        "A download that reaches the object's end is ended by FIN after byte N.",
        lambda word, given: Cut(word, int(given[0]), final_only=True),
    ),
    WordForm(
        "stall-for-Ns-after-NK",
        "A body pauses for N seconds (decimals allowed) after N KiB, in either direction; "
        "at 0K the headers wait too. It ends sooner when the clock is put forward, or the client "
        "leaves; its end is seen unless more than the kernel takes is still unread.",
        lambda word, given: Stall(word, int(given[1]) * KIB, float(given[0])),
    ),
    WordForm(
        "commit-then-drop",
        "Does the work, then closes the connection without an answer. For an upload it meets the "
        "request that makes the object, not the start of a session nor a 308.",
        lambda word, _: LoseAnswer(word, None),
    ),
    WordForm(
        "commit-then-503",
        "The same, but 503 is the answer.",
        lambda word, _: LoseAnswer(word, 503),
    ),
    WordForm(
        "wrong-hash",
        "Tells wrong checksums: in x-goog-hash, and as crc32c and md5Hash in JSON.",
        lambda word, _: WrongHash(word),
    ),
    WordForm(
        "flip-bit-at-N",
        "Changes the lowest bit of the object's byte N on its way, in either direction.",
        lambda word, given: FlipBit(word, int(given[0])),
    ),
    WordForm(
        "short-length",
        "The body and its Content-Length agree but lack the last byte; JSON of an object tells a "
        "size that is one less.",
        lambda word, _: ShortLength(word),
    ),
    WordForm(
        "trickle-NBps",
        "The body passes at no more than N bytes per second, in either direction.",
        lambda word, given: Trickle(word, _positive(word, given[0])),
    ),
    WordForm(
        "garbled-json",
        "Does the work and cuts the JSON answer in half; the length agrees, the status stays.",
        lambda word, _: GarbleJson(word),
    ),
    WordForm(
        "retry-after-N",
        "Answers 503 with `Retry-After: N` (seconds); nothing is done.",
        lambda word, given: Refuse(word, 503, int(given[0])),
    ),
    WordForm(
        "401-once",
        "Answers 401, as for an expired token; nothing is done.",
        lambda word, _: Refuse(word, 401),
    ),
    WordForm(
        "308-back-to-N",
        "A resumable session that holds more than N bytes falls back to N and answers 308 so.",
        lambda word, given: Rewind(word, int(given[0])),
    ),
    WordForm(
        "drop-at-N",
        "Ends the connection by FIN after byte N of the object, in either direction, "
        "without (the rest of) an answer.",
        lambda word, given: Cut(word, int(given[0])),
    ),
    WordForm("pass", "Lets one request through unharmed.", lambda word, _: Pass(word)),
)
"""Every word there is, in the order of the documentation."""

_PLACES: Mapping[str, str] = MappingProxyType(
    {"CODE": r"(\d{3})", "NK": r"(\d+)K", "NBps": r"(\d+)Bps", "NB": r"(\d+)B"}
    | {"Ns": r"(\d+(?:\.\d+)?)s", "N": r"(\d+)"}
)


def parse_word(word: str) -> Fault:
    """The fault that `word` stands for.

    Raises:
        UnknownWordError: no such word, or a value out of its range.
    """
    for pattern, form in _PATTERNS:
        if match := pattern.fullmatch(word):
            return form.make(word, match.groups())
    raise UnknownWordError(word)


def _pattern(spelling: str) -> re.Pattern[str]:
    parts = (_PLACES.get(part, re.escape(part)) for part in spelling.split("-"))
    return re.compile("-".join(parts), re.ASCII)


_PATTERNS = tuple((_pattern(form.spelling), form) for form in WORDS)


def _status(word: str, digits: str) -> int:
    status = int(digits)
    if not 300 <= status <= 599:  # noqa: PLR2004 - a success is no fault
        raise UnknownWordError(word)
    return status


def _positive(word: str, digits: str) -> int:
    if (number := int(digits)) < 1:
        raise UnknownWordError(word)
    return number
