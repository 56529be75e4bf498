"""The pytest plugin, used as its users use it: in test runs of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
INI = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""
ALONE = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"
PLUGIN = "storage_stream.testing.plugin"


@pytest.fixture
def run_tests(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> "RunTests":
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    pytester.makeini(INI)
    monkeypatch.setenv(ALONE, "1")
    return RunTests(pytester, monkeypatch)


class RunTests:
    """Runs a test file with the plugin, in a process of its own."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self._pytester = pytester
        self._monkeypatch = monkeypatch

    def __call__(
        self, source: str, *, finds_plugins: bool = False, **outcomes: int
    ) -> pytest.RunResult:
        """Run a file; pytest finds plugins by itself once, which takes it seconds here."""
        self._pytester.makepyfile(test_users=source)
        load: tuple[str, ...] = ("-p", PLUGIN)
        if finds_plugins:
            self._monkeypatch.delenv(ALONE)
            load = () if self._is_registered() else load
        else:
            load = (*load, "-p", "pytest_asyncio.plugin")
        result = self._pytester.runpytest_subprocess(*load, "-p", "no:cacheprovider", "-v")
        result.assert_outcomes(**outcomes)
        return result

    @staticmethod
    def _is_registered() -> bool:
        # An installed package's entry point loads the plugin already; twice is an error.
        from importlib.metadata import entry_points  # noqa: PLC0415 - used here alone

        return any(entry.value == PLUGIN for entry in entry_points(group="pytest11"))


def test_a_synchronous_test(run_tests: RunTests) -> None:
    run_tests(
        """
        import os
        from urllib.request import urlopen

        def test_it(gcs, gcs_bucket):
            assert os.environ["STORAGE_EMULATOR_HOST"] == gcs.url
            made = gcs.put(gcs_bucket, "a/\\u00e9 b", b"abc", contentType="text/plain")
            assert made["size"] == "3"
            assert gcs.metadata(gcs_bucket, "a/\\u00e9 b")["contentType"] == "text/plain"
            url = f"{gcs.url}/storage/v1/b/{gcs_bucket}/o/a%2F%C3%A9%20b?alt=media"
            with urlopen(url) as answer:
                assert answer.read() == b"abc"
            assert [entry.operation for entry in gcs.log] == ["storage.objects.get"]
        """,
        finds_plugins=True,
        passed=1,
    )


def test_a_failed_assertion_shows_the_line_of_the_test(run_tests: RunTests) -> None:
    result = run_tests(
        """
        def test_it(gcs):
            gcs.assert_requests(objects_get=1)
        """,
        failed=1,
    )
    result.stdout.fnmatch_lines(["E *storage.objects.get: 0 requests, expected 1"])
    result.stdout.no_fnmatch_line("*request_checks.py*")


def test_an_asynchronous_test(run_tests: RunTests) -> None:
    run_tests(
        """
        import aiohttp

        async def test_it(gcs, gcs_bucket):
            gcs.put(gcs_bucket, "a", b"abc")
            gcs.arm_next("storage.objects.get", "return-503")
            url = f"{gcs.url}/storage/v1/b/{gcs_bucket}/o/a?alt=media"
            async with aiohttp.ClientSession() as session:
                statuses = []
                for _ in range(2):
                    async with session.get(url) as answer:
                        await answer.read()
                        statuses.append(answer.status)
                assert gcs.open_connections == 1
            assert statuses == [503, 200]
            assert [entry.status for entry in gcs.log] == [503, 200]
        """,
        passed=1,
    )


def test_every_test_starts_with_nothing_at_the_same_address(run_tests: RunTests) -> None:
    run_tests(
        """
        import os
        import pytest
        from urllib.error import HTTPError
        from urllib.request import urlopen

        seen = set()

        @pytest.mark.parametrize("turn", range(3))
        def test_it(gcs, turn):
            with pytest.raises(AssertionError, match="404"):
                gcs.read("bucket", "left-behind")
            assert len(gcs.log) == 0
            assert gcs.unfinished_sessions == 0
            assert gcs.open_connections == 0
            with pytest.raises(HTTPError, match="404") as refused:
                urlopen(f"{gcs.url}/storage/v1/b/bucket/o/left-behind")
            refused.value.close()
            seen.add(gcs.url)
            assert len(seen) == 1
            gcs.put("bucket", "left-behind", b"abc")
            gcs.arm_next("storage.objects.get", "return-503")
            gcs.arm({"storage.objects.get": ["return-503"]})

        def test_afterwards_the_environment_is_as_it_was():
            assert "STORAGE_EMULATOR_HOST" not in os.environ
        """,
        passed=4,
    )


def test_a_bucket_of_its_own_for_every_test(run_tests: RunTests) -> None:
    run_tests(
        """
        def test_it(gcs, gcs_bucket):
            assert gcs.objects(gcs_bucket) == []
            names = [f"{number:03}" for number in range(5)]
            for name in reversed(names):
                gcs.put(gcs_bucket, name, b"")
            assert [item["name"] for item in gcs.objects(gcs_bucket, maxResults="2")] == names
            assert [item["name"] for item in gcs.objects(gcs_bucket, prefix="003")] == ["003"]
        """,
        passed=1,
    )


def test_faults_by_id_and_tokens(run_tests: RunTests) -> None:
    run_tests(
        """
        import pytest
        from urllib.error import HTTPError
        from urllib.request import Request, urlopen

        def test_it(gcs, gcs_bucket):
            gcs.put(gcs_bucket, "a", b"abc")
            test_id = gcs.arm({"storage.objects.get": ["return-504"]})
            url = f"{gcs.url}/storage/v1/b/{gcs_bucket}/o/a"
            with pytest.raises(HTTPError, match="504") as refused:
                urlopen(Request(url, headers={"x-retry-test-id": test_id}))
            refused.value.close()
            gcs.expire_tokens()

        def test_a_mistake_is_an_error(gcs):
            from storage_stream.emulator import UnknownWordError
            with pytest.raises(UnknownWordError, match="explode"):
                gcs.arm_next("storage.objects.get", "explode")
            with pytest.raises(AssertionError, match="409"):
                gcs.create_bucket("twice")
                gcs.create_bucket("twice")
        """,
        passed=2,
    )


def modules_after(statement: str, *, skip_package: bool) -> set[str]:
    stub = (
        "import types; package = types.ModuleType('storage_stream');"
        f"package.__path__ = [{str(ROOT / 'storage_stream')!r}];"
        "sys.modules['storage_stream'] = package;"
    )
    code = f"import sys; {stub if skip_package else ''} {statement}; print(*sys.modules)"
    ran = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT
    )
    return set(ran.stdout.split())


HEAVY = {"aiohttp", "sqlite3", "storage_stream.emulator", "storage_stream.testing.emulator_handle"}


def test_the_plugin_itself_imports_nothing_heavy() -> None:
    without = modules_after("import pytest", skip_package=False)
    with_plugin = modules_after(f"import {PLUGIN}", skip_package=True)
    assert (with_plugin - without) & HEAVY == set()


def test_a_run_that_does_not_use_it_pays_nothing(run_tests: RunTests) -> None:
    run_tests(
        """
        import sys

        def test_it():
            assert "storage_stream.testing.plugin" in sys.modules
            assert "storage_stream.emulator" not in sys.modules
            assert "sqlite3" not in sys.modules
        """,
        passed=1,
    )


def test_a_run_that_does_not_use_it_imports_no_client() -> None:
    assert modules_after(f"import {PLUGIN}", skip_package=False) & {"aiohttp"} == set()


def test_a_folder_fills_it(run_tests: RunTests, pytester: pytest.Pytester) -> None:
    bucket = pytester.mkdir("buckets") / "my-bucket"
    bucket.mkdir()
    (bucket / "name.txt").write_bytes(b"data")
    run_tests(
        """
        import pytest

        @pytest.fixture
        def gcs_seed():
            return "buckets"

        @pytest.mark.parametrize("turn", range(2))
        def test_it(gcs, turn):
            assert gcs.read("my-bucket", "name.txt") == b"data"
            assert gcs.metadata("my-bucket", "name.txt")["contentType"] == "text/plain"
            gcs.delete("my-bucket", "name.txt")
        """,
        passed=2,
    )
