"""Generations as callers give them."""

from __future__ import annotations

from typing import Any

import pytest

from storage_stream._protocol.generations import generation_number, named_generation
from storage_stream.errors import InvalidArgument


@pytest.mark.parametrize(
    ("given", "number"), [(None, None), (0, 0), (7, 7), ("1700000000000001", 1700000000000001)]
)
def test_what_means_a_generation(given: Any, number: int | None) -> None:
    assert generation_number(given) == number


@pytest.mark.parametrize("given", [-1, True, 1.0, "", "-1", "+1", "1.5", "²", "9" * 5000, b"1"])
def test_what_means_none_is_refused(given: Any) -> None:
    with pytest.raises(InvalidArgument, match="generation="):
        generation_number(given)


def test_one_that_must_be_named() -> None:
    assert named_generation("7") == 7
    with pytest.raises(InvalidArgument, match="generation=None: say which one"):
        named_generation(None)
    with pytest.raises(InvalidArgument, match="metageneration='x'"):
        named_generation("x", "metageneration")
