"""Who may call what, and what is said where the libraries are missing."""

import importlib
import inspect
import subprocess
import sys
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest
from images_house import House, encoded, pattern

from storage_stream.images import (
    FileService,
    ImageService,
    PermissionDenied,
    Permissions,
    ValidationError,
)
from storage_stream.images.image_record_service import ImageRecordService


def with_permissions(house: House, permissions: Permissions | None) -> ImageService:
    return ImageService(house.database, house.files, house.converters, permissions=permissions)


async def test_what_nobody_speaks_of_is_forbidden(house: House) -> None:
    images = with_permissions(house, {"list": True, "get": False})
    assert (await images.list())["count"] == 0
    for call in (images.get(uuid4()), images.exists(uuid4()), images.get_gallery(uuid4())):
        with pytest.raises(PermissionDenied):
            await call
    others = with_permissions(house, {"*": True, "list": False})
    assert not await others.exists(uuid4())
    with pytest.raises(PermissionDenied, match="list is not permitted"):
        await others.list()


async def test_functions_decide_by_the_arguments(house: House) -> None:
    mine = uuid4()

    async def later(action: str, arguments: Mapping[str, Any]) -> bool:
        return action == "get_gallery" and arguments["id"] == mine

    images = with_permissions(house, later)
    assert await images.get_gallery(mine) == []
    with pytest.raises(PermissionDenied):
        await images.get_gallery(uuid4())
    with pytest.raises(PermissionDenied):
        await with_permissions(house, lambda *_: False).m_get([mine])


async def test_rows_that_cannot_be_made(house: House) -> None:
    file_id = await house.file(encoded(pattern(8, 8)))
    original = await house.images.create({"file_id": file_id})
    version = await house.images.create(
        {"file_id": file_id, "version": "a", "original_id": original["id"]}
    )
    for wrong in (
        {},
        {"file_id": file_id, "version": "zz"},
        {"file_id": file_id, "original_id": original["id"]},
        {"file_id": file_id, "version": "original", "original_id": original["id"]},
        {"file_id": file_id, "version": "b", "original_id": version["id"]},
        {"file_id": file_id, "meta": {}, "metadata": {}},
        {"file_id": "nonsense"},
        {"file_id": file_id, "revision": 3},
    ):
        with pytest.raises(ValidationError):
            await house.images.m_create([{"file_id": file_id}, wrong])
    assert (await house.counts())[0] == 2
    with pytest.raises(ValidationError):
        await house.images.update(original["id"], {"file_id": file_id})
    assert set(house.images.routes) >= {"create", "convert", "gallery", "versions.delete"}


async def test_converters_are_listed_and_changed(house: House) -> None:
    converter_id = await house.converter(name="one")
    page = await house.images.list_converters(sort="name", columns=["name", "cls"])
    assert page["data"] == [{"name": "one", "cls": "ImageConverter"}]
    changed = await house.converters.update(converter_id, {"name": "two"})
    assert changed["name"] == "two"
    with pytest.raises(ValidationError):
        await house.converters.update(converter_id, {"settings": {}})
    with pytest.raises(ValidationError, match="none of ImageConverter"):
        await house.converters.create({"cls": "os.system", "name": "x", "settings": {}})
    await house.converters.delete(converter_id)
    assert not await house.converters.exists(converter_id)


@pytest.mark.parametrize("library", ["sqlalchemy", "alembic"])
def test_missing_libraries_are_named(library: str) -> None:
    program = f"""
import sys
sys.modules[{library!r}] = None
from storage_stream.images import NotFound, ValidationError
from storage_stream.media import ExtraMissing
try:
    from storage_stream.images import Database
except ExtraMissing as error:
    print(error)
"""
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{library} is missing: install storage-stream[images]\n"


def test_the_names_that_callers_of_the_other_library_know() -> None:
    assert ImageService.service_name == "images"
    assert ImageService.converter_classes == ["ImageConverter"]
    assert vars(ImageRecordService)["file_service"] is FileService
    routes = {
        *("create", "get", "update", "delete", "exists", "list"),
        *("m_create", "m_get", "m_update", "m_delete", "m_exists"),
        *("convert", "convert_from_file", "gallery", "versions.delete", "converters.list"),
    }
    assert routes <= set(vars(ImageService)["routes"].fget(_Unmade()))
    for method, names in {
        "convert_image": ["id", "converter_id", "converter_settings", "metadata", "columns"],
        "convert_from_file": [
            *("file_id", "converter_id", "converter_settings", "metadata"),
            *("correlation_id", "columns"),
        ],
        "get_gallery": ["id"],
        "delete_versions": ["id", "versions", "columns"],
    }.items():
        found = list(inspect.signature(getattr(ImageService, method)).parameters)
        assert found[1:] == names


class _Unmade:
    """Has every method, and no database."""

    def __getattr__(self, name: str) -> object:
        return getattr(ImageService, name)


def test_every_public_name_is_there() -> None:
    package = importlib.import_module("storage_stream.images")
    for name in package.__all__:
        assert getattr(package, name) is not None
    assert set(package.__all__) == set(dir(package))
    with pytest.raises(AttributeError, match="Nonsense"):
        _ = package.Nonsense
