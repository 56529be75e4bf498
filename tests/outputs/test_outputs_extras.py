"""What is there without FastAPI, and what is said then."""

import subprocess
import sys

import pytest

from storage_stream import outputs

WITHOUT = """
import sys
for name in {blocked!r}:
    sys.modules[name] = None
from storage_stream import outputs
"""
FRAMEWORK = ["fastapi", "starlette", "pydantic"]


def told_by(program: str, blocked: list[str]) -> subprocess.CompletedProcess[str]:
    code = WITHOUT.format(blocked=blocked) + program
    return subprocess.run(  # noqa: S603 - our own lines
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )


def test_every_public_name_is_there() -> None:
    assert all(getattr(outputs, name) is not None for name in outputs.__all__)
    assert set(outputs.__all__) == set(dir(outputs))
    with pytest.raises(AttributeError):
        _ = outputs.Nonsense


@pytest.mark.parametrize("name", ["Blob", "blob_type", "BlobIOContextDep"])
def test_without_the_extra_it_is_said_how_to_get_it(name: str) -> None:
    told = told_by(f"outputs.{name}", FRAMEWORK)
    assert "ExtraMissing" in told.stderr
    assert "install storage-stream[fastapi]" in told.stderr


def test_fastapi_alone_missing_is_told_where_it_is_needed() -> None:
    program = "outputs.BlobBytes(b'', 'a/b').response()"
    assert "install storage-stream[fastapi]" in told_by(program, FRAMEWORK).stderr


def test_aiohttp_needs_no_extra() -> None:
    program = """
from aiohttp import web
print(outputs.object_response.__name__)
outputs.BlobManager().attach_to_app(web.Application())
"""
    told = told_by(program, FRAMEWORK)
    assert (told.stdout, told.stderr) == ("object_response\n", "")
