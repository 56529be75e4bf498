"""What callers may say that cannot be: a ValidationError names it, and no row comes of it."""

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID, uuid4

import pytest
from images_house import House, encoded, pattern

from storage_stream.images import ConverterService, FileService, ValidationError

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what is refused before a database is asked."""
VERSION = {"versions": [{"version": "a", "format": "png"}]}


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


async def refused(work: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        await work
    return str(caught.value.field)


async def test_lists(house: House) -> None:
    images: Any = house.images
    for columns in (7, [["id"]], "id; DROP TABLE images", "number", {"id": 1}, ""):
        assert await refused(images.list(columns=columns)) == "columns"
    for sort in (7, [None], ["-"], "--id", "metadata", "id DESC", b"id", "nothing"):
        assert await refused(images.list(sort=sort)) == "sort"
    for offset in ("1", 1.5, True, None, -1, 2**63, math.nan):
        assert await refused(images.list(offset=offset)) == "offset"
    for limit in ("1", 1.5, True, None, 0, 1001):
        assert await refused(images.list(limit=limit)) == "limit"
    for conditions in (7, "x", [1], {7: 1}, {"number": 1}):
        assert await refused(images.list(conditions)) == "conditions"
    assert await refused(images.list_converters(7)) == "conditions"
    assert (await images.list(columns=[]))["data"] == []
    assert (await images.list(offset=2**63 - 1, limit=1000, sort="-number"))["count"] == 0


@ONE_DATABASE
@pytest.mark.parametrize(
    ("column", "wanted"),
    [
        ("metadata", {"a": 1}),
        ("id", {"like": "%"}),
        ("id", {"gt": None}),
        ("version", {"like": None}),
        ("version", {"like": "a\\"}),
        ("version", {"like": "a\0"}),
        ("version", ["a", 7]),
        ("revision", math.nan),
        ("revision", 1.0),
        ("revision", {"near": 1}),
        ("timestamp", "2026-01-01"),
        ("timestamp", {"like": "2026%"}),
        ("timestamp", datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))),
        ("id", [UUID(int=number) for number in range(1001)]),
    ],
)  # fmt: skip
async def test_conditions(house: House, column: str, wanted: object) -> None:
    assert await refused(house.images.list({column: wanted})) == f"conditions.{column}"


async def test_conditions_mean_the_same_on_both_databases(house: House) -> None:
    for name in ("Photo", "photo", "a%b", "aXb"):
        await house.files.create(name)

    async def names(**conditions: object) -> list[str]:
        page = await house.files.list(conditions, sort="timestamp", columns="name")
        return [row["name"] for row in page["data"]]

    assert await names(name={"like": "photo"}) == ["photo"]
    assert await names(name={"like": "a\\%b"}) == ["a%b"]
    assert await names(name={"like": "a%b"}) == ["a%b", "aXb"]
    assert len(await names(extension=[None, "png"])) == 4
    assert len(await names(timestamp={"lt": datetime.now(UTC) + timedelta(days=1)})) == 4
    assert await names(timestamp={"gt": datetime.now(UTC) + timedelta(days=1)}) == []


@ONE_DATABASE
@pytest.mark.parametrize(
    "wrong",
    ["", "x", 7, None, b"1", "+" + "1" * 31, "1_1" + "1" * 29, "\u0661" * 32, "1" * 33, [None]],
)
async def test_ids(house: House, wrong: Any) -> None:
    for method in (house.images.get, house.images.get_gallery, house.images.m_get):
        assert await refused(method(wrong)) == "id"


@pytest.mark.parametrize("form", ["{0}", "{{{0}}}", "urn:uuid:{0}", "{0.hex}"])
async def test_forms_of_ids(house: House, form: str) -> None:
    file = await house.files.create("a")
    assert (await house.files.get(form.format(file["id"]))) == file


METADATA: dict[str, Any] = {
    "no mapping": [1],
    "a key that is none": {1: 2},
    "NUL": {"a": "\0"},
    "NUL in a key": {"a": {"\0": 1}},
    "NUL behind a backslash": {"a": "\\\0"},
    "half a pair": {"a": "\ud800"},
    "NaN": {"a": math.nan},
    "infinity": {"a": [-math.inf]},
    "bytes": {"a": b"b"},
    "many digits": {"a": 10**5000},
    "too deep": nested(101),
    "far too deep": nested(5000),
    "too much": {"a": "x" * (1 << 20)},
}


@ONE_DATABASE
@pytest.mark.parametrize("kind", METADATA)
async def test_metadata(house: House, kind: str) -> None:
    assert await refused(house.files.create("a", meta=METADATA[kind])) == "meta"
    assert await house.counts() == (0, 0, 0)


async def test_metadata_comes_back_as_it_was(house: House) -> None:
    file_id = await house.file(encoded(pattern(8, 8)))
    given = {
        "text": "ü 👩‍👩‍👧 \\u0000 \\\\ \u2028",
        "number": 10**4000,
        "float": 5e-324,
        "list": [1, (2, 3), None, True],
        "deep": nested(99),
        "": {"": ""},
    }
    made = await house.images.create({"file_id": file_id, "metadata": given})
    assert made["metadata"] == {**given, "list": [1, [2, 3], None, True]}
    assert await house.images.get(made["id"]) == made


async def test_nothing_is_made_where_the_columns_are_wrong(house: House) -> None:
    file_id, wrong = await house.file(encoded(pattern(8, 8))), "nonsense"
    converter_id = await house.converter()
    data = {"file_id": file_id}
    converter = {"name": "other", "settings": VERSION}
    for work in (
        house.images.create(data, wrong),
        house.images.m_create([data], wrong),
        house.files.create("a", columns=wrong),
        house.converters.create(converter, wrong),
        house.converters.update(converter_id, {"name": "other"}, wrong),
        house.images.convert_from_file(file_id, converter_id, columns=wrong),
    ):
        assert await refused(work) == "columns"
    assert await house.counts() == (0, 1, 1)
    assert (await house.converters.get(converter_id))["name"] == "converter"


async def test_several_rows(house: House) -> None:
    images: Any = house.images
    for wrong in (7, None, "text", {"file_id": 1}):
        assert (await refused(images.m_create(wrong))).startswith("data")
    for names in (7, None, [7], [f"v{number}" for number in range(101)]):
        assert await refused(images.delete_versions(uuid4(), names)) == "versions"
    assert await images.m_create([]) == []
    assert await images.delete_versions(uuid4(), []) == []


async def test_one_change_to_several(house: House) -> None:
    file_id = await house.file(encoded(pattern(8, 8)))
    rows = await house.images.m_create([{"file_id": file_id}] * 3)
    ids = [row["id"] for row in rows]
    changed = await house.images.m_update([ids[2], uuid4(), ids[0]], {"meta": {"a": 1}})
    assert [row["id"] for row in changed] == [ids[2], ids[0]]
    assert [row["metadata"] for row in await house.images.m_get(ids)] == [{"a": 1}, {}, {"a": 1}]
    assert await house.images.m_exists([ids[0], uuid4(), str(ids[1])]) == {ids[0], ids[1]}


@ONE_DATABASE
@pytest.mark.parametrize("limit", [0, -1, math.nan, math.inf, 1e20, "1", None, True])
async def test_limits(house: House, limit: Any) -> None:
    with pytest.raises(ValidationError, match="lease"):
        FileService(house.database, house.storage, house.bucket, lease=limit)
    names = ["max_parallel", "max_processing_time", "max_pixels", "max_memory_pixels"]
    for name in names:
        with pytest.raises(ValidationError, match=name):
            ConverterService(house.database, house.files, **{name: limit})
    if limit != 0:
        assert await refused(house.files.delete_unlinked(limit)) == "days"
