"""What the OpenAPI says is what the routes do: no 5xx, no answer that it does not name.

Requests are made up from the schema, good ones and bad ones, and harmed by headers that it does not
name; in a thread, since the app lives in the test's loop, where its bucket is.
"""

import asyncio
import importlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import schemathesis
from fastapi import FastAPI, Request, Response
from hypothesis import strategies as st
from made_up_requests import asker, examined
from schemathesis import GenerationMode

from storage_stream import Storage
from storage_stream.outputs import (
    BLOB_RESPONSES,
    OBJECT_RESPONSES,
    Blob,
    BlobIOContextDep,
    BlobManager,
    object_response,
)
from storage_stream.testing.emulator_handle import EmulatorHandle

EXAMPLES = 40  # for each route
BUCKET = "served"
RANGES = ["bytes=0-0", "bytes=-1", "bytes=0-0,2-3", "bytes=99999-", "bytes=0-,", "*"]
NAMES = [
    *("Range", "If-Range", "If-Match", "If-None-Match", "Accept-Encoding"),
    *("If-Modified-Since", "If-Unmodified-Since"),
]
VALUES = [*RANGES, '"a"', 'W/"a", "b"', "gzip", "Sun, 06 Nov 1994 08:49:37 GMT"]
ANYTHING = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
HEADERS = st.one_of(
    st.sampled_from(RANGES).map(lambda value: {"Range": value}),
    st.dictionaries(st.sampled_from(NAMES), st.one_of(st.sampled_from(VALUES), ANYTHING)),
)


class Known(NamedTuple):
    """An app, and what stands in for made-up names, so that not all answers are 404."""

    app: FastAPI
    ids: dict[str, list[str]]
    hrefs: list[str]
    held: list[Blob]


class Text(Blob):
    """An input that the tests' app takes."""

    media_type = "text/plain"


def own_app(storage: Storage, manager: BlobManager, held: list[Blob]) -> FastAPI:
    app = FastAPI()
    manager.attach_to_app(app)

    @app.get("/objects/{name:path}", response_class=Response, responses=OBJECT_RESPONSES)
    async def serve(name: str, request: Request) -> Response:
        return await object_response(storage, BUCKET, name, request)

    @app.post("/texts", responses=BLOB_RESPONSES)
    async def upper(texts: list[Text], _: BlobIOContextDep) -> list[Text]:
        made = [Text.from_bytes(text.content.upper()) for text in texts]
        held.extend(made)
        return made

    return app


@pytest.fixture(params=["own", "example"])
async def known(
    request: pytest.FixtureRequest,
    storage: Storage,
    gcs: EmulatorHandle,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Known]:
    for name in ("film.mp4", "empty"):
        gcs.put(BUCKET, name, b"" if name == "empty" else bytes(1000), contentType="video/mp4")
    manager, held = BlobManager(base_urls=["http://here"]), list[Blob]()
    if request.param == "own":
        app = own_app(storage, manager, held)
        held.append(Text.from_bytes(b"a text"))
    else:
        monkeypatch.syspath_prepend(Path(__file__).parents[2] / "examples")
        example: Any = importlib.import_module("serve_objects")
        app = example.app_of(storage, BUCKET, manager, held)
        held.append(await example.MyImageBlob.from_temporary(storage, BUCKET, b"a picture"))
    with manager.context("http://here"):
        hrefs = [blob.to_dict()["href"] for blob in held]
    ids = [href.rpartition("/")[2] for href in hrefs]
    yield Known(app, {"blob_id": ids, "name": ["film.mp4", "empty"]}, hrefs, held)
    held.clear()
    await manager.close()


def cases(operation: Any, known: Known) -> st.SearchStrategy[Any]:
    """Requests of one route: as the schema has them, against it, and about what is there."""

    def about_known(case: Any, ids: dict[str, str], href: str, *, wanted: bool) -> Any:
        if wanted:
            for name in case.path_parameters or {}:
                case.path_parameters[name] = ids[name]
            blobs = case.body if isinstance(case.body, list) else [case.body]
            for blob in blobs:
                if isinstance(blob, dict):
                    blob["href"] = href
        return case

    good = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    bad = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    ids = st.fixed_dictionaries({name: st.sampled_from(each) for name, each in known.ids.items()})
    about: st.SearchStrategy[Any] = st.builds(
        about_known, good, ids, st.sampled_from(known.hrefs), wanted=st.booleans()
    )
    return st.tuples(st.one_of(about, about, good, bad), HEADERS)


async def test_no_answer_that_the_schema_does_not_name(known: Known) -> None:
    schema = schemathesis.openapi.from_dict(known.app.openapi())
    statuses: set[int] = set()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(known.app)) as client:
        ask = asker(client, asyncio.get_running_loop(), statuses)
        results: list[Any] = list(schema.get_all_operations())
        operations = [each.ok() for each in results]
        assert len(operations) >= 3
        for operation in operations:
            examining = examined(cases(operation, known), lambda case: ask(*case), EXAMPLES)
            await asyncio.to_thread(examining)
    assert {200, 206, 404, 416, 422} <= statuses
