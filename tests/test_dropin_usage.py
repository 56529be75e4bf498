"""The usage that gcloud-aio-storage documents, run here with nothing changed but the import.

The code is read from the docstring of the installed package; file names that stand there as
placeholders become files of the test.
"""

import re
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import gcloud.aio.storage
import pytest

import storage_stream
from storage_stream.errors import ClientClosed
from storage_stream.testing.emulator_handle import EmulatorHandle

if TYPE_CHECKING:
    from storage_stream import Storage

BLOCKS = [
    textwrap.dedent(block)
    for block in re.findall(
        r"\.\. code-block:: python\n\n((?: {4}.*\n|\n)+)", gcloud.aio.storage.__doc__ or ""
    )
]
UPLOAD, PARALLEL, MANAGED, RETRIED = range(4)


def with_our_import(code: str) -> str:
    changed = re.sub(r"\bgcloud\.aio\.storage\b", "storage_stream", code)
    assert "gcloud" not in changed
    return changed


def usage(code: str, folder: Path) -> Callable[[], Awaitable[None]]:
    """The block as the body of a coroutine function."""
    body = with_our_import(code).replace("/local/path/to", str(folder))
    body = body.replace("/path/to/my/file", str(folder / "file.1"))
    names: dict[str, Any] = {}
    source = "import asyncio\nimport aiofiles\nfrom storage_stream import Storage\n"
    exec(f"{source}async def usage():\n{textwrap.indent(body, '    ')}", names)  # noqa: S102 - documented code is what is tested
    made: Callable[[], Awaitable[None]] = names["usage"]
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in (1, 2, 3):
        (tmp_path / f"file.{number}").write_text(f"text {number} é\n", encoding="utf-8")
    return tmp_path


def test_the_blocks_are_the_ones_we_know() -> None:
    assert len(BLOCKS) == 4
    for number, word in ((UPLOAD, "client.upload("), (PARALLEL, "asyncio.gather"),
                         (MANAGED, "client.close()"), (RETRIED, "tenacity")):  # fmt: skip
        assert word in BLOCKS[number]


async def test_uploading_with_a_session(
    gcs: EmulatorHandle, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await usage(BLOCKS[UPLOAD], folder)()
    assert gcs.read("my-bucket-name", "path/to/gcs/folder").decode() == "text 1 é\n"
    assert "'bucket': 'my-bucket-name'" in capsys.readouterr().out


async def test_uploading_in_parallel(gcs: EmulatorHandle, folder: Path) -> None:
    await usage(BLOCKS[PARALLEL], folder)()
    stored = {item["name"]: item["size"] for item in gcs.objects("my-bucket-name")}
    assert stored == dict.fromkeys(
        ["different/gcs/path/filename.3", "path/in/gcs.1", "path/in/gcs.2"], "10"
    )


async def test_sessions_managed_by_the_client(gcs: EmulatorHandle, folder: Path) -> None:
    either, alternative = BLOCKS[MANAGED].split("# OR")
    await usage(f"{either}\n    pass\n", folder)()
    await usage(alternative, folder)()
    assert len(gcs.log) == 0


async def test_a_subclass_that_retries(gcs: EmulatorHandle) -> None:
    """Its decorators come from another library; two lines here do what they are used for."""

    def retry(**_said: Any) -> Callable[[Any], Any]:
        def decorate(method: Any) -> Any:
            async def repeated(*args: Any, **kwargs: Any) -> Any:
                try:
                    return await method(*args, **kwargs)
                except aiohttp.ClientResponseError:
                    return await method(*args, **kwargs)

            return repeated

        return decorate

    lines = with_our_import(BLOCKS[RETRIED]).splitlines()
    code = "\n".join(line for line in lines if not line.startswith("from tenacity"))
    said = ("retry_if_exception_type", "stop_after_attempt", "wait_random_exponential")
    names: dict[str, Any] = {name: lambda *_args, **_kwargs: None for name in said}
    names |= {"retry": retry}
    source = "import aiohttp\nimport storage_stream\nfrom typing import Any\n"
    exec(source + code, names)  # noqa: S102 - documented code is what is tested
    gcs.put("bucket", "a", b"data")
    gcs.arm_next("storage.objects.rewrite", "return-503")
    gcs.arm_next("storage.objects.get", "return-403")
    made: type[Storage] = names["StorageWithRetry"]
    async with made() as client:
        await client.copy("bucket", "a", "bucket", new_name="b")
        assert await client.download("bucket", "b") == b"data"
    assert len(gcs.log) == 4


async def test_a_subclass_that_asks_for_more_by_the_clients_session(gcs: EmulatorHandle) -> None:
    """As a method of gcloud-aio-storage's own is written."""

    class Extended(storage_stream.Storage):
        async def kind_of(self, bucket: str, name: str) -> str:
            url = f"{gcs.url}/storage/v1/b/{bucket}/o/{name}"
            answer = await self.session.get(url, headers={}, params={"alt": "json"}, timeout=10)
            return str((await answer.json())["kind"])

    gcs.put("bucket", "name", b"data")
    async with Extended() as client:
        assert await client.kind_of("bucket", "name") == "storage#object"
        with pytest.raises(aiohttp.ClientResponseError):
            await client.kind_of("bucket", "none")
        assert client.session is client.session
        await client.session.close()  # it is the client's: still open
        assert await client.kind_of("bucket", "name") == "storage#object"
        session = client.session.session
    assert session.closed
    with pytest.raises(ClientClosed):
        _ = client.session
