"""Code written for gcloud-aio-storage 9.6.5 runs with the import changed: its methods are all here.

Every public method of its `Storage`, `Bucket` and `Blob` is compared with ours: the same names in
the same order where they can be given by place, the same keywords where they cannot, and nothing
of ours that must be given and was not asked for there.
"""

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, cast

import aiohttp
import gcloud.aio.storage as theirs
import pytest

import storage_stream as ours
from storage_stream._protocol import handle_keywords
from storage_stream._protocol.list_options import ListChoice, ListKeywords
from storage_stream._protocol.options import DownloadKeywords, RequestKeywords
from storage_stream._protocol.upload_keywords import UploadKeywords

KEYWORDS: dict[str, type] = {
    **{name: getattr(handle_keywords, name) for name in handle_keywords.__all__},
    "DownloadKeywords": DownloadKeywords,
    "ListChoice": ListChoice,
    "ListKeywords": ListKeywords,
    "RequestKeywords": RequestKeywords,
    "UploadKeywords": UploadKeywords,
}
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
    named = re.fullmatch(r"Unpack\[(\w+)\]", annotation)
    if named is not None:
        return set(KEYWORDS[named[1]].__annotations__)
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


async def test_a_clients_attributes() -> None:
    async with (
        aiohttp.ClientSession() as session,
        theirs.Storage(session=cast("Any", session), api_root="http://localhost:1") as known,
        ours.Storage(session=session, api_root="http://localhost:1") as storage,
    ):
        public = [name for name in vars(known) if not name.startswith("_")]
        assert sorted(public) == ["session", "token"]
        assert type(storage.session) is type(known.session)
        assert storage.session.session is known.session.session is session
        assert type(storage.token) is type(known.token)


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


# -- a handle says what the client does, in less words -------------------------------------------

HANDLES = {
    "Blob.delete": "delete",
    "Blob.download": "download",
    "Blob.download_stream": "download_stream",
    "Blob.get_signed_url": "get_signed_url",
    "Blob.patch_metadata": "patch_metadata",
    "Blob.reload": "download_metadata",
    "Blob.upload": "upload",
    "Bucket.blob_exists": "exists",
    "Bucket.delete_prefix": "delete_prefix",
    "Bucket.get_blob": "download_metadata",
    "Bucket.get_metadata": "get_bucket_metadata",
    "Bucket.iter_objects": "iter_objects",
    "Bucket.list_blobs": "list_objects",
    "Batch.delete": "delete",
    "Batch.download_metadata": "download_metadata",
    "Batch.get_bucket_metadata": "get_bucket_metadata",
    "Batch.patch_bucket": "patch_bucket",
    "Batch.patch_metadata": "patch_metadata",
    "Batch.update_metadata": "update_metadata",
}
OF_THE_BATCH = {"timeout", "stall_timeout", "session", "retry", "retries", "progress"}
SAID_OTHERWISE = {"raw": "auto_decompress", "object_name": "blob_name", "file_data": "data"}


@pytest.mark.parametrize("name", HANDLES)
def test_a_handle_takes_what_the_client_takes(name: str) -> None:
    kind = name.partition(".")[0]
    method = getattr(getattr(ours, kind), name.partition(".")[2])
    wanted = keywords(getattr(ours.Storage, HANDLES[name])) - {"self"}
    wanted = {
        word if word in keywords(method) else SAID_OTHERWISE.get(word, word) for word in wanted
    }
    known = {"Blob": {"bucket", "blob_name"}, "Bucket": {"bucket"}, "Batch": OF_THE_BATCH}[kind]
    assert wanted - keywords(method) - known == set()


def test_a_file_by_its_name_takes_what_upload_takes() -> None:
    by_name = keywords(ours.Storage.upload_from_filename) - {"filename"}
    assert by_name == keywords(ours.Storage.upload) - {"file_data"}


def test_all_of_a_batchs_calls_are_compared() -> None:
    calls = {name for name, _ in methods(ours.Batch)} - {"Batch.__init__"}
    assert calls == {name for name in HANDLES if name.startswith("Batch.")}
