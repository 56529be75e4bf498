"""What the OpenAPI says is what the routes do: no 5xx, no answer that it does not name.

Requests are made up from the schema, good ones and bad ones, in a thread; the app lives in the
test's loop, where its bucket and its database are.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from images_house import House, encoded, pattern
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from storage_stream.images.routes import ProblemCode, images_router

EXAMPLES = 12  # for each route
CHECKS = [
    *(not_a_server_error, status_code_conformance, content_type_conformance),
    *(response_headers_conformance, response_schema_conformance),
]


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
    loop = asyncio.get_running_loop()
    statuses: set[int] = set()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:

        def ask(case: Any) -> None:
            wire = case.as_transport_kwargs(base_url="http://here")
            asked = asyncio.run_coroutine_threadsafe(_sent(client, wire), loop)
            answer = asked.result(30)
            statuses.add(answer.status_code)
            case.validate_response(answer, checks=CHECKS)

        operations: list[Any] = [each.ok() for each in read(schema)]
        for operation in sorted(operations, key=lambda each: each.method == "delete"):
            await asyncio.to_thread(_examined(cases(operation, known), ask))
    assert {200, 201, 404, 422} <= statuses


def _examined(strategy: st.SearchStrategy[Any], ask: Callable[[Any], None]) -> Callable[[], None]:
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def examine(case: Any) -> None:
        ask(case)

    return examine


async def _sent(client: httpx.AsyncClient, wire: dict[str, Any]) -> httpx.Response:
    """What `requests` would send, by httpx; what neither can send is left out."""
    data = wire.pop("data", None)
    wire["content"] = data.encode() if isinstance(data, str) else data
    wire["cookies"] = None
    return await client.request(**wire)


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
