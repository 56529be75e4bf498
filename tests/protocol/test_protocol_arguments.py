"""Arguments of the wrong kind: which error, and what it says."""

from types import MappingProxyType
from typing import Any

import pytest

from storage_stream._protocol.arguments import (
    check_mapping,
    check_text,
    check_whole,
    fields_of,
    page_size_text,
)
from storage_stream.errors import InvalidArgument


@pytest.mark.parametrize("value", [None, 5, b"d", ["d"], True])
def test_only_text_is_text(value: Any) -> None:
    with pytest.raises(TypeError, match=f"the prefix is text, not {type(value).__name__}"):
        check_text("the prefix", value)
    assert check_text("the prefix", "") == ""


@pytest.mark.parametrize("value", ["x", [("a", "b")], 5, {"a"}])
def test_only_mappings_are_mappings(value: Any) -> None:
    with pytest.raises(TypeError, match=f"metadata takes a mapping, not {type(value).__name__}"):
        check_mapping("metadata", value)
    given = MappingProxyType({"a": 1})
    assert check_mapping("metadata", given) is given


@pytest.mark.parametrize("value", [True, False, 1.0, "1", None, b"1"])
def test_only_whole_numbers_are_whole_numbers(value: Any) -> None:
    kind = type(value).__name__
    with pytest.raises(TypeError, match=f"workers takes a whole number, not {kind}"):
        check_whole("workers", value)


def test_numbers_that_are_too_small() -> None:
    assert check_whole("workers", 0) == 0
    assert check_whole("workers", 2**70, 1) == 2**70
    with pytest.raises(InvalidArgument, match="workers=0: at least 1"):
        check_whole("workers", 0, 1)


def test_the_fields_of_a_resource_are_copied() -> None:
    given = {"contentType": "a/b", "metadata": {"a": "b"}}
    fields = fields_of(given)
    assert fields == given
    assert fields is not given
    assert (fields_of(None), fields_of({})) == ({}, {})
    assert fields_of({"metadata": None}) == {"metadata": None}


@pytest.mark.parametrize("given", ["x", "", [], 0, [("a", "b")]])
def test_what_has_no_fields(given: Any) -> None:
    with pytest.raises(TypeError, match="takes a mapping"):
        fields_of(given)


@pytest.mark.parametrize("custom", ["x", 5, [("a", "b")]])
@pytest.mark.parametrize("name", ["metadata", "Metadata"])
def test_custom_metadata_is_a_mapping(name: str, custom: Any) -> None:
    with pytest.raises(TypeError, match="the custom metadata"):
        fields_of({name: custom})


@pytest.mark.parametrize("value", [0, -1, True, "5", 1.5])
def test_pages_without_room(value: Any) -> None:
    with pytest.raises(InvalidArgument, match="page_size"):
        page_size_text(value)
    assert (page_size_text(None), page_size_text(7)) == ("", "7")
