"""What importing us loads. Seconds differ from hour to hour; the modules do not.

`scripts/package` measures the seconds too, where it has a machine for itself.
"""

import json
import subprocess
import sys

import pytest

# What has to be there before a client is made, besides our own modules and the standard library.
LIBRARIES = {"aiohappyeyeballs", "fastcrc", "httptools"}


def loaded_by(statement: str, after: str = "pass") -> set[str]:
    """The modules that a statement loads, which are not there after another."""
    program = (
        f"import json, sys; {after}; before = set(sys.modules)\n"
        f"{statement}\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run(  # noqa: S603 - our own lines
        [sys.executable, "-I", "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout))


def packages(modules: set[str]) -> set[str]:
    """Whose they are; the standard library's are left out, and what Cython makes for itself."""
    names = {module.partition(".")[0] for module in modules} - sys.stdlib_module_names
    return {name for name in names if "cython" not in name}


def test_the_package_itself_loads_next_to_nothing() -> None:
    names = {"", "._lazy", "._version"}
    ours = {module for module in loaded_by("import storage_stream") if "storage_stream" in module}
    assert ours == {f"storage_stream{name}" for name in names}


def test_the_names_of_the_client_load_neither_aiohttp_nor_credentials() -> None:
    loaded = packages(loaded_by("from storage_stream import *"))
    assert loaded == {"storage_stream", *LIBRARIES}


@pytest.mark.parametrize(
    "call",
    [
        "asyncio.sleep(0)",
        "storage.download('bucket', 'name', retries=0)",
        "storage.upload('bucket', 'name', b'data', retries=0)",
    ],
)
def test_a_client_and_a_whole_object_load_no_more(call: str) -> None:
    """Nobody listens, so the request fails; what it needs was loaded before."""
    program = f"""
import asyncio
from contextlib import suppress
from storage_stream import Storage
from storage_stream.errors import ConnectFailed
async def main():
    async with Storage(api_root="http://127.0.0.1:1", anonymous=True) as storage:
        with suppress(ConnectFailed):
            await {call}
asyncio.run(main())
"""
    assert packages(loaded_by(f"exec({program!r})")) == {"storage_stream", *LIBRARIES}


def test_a_client_of_aiohttp_loads_nobody_s_credentials() -> None:
    client = "from storage_stream import Storage; Storage(anonymous=True, lean=False)"
    loaded = packages(loaded_by(f"{client}._lanes.aiohttp"))
    assert "aiohttp" in loaded
    assert loaded.isdisjoint({"gcloud", "cryptography", "google", "jwt", "chardet"})


@pytest.mark.parametrize("module", ["testing.plugin", "cli", "errors"])
def test_what_others_load_in_passing_loads_no_library(module: str) -> None:
    # pytest loads the plugin in every run of everybody who has us.
    loaded = packages(loaded_by(f"import storage_stream.{module}", after="import pytest"))
    assert loaded == {"storage_stream"}


def test_the_emulator_loads_nothing_of_the_client() -> None:
    modules = loaded_by("from storage_stream.emulator import Emulator")
    ours = {module for module in modules if module.startswith("storage_stream.")}
    beside = {"storage_stream._lazy", "storage_stream._version"}
    assert {m for m in ours - beside if not m.startswith("storage_stream.emulator")} == set()
