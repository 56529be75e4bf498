"""Code written for gcloud-aio-storage 9.6.5 runs with the import changed: its methods are all here.

Every public method of its `Storage`, `Bucket` and `Blob` is compared with ours: the same names in
the same order where they can be given by place, the same keywords where they cannot, and nothing
of ours that must be given and was not asked for there.
"""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import gcloud.aio.storage as theirs
import pytest

import storage_stream as ours
from storage_stream._protocol.options import DownloadKeywords, RequestKeywords

CLASSES = ("Storage", "Bucket", "Blob")

# What is not there yet, and nothing else: a line goes when its method comes.
MISSING_METHODS: set[str] = set()
MISSING_KEYWORDS: set[tuple[str, str]] = set()
MISSING_NAMES: set[str] = set()
BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def methods(cls: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, member in inspect.getmembers(cls):
        if callable(member) and (not name.startswith("_") or name == "__init__"):
            yield f"{cls.__name__}.{name}", member


THEIRS = dict(pair for name in CLASSES for pair in methods(getattr(theirs, name)))
OURS = dict(pair for name in CLASSES for pair in methods(getattr(ours, name)))
PRESENT = sorted(THEIRS.keys() - MISSING_METHODS)


def parameters(method: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(method).parameters)


def by_place(method: Callable[..., Any]) -> list[str]:
    found = parameters(method).items()
    return [name for name, parameter in found if parameter.kind in BY_PLACE]


def keywords(method: Callable[..., Any]) -> set[str]:
    """All that can be given by name; `**options` stands for the keywords of its TypedDict."""
    names: set[str] = set()
    for name, parameter in parameters(method).items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            names |= _stood_for(str(parameter.annotation))
        elif parameter.kind is not inspect.Parameter.VAR_POSITIONAL:
            names.add(name)
    return names


def _stood_for(annotation: str) -> set[str]:
    if "DownloadKeywords" in annotation:
        return set(DownloadKeywords.__annotations__)
    if "RequestKeywords" in annotation:
        return set(RequestKeywords.__annotations__)
    assert annotation in {"Any", "typing.Any"}, f"what does {annotation} stand for?"
    return set()


def test_the_release_that_is_compared() -> None:
    assert theirs.__version__.startswith("9.6.")
    assert len(THEIRS) > 20


def test_what_is_missing_is_really_missing() -> None:
    assert {name for name in MISSING_METHODS if name in OURS} == set()
    present = {(name, word) for name, word in MISSING_KEYWORDS if word in keywords(OURS[name])}
    assert present == set()
    assert {name for name in MISSING_NAMES if hasattr(ours, name)} == set()


def test_the_public_names() -> None:
    assert set(theirs.__all__) - MISSING_NAMES <= set(ours.__all__)


@pytest.mark.parametrize("name", PRESENT)
def test_every_method_is_here(name: str) -> None:
    assert name in OURS
    assert _is_async(OURS[name]) == _is_async(THEIRS[name])


def _is_async(method: Callable[..., Any]) -> bool:
    # Ours can be awaited as theirs, and entered besides.
    return inspect.iscoroutinefunction(method) or method.__name__ == "download_stream"


@pytest.mark.parametrize("name", PRESENT)
def test_places_have_the_same_names_in_the_same_order(name: str) -> None:
    expected = by_place(THEIRS[name])
    assert by_place(OURS[name])[: len(expected)] == expected


@pytest.mark.parametrize("name", PRESENT)
def test_keywords_are_all_taken(name: str) -> None:
    wanted = {word for word in keywords(THEIRS[name]) if (name, word) not in MISSING_KEYWORDS}
    assert wanted <= keywords(OURS[name])


@pytest.mark.parametrize("name", PRESENT)
def test_nothing_more_must_be_given(name: str) -> None:
    known = parameters(THEIRS[name])
    for word, parameter in parameters(OURS[name]).items():
        if parameter.kind in {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}:
            continue
        if parameter.default is inspect.Parameter.empty:
            assert word in known
            assert known[word].default is inspect.Parameter.empty


@pytest.mark.parametrize("name", PRESENT)
def test_defaults_that_mean_something_are_the_same(name: str) -> None:
    ours_by_name = parameters(OURS[name])
    for word, parameter in parameters(THEIRS[name]).items():
        if word in ours_by_name and parameter.default is not inspect.Parameter.empty:
            assert ours_by_name[word].default == parameter.default
