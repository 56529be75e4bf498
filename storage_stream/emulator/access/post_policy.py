"""Policy documents of form uploads: what a signer lets strangers upload.

Pure: it knows neither keys nor requests.

https://cloud.google.com/storage/docs/authentication/signatures#policy-document
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from storage_stream.emulator.problems import ApiError

_UNCONDITIONED = frozenset({"policy", "x-goog-signature", "file", "bucket"})
_IGNORED_PREFIX = "x-ignore-"
_RANGE = "content-length-range"
_EQUAL, _STARTS = "eq", "starts-with"


@dataclass(frozen=True, slots=True)
class PostPolicy:
    """A policy document, understood.

    Attributes:
        expires_at: seconds since 1970.
        conditions: operator, field in lower case, value.
        min_bytes: of the file.
        max_bytes: of the file; `None` for no limit.
    """

    expires_at: float
    conditions: tuple[tuple[str, str, str], ...]
    min_bytes: int = 0
    max_bytes: int | None = None

    @classmethod
    def parse(cls, encoded: str) -> "PostPolicy":
        """Return the policy.

        Raises:
            ApiError: 400, it is not base64 of a policy document.
        """
        try:
            document: Any = json.loads(base64.b64decode(encoded, validate=True))
            moment = datetime.fromisoformat(document["expiration"])
            said = cast("list[Any]", document["conditions"])
        except (binascii.Error, ValueError, TypeError, KeyError) as error:
            raise _invalid(f"it cannot be read ({type(error).__name__})") from error
        ends = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        conditions: list[tuple[str, str, str]] = []
        limits: tuple[int, int | None] = (0, None)
        for condition in said:
            found = _limits(condition)
            if found is None:
                conditions += _conditions(condition)
            else:
                limits = found
        return cls(ends.timestamp(), tuple(conditions), *limits)

    def judge(self, fields: Mapping[str, str], bucket: str, now: float) -> None:
        """Return if the form is what the policy allows.

        Args:
            fields: of the form, names in lower case, `${filename}` not yet replaced in `key`.
            bucket: that of the path.
            now: seconds since 1970.

        Raises:
            ApiError: 400.
        """
        if now > self.expires_at:
            raise ApiError(400, "expiredToken", "The policy document has expired.")
        form = {**fields, "bucket": bucket}
        for operator, name, value in self.conditions:
            if not _holds(operator, form.get(name, ""), value):
                raise _invalid(f"the condition [{operator}, ${name}, {value}] does not hold")
        named = {name for _, name, _ in self.conditions}
        for name in fields:
            if name not in named | _UNCONDITIONED and not name.startswith(_IGNORED_PREFIX):
                raise _invalid(f"the field '{name}' is in the form but in no condition")

    def check_size(self, size: int) -> None:
        """Return if a file may be so long.

        Raises:
            ApiError: 400.
        """
        if size < self.min_bytes:
            message = f"The file has {size} bytes; the policy wants at least {self.min_bytes}."
            raise ApiError(400, "entityTooSmall", message)
        if self.max_bytes is not None and size > self.max_bytes:
            message = f"The file is longer than the {self.max_bytes} bytes that the policy allows."
            raise ApiError(400, "entityTooLarge", message)


def _holds(operator: str, found: str, value: str) -> bool:
    return found == value if operator == _EQUAL else found.startswith(value)


def _limits(condition: Any) -> tuple[int, int] | None:
    match condition:
        case [str(word), int(least), int(most)] if word.lower() == _RANGE and 0 <= least <= most:
            return least, most
        case _:
            return None


def _conditions(condition: Any) -> list[tuple[str, str, str]]:
    if isinstance(condition, dict):
        pairs = cast("dict[str, Any]", condition)
        return [(_EQUAL, name.lower(), str(value)) for name, value in pairs.items()]
    match condition:
        case [str(word), str(name), str(value)] if name.startswith("$"):
            if word.lower() in {_EQUAL, _STARTS}:
                return [(word.lower(), name[1:].lower(), value)]
        case _:
            pass
    raise _invalid(f"the condition {json.dumps(condition)} is not understood")


def _invalid(why: str) -> ApiError:
    message = f"The form does not meet the policy document: {why}."
    return ApiError(400, "invalidPolicyDocument", message)
