"""What the OpenAPI says is what the routes do: no 5xx, no answer that it does not name.

Requests are made up from the schema, good ones and bad ones, in a thread; the app lives in the
test's loop, where its bucket and its database are.
"""

import asyncio
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import strategies as st
from images_house import House, encoded, pattern
from made_up_requests import asker, examined
from schemathesis import GenerationMode

from storage_stream.images.routes import ProblemCode, images_router

EXAMPLES = 12  # for each route


def made_app(house: House) -> FastAPI:
    app = FastAPI()
    app.include_router(images_router(house.images))
    return app


@pytest.fixture
async def known(house: House) -> dict[str, list[str]]:
    """Ids that there are, so that not all answers are 404."""
    files = [await house.file(encoded(pattern(8, 8))) for _ in range(3)]
    image = await house.images.create({"file_id": files[0]})
    converter_id = await house.converter()
    return {
        "file_id": [str(each) for each in files],
        "image_id": [str(image["id"])],
        "gallery_id": [str(image["correlation_id"])],
        "converter_id": [str(converter_id)],
    }


def read(schema: Any) -> list[Any]:
    found = list(schema.get_all_operations())
    assert len(found) > 15
    return found


def cases(operation: Any, known: dict[str, list[str]]) -> st.SearchStrategy[Any]:
    """Requests of one route: as the schema has them, against it, and about what is there."""

    def about_known(case: Any, ids: dict[str, str], *, wanted: bool) -> Any:
        if wanted:
            for name in case.path_parameters or {}:
                case.path_parameters[name] = ids[name]
            for name in ids.keys() & (case.body.keys() if isinstance(case.body, dict) else ()):
                case.body[name] = ids[name]
        return case

    good = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    bad = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    ids = st.fixed_dictionaries({name: st.sampled_from(each) for name, each in known.items()})
    about: st.SearchStrategy[Any] = st.builds(about_known, good, ids, wanted=st.booleans())
    return st.one_of(about, good, bad)


async def test_no_answer_that_the_schema_does_not_name(
    house: House, known: dict[str, list[str]]
) -> None:
    app = made_app(house)
    schema = schemathesis.openapi.from_dict(app.openapi())
    statuses: set[int] = set()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        ask = asker(client, asyncio.get_running_loop(), statuses)
        operations: list[Any] = [each.ok() for each in read(schema)]
        for operation in sorted(operations, key=lambda each: each.method == "delete"):
            await asyncio.to_thread(examined(cases(operation, known), ask, EXAMPLES))
    assert {200, 201, 404, 422} <= statuses


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_every_problem_has_its_codes(house: House) -> None:
    paths: dict[str, Any] = made_app(house).openapi()["paths"]
    seen: set[str] = set()
    for path in paths.values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                content = response.get("content", {})
                if int(status) < 400 or "text/plain" in content:
                    continue
                schema = content["application/problem+json"]["schema"]
                assert schema["properties"]["status"] == {"type": "integer", "const": int(status)}
                seen.update(schema["properties"]["code"]["enum"])
    assert seen == {str(code) for code in ProblemCode}
