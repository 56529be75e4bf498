import threading

import pytest

from storage_stream.emulator import Emulator, PortTakenError
from storage_stream.testing.emulator_handle import EmulatorHandle
from storage_stream.testing.emulator_thread import EmulatorThread


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


def test_it_runs_in_a_thread_of_its_own_and_ends_with_it() -> None:
    before = threads()
    with EmulatorThread() as thread:
        assert "storage-stream-emulator" in threads()
        handle = EmulatorHandle(thread)
        handle.put("bucket", "name", b"abc")
        assert handle.read("bucket", "name") == b"abc"
    assert threads() <= before
    with pytest.raises(RuntimeError, match="does not run"):
        handle.arm_next("storage.objects.get", "return-503")


def test_an_emulator_of_ones_own_settings() -> None:
    with EmulatorThread(Emulator(create_buckets=False)) as thread:
        handle = EmulatorHandle(thread)
        with pytest.raises(AssertionError, match="404"):
            handle.put("bucket", "name", b"abc")


def test_a_start_that_fails_leaves_no_thread() -> None:
    with EmulatorThread() as first:
        port = int(first.emulator.url.rpartition(":")[2])
        before = set(threading.enumerate())
        with pytest.raises(PortTakenError):
            EmulatorThread(Emulator(port=port)).start()
        assert set(threading.enumerate()) <= before


def test_an_error_in_the_loop_comes_out() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    with EmulatorThread() as thread, pytest.raises(ZeroDivisionError):
        thread.run(fail())


def test_a_session_and_a_generation_can_be_looked_at() -> None:
    with EmulatorThread() as thread:
        handle = EmulatorHandle(thread)
        assert handle.unfinished_sessions == 0
        assert handle.open_connections == 0
        first = handle.put("bucket", "name", b"abc", metadata={"key": "value"})
        assert first["metadata"] == {"key": "value"}
        assert handle.read("bucket", "name", generation=first["generation"]) == b"abc"
