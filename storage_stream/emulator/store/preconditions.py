"""Preconditions on generations and metagenerations: parsed once, judged in one place.

https://cloud.google.com/storage/docs/request-preconditions
"""

from collections.abc import Mapping
from dataclasses import dataclass

from storage_stream.emulator.integers import parse_integer
from storage_stream.emulator.problems import ApiError


@dataclass(frozen=True, slots=True)
class Preconditions:
    """What a request wants to be true of what it reads or replaces.

    A generation of 0 means "there is no live object".
    """

    generation_match: int | None = None
    generation_not_match: int | None = None
    metageneration_match: int | None = None
    metageneration_not_match: int | None = None

    @classmethod
    def parse(cls, values: Mapping[str, str], prefix: str = "if") -> "Preconditions":
        """Return the preconditions spelled `<prefix>GenerationMatch` and so on in `values`.

        Raises:
            ApiError: 400, one is not a number.
        """
        if not values:
            return NO_PRECONDITIONS
        return cls(
            *(
                parse_integer(f"{prefix}{suffix}", values.get(f"{prefix}{suffix}"))
                for suffix in (
                    "GenerationMatch",
                    "GenerationNotMatch",
                    "MetagenerationMatch",
                    "MetagenerationNotMatch",
                )
            )
        )

    def spelled(self) -> dict[str, str]:
        """Return them as the JSON API's query spells them."""
        values = (
            ("ifGenerationMatch", self.generation_match),
            ("ifGenerationNotMatch", self.generation_not_match),
            ("ifMetagenerationMatch", self.metageneration_match),
            ("ifMetagenerationNotMatch", self.metageneration_not_match),
        )
        return {name: str(value) for name, value in values if value is not None}

    def judge(self, generation: int | None, metageneration: int | None, *, reading: bool) -> None:
        """Return if they hold.

        Args:
            generation: that of the live object; `None` when there is none.
            metageneration: that of the same object or bucket.
            reading: a "not match" that fails is then 304, and not 412.

        Raises:
            ApiError: 412, or 304.
        """
        if self is NO_PRECONDITIONS:
            return
        actual, meta = generation or 0, metageneration or 0
        if self.generation_match is not None and self.generation_match != actual:
            raise _not_met()
        if self.metageneration_match is not None and self.metageneration_match != meta:
            raise _not_met()
        same_generation = self.generation_not_match == actual
        if same_generation or self.metageneration_not_match == meta:
            raise _not_modified() if reading else _not_met()


NO_PRECONDITIONS = Preconditions()


def _not_met() -> ApiError:
    message = "At least one of the pre-conditions you specified did not hold."
    return ApiError(412, "conditionNotMet", message, location="If-Match")


def _not_modified() -> ApiError:
    return ApiError(304, "notModified", "Not Modified")
