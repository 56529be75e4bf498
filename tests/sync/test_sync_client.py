"""The synchronous client: what the asynchronous one does, for callers that block."""

import asyncio
import contextvars
import gc
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from storage_stream import ComposeSource, Preconditions, RetryPolicy
from storage_stream.errors import (
    ClientClosed,
    NotFound,
    PreconditionFailed,
    StreamClosed,
    UsageError,
)
from storage_stream.sync import Blob, Bucket, Storage
from storage_stream.testing.emulator_handle import EmulatorHandle

PORTAL = "storage-stream-sync"


def portals() -> int:
    return sum(thread.name == PORTAL for thread in threading.enumerate())


def until(condition: Callable[[], bool], what: str) -> None:
    last_moment = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < last_moment, what
        time.sleep(0.001)


@pytest.fixture
def storage(gcs: EmulatorHandle) -> Iterator[Storage]:
    """A client; after it no thread is left, and the server has no connection."""
    assert portals() == 0
    with Storage(retry=RetryPolicy(initial_delay=0)) as client:
        yield client
    assert portals() == 0
    until(lambda: gcs.open_connections == 0, "connections are left")


def python(script: str, gcs: EmulatorHandle) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "STORAGE_EMULATOR_HOST": gcs.url}
    return subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=500,
        env=environment,
        check=False,
    )


# -- what it gives ----------------------------------------------------------------------------


def test_objects_go_up_and_down(storage: Storage, gcs: EmulatorHandle, tmp_path: Path) -> None:
    resource = storage.upload("bucket", "name", b"twelve bytes")
    assert resource["size"] == "12"
    assert storage.download("bucket", "name") == b"twelve bytes"
    storage.download_to_filename("bucket", "name", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"twelve bytes"
    buffer = bytearray(20)
    assert storage.download_into("bucket", "name", buffer) == 12
    assert b"".join(storage.iter_download("bucket", "name")) == b"twelve bytes"
    assert storage.exists("bucket", "name")
    assert storage.stat("bucket", "name").size == 12
    storage.compose("bucket", "twice", ["name", ComposeSource("name")])
    assert gcs.read("bucket", "twice") == b"twelve bytes" * 2
    storage.delete("bucket", "name")
    with pytest.raises(NotFound):
        storage.download("bucket", "name")


def test_a_stream_is_read(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", b"one\ntwo\nthree\n" * 30_000)
    with storage.download_stream("bucket", "name") as stream:
        assert stream.content_length == 420_000
        assert stream.read(4) == b"one\n"
        assert next(stream.iter_chunks(10)) == b"two\nthree\n"
        lines = list(stream.iter_lines())
        assert len(lines) == 3 * 29_999
        assert lines[-1] == b"three"
        assert stream.verified
        assert stream.metadata.size == 420_000
    assert stream.closed
    with pytest.raises(StreamClosed):
        stream.read()


def test_a_stream_that_is_not_entered_is_open_all_the_same(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.put("bucket", "name", b"data")
    stream = storage.download_stream("bucket", "name")
    assert b"".join(stream) == b"data"
    stream.close()


def test_a_writer_makes_an_object_or_nothing(storage: Storage, gcs: EmulatorHandle) -> None:
    with storage.upload_stream("bucket", "whole") as writer:
        writer.write(b"x" * 100)
    assert writer.resource["size"] == "100"

    def broken() -> None:
        with storage.upload_stream("bucket", "half", chunk_bytes=256 * 1024) as half:
            half.write(b"x" * 600_000)
            raise KeyError

    with pytest.raises(KeyError):
        broken()
    assert [item["name"] for item in gcs.objects("bucket")] == ["whole"]
    assert gcs.unfinished_sessions == 0


def test_handles_wait_too(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", b"data", contentType="text/plain")
    bucket = storage.get_bucket("bucket")
    assert isinstance(bucket, Bucket)
    assert bucket.storage is storage
    blob = bucket.get_blob("name")
    assert isinstance(blob, Blob)
    assert (blob.name, blob.size, blob.contentType) == ("name", 4, "text/plain")
    assert blob.bucket.name == "bucket"
    assert blob.download() == b"data"
    with blob.open("wb") as file:
        file.write(b"longer data")
    assert blob.reload()["size"] == "11"
    assert blob.size == 11
    assert bucket.list_blobs() == ["name"]
    assert [item["name"] for item in bucket.iter_objects()] == ["name"]
    with pytest.raises(AttributeError):
        _ = blob.nonsense  # type: ignore[attr-defined]


def test_lists_are_iterated(storage: Storage, gcs: EmulatorHandle) -> None:
    for number in range(12):
        gcs.put("bucket", f"a/{number:02}", b"")
    names = [item["name"] for item in storage.iter_objects("bucket", page_size=5)]
    assert names == [f"a/{number:02}" for number in range(12)]
    pages = list(storage.iter_object_pages("bucket", delimiter="/"))
    assert pages[0].prefixes == ["a/"] or tuple(pages[0].prefixes) == ("a/",)
    assert [bucket.name for bucket in storage.list_buckets("project")] == ["bucket"]
    with storage.iter_objects("bucket", page_size=5) as listed:
        assert next(listed)["name"] == "a/00"
    assert list(listed) == []


def test_a_batch_is_sent_when_its_block_is_left(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "a", b"")
    with storage.batch(return_exceptions=True) as batch:
        patched = batch.patch_metadata("bucket", "a", {"contentType": "text/x"})
        missing = batch.delete("bucket", "b")
        assert len(batch) == 2
    assert patched.result()["contentType"] == "text/x"
    with pytest.raises(NotFound):
        missing.result()


def test_runs_of_many(storage: Storage, gcs: EmulatorHandle, tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number}").write_bytes(b"x" * number)
    with storage.upload_many("bucket", tmp_path, prefix="p/") as run:
        assert sum(result.bytes for result in run) == 190
    assert run.done == 20
    copied = storage.copy_many("bucket", "p/", "other").result()
    assert (copied.done, copied.failed, copied.failures) == (20, 0, [])
    down = storage.sync("gs://other", tmp_path / "down").result()
    assert down.bytes == 190
    deleted = storage.delete_many("other", (f"{number}" for number in range(20))).result()
    assert deleted.deleted == 20
    assert gcs.objects("other") == []
    emptied = storage.delete_prefix("bucket", "p/")
    assert {result.name for result in emptied} == {f"p/{number}" for number in range(20)}


def test_a_run_that_was_never_begun_says_so(storage: Storage) -> None:
    run = storage.delete_prefix("bucket", "p/")
    with pytest.warns(ResourceWarning, match="never begun: iterate over it, or call result"):
        del run


def test_leaving_a_run_early_leaves_nothing_behind(storage: Storage, gcs: EmulatorHandle) -> None:
    for number in range(50):
        gcs.put("bucket", f"{number}", b"")
    with storage.delete_prefix("bucket", "") as run:
        for _ in run:
            break
    assert run.deleted > 0


# -- what is given to it ------------------------------------------------------------------------


def test_a_generator_is_iterated_by_the_thread_that_calls(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.put("bucket", "source", b"abc")
    threads = set()

    def pieces() -> Iterator[bytes]:
        for _ in range(3):
            threads.add(threading.get_ident())
            yield storage.download("bucket", "source")  # a synchronous call within one

    assert storage.upload("bucket", "target", pieces())["size"] == "9"
    assert gcs.read("bucket", "target") == b"abcabcabc"
    assert threads == {threading.get_ident()}


def test_what_a_generator_raises_is_raised(storage: Storage, gcs: EmulatorHandle) -> None:
    storage.create_bucket("bucket", "project")

    def pieces() -> Iterator[bytes]:
        yield b"x" * 300_000
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        storage.upload("bucket", "name", pieces())
    assert gcs.objects("bucket") == []


def test_a_stream_is_piped_from_server_to_server(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "source", b"line\n" * 1000)
    with storage.download_stream("bucket", "source") as stream:
        storage.upload("bucket", "target", stream)
    assert gcs.read("bucket", "target") == b"line\n" * 1000
    with storage.download_stream("bucket", "source") as stream:
        lines = stream.iter_lines(keep_ends=True)
        assert next(lines) == b"line\n"
        storage.upload("bucket", "rest", lines)
    assert gcs.read("bucket", "rest") == b"line\n" * 999


def test_errors_keep_their_types_and_lead_to_the_caller(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.put("bucket", "name", b"")
    with pytest.raises(PreconditionFailed) as caught:
        storage.upload("bucket", "name", b"new", preconditions=Preconditions(if_generation_match=0))
    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames[0] == "test_errors_keep_their_types_and_lead_to_the_caller"
    assert "upload" in frames
    assert caught.value.status == 412
    with pytest.raises(TypeError, match="nonsense"):
        storage.upload("bucket", "name", b"", nonsense=1)  # type: ignore[call-arg]


def test_an_error_holds_nothing_alive(storage: Storage) -> None:
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            with pytest.raises(NotFound):
                storage.download("bucket", "no such object")
    finally:
        gc.enable()


# -- threads and loops ----------------------------------------------------------------------------


def test_many_threads_at_once(storage: Storage, gcs: EmulatorHandle) -> None:
    def work(number: int) -> bytes:
        storage.upload("bucket", f"{number}", b"x" * number)
        return storage.download("bucket", f"{number}")

    with ThreadPoolExecutor(16) as threads:
        sizes = [len(data) for data in threads.map(work, range(100))]
    assert sizes == list(range(100))
    assert portals() == 1
    assert len(gcs.objects("bucket")) == 100


async def test_it_works_where_a_loop_is_running(gcs: EmulatorHandle) -> None:
    with Storage() as storage:  # as in Jupyter: the loop waits meanwhile
        storage.upload("bucket", "name", b"data")
        assert storage.download("bucket", "name") == b"data"
        data = await asyncio.to_thread(storage.download, "bucket", "name")
        assert data == b"data"
    assert gcs.read("bucket", "name") == b"data"


def test_a_call_from_its_own_loop_is_refused(storage: Storage, gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", b"data")
    with pytest.raises(UsageError, match="would wait for itself"):
        storage.run(lambda: storage.download("bucket", "name"))


def test_what_is_only_asynchronous_runs_in_the_loop(storage: Storage, gcs: EmulatorHandle) -> None:
    async def both() -> list[bytes]:
        client = storage.asynchronous
        return await asyncio.gather(*(client.download("bucket", "name") for _ in range(2)))

    gcs.put("bucket", "name", b"data")
    assert storage.run(both) == [b"data", b"data"]


def test_the_context_of_the_caller_is_seen_by_the_call(storage: Storage) -> None:
    variable = contextvars.ContextVar("variable", default="none")
    variable.set("the caller's")
    assert storage.run(variable.get) == "the caller's"


def test_clients_share_a_loop_until_the_last_is_closed(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", b"data")
    first, second = Storage(), Storage()
    with first.download_stream("bucket", "name") as stream:
        second.upload("bucket", "copy", stream)
    assert portals() == 1
    first.close()
    assert second.download("bucket", "copy") == b"data"
    assert portals() == 1
    second.close()
    assert portals() == 0
    with pytest.raises(ClientClosed):
        first.download("bucket", "name")
    first.close()


def test_closing_ends_what_other_threads_wait_for(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", b"x" * 1_000_000)
    gcs.arm_next("storage.objects.get", "stall-for-600s-after-0K")
    storage = Storage(retry=RetryPolicy(retries=0))
    with ThreadPoolExecutor(1) as threads:
        download = threads.submit(storage.download, "bucket", "name", workers=1)
        until(lambda: len(gcs.log) > 0, "the request came")
        storage.close()
        with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is, it is one of ours
            download.result(10)
    assert type(caught.value).__module__.startswith("storage_stream")


def test_on_close_calls_what_is_synchronous(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", b"data")
    seen: list[Any] = []
    with Storage() as other:
        with Storage() as storage:
            storage.on_close(lambda: seen.append(other.download("bucket", "name")))
        assert seen == [b"data"]


def test_a_client_that_is_dropped_is_closed(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", b"data")
    storage = Storage()
    storage.download("bucket", "name")
    assert gcs.open_connections == 1
    del storage
    gc.collect()
    until(lambda: gcs.open_connections == 0 and portals() == 0, "it is closed")


def test_a_stream_that_is_dropped_lets_go_and_says_so(
    storage: Storage, gcs: EmulatorHandle
) -> None:
    gcs.put("bucket", "name", b"x" * 4_000_000)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        stream = storage.download_stream("bucket", "name")
        assert stream.read(10) == b"x" * 10
        del stream
        gc.collect()
        storage.run(lambda: None)
        assert [str(one.message)[:9] for one in seen] == ["unclosed "]
    until(lambda: gcs.open_connections == 0, "the connection is let go of")


def test_a_session_of_another_loop_is_refused() -> None:
    with pytest.raises(UsageError, match="opens its own session"):
        Storage(session=object())  # type: ignore[call-arg] # the stub does not have it


# -- interruptions ---------------------------------------------------------------------------------


def interrupt_when(condition: Callable[[], bool]) -> threading.Thread:
    """Ctrl-C, as soon as it is so."""
    main = threading.main_thread().ident
    assert main is not None

    def watch() -> None:
        until(condition, "the moment to interrupt")
        signal.pthread_kill(main, signal.SIGINT)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


@pytest.mark.skipif(sys.platform == "win32", reason="no signal to one thread")
def test_ctrl_c_cancels_an_upload_and_leaves_nothing(gcs: EmulatorHandle, tmp_path: Path) -> None:
    gcs.create_bucket("bucket")
    (tmp_path / "file").write_bytes(b"x" * 1_000_000)
    gcs.arm_next("storage.objects.insert", "stall-for-600s-after-256K")  # the server sees no end
    thread = interrupt_when(lambda: any("upload" in entry.path for entry in gcs.log))
    with Storage() as storage:
        with pytest.raises(KeyboardInterrupt):
            storage.upload_from_filename("bucket", "name", tmp_path / "file")
        thread.join()
        assert gcs.objects("bucket") == []
        assert storage.upload("bucket", "name", b"again")["size"] == "5"


@pytest.mark.skipif(sys.platform == "win32", reason="no signal to one thread")
def test_ctrl_c_in_a_download_leaves_the_old_file(
    storage: Storage, gcs: EmulatorHandle, tmp_path: Path
) -> None:
    gcs.put("bucket", "name", b"x" * 1_000_000)
    (tmp_path / "file").write_bytes(b"old")
    gcs.arm_next("storage.objects.get", "stall-for-600s-after-512K")
    thread = interrupt_when(lambda: len(gcs.log) > 0)
    with pytest.raises(KeyboardInterrupt):
        storage.download_to_filename("bucket", "name", tmp_path / "file")
    thread.join()
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"old")]


def test_ctrl_c_in_the_callers_own_generator(storage: Storage, gcs: EmulatorHandle) -> None:
    storage.create_bucket("bucket", "project")

    def pieces() -> Iterator[bytes]:
        yield b"x" * 9_000_000
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        storage.upload("bucket", "name", pieces())
    assert gcs.objects("bucket") == []
    assert gcs.unfinished_sessions == 0


@pytest.mark.skipif(sys.platform == "win32", reason="no signal to one thread")
def test_ctrl_c_in_a_run_of_many_ends_it(
    storage: Storage, gcs: EmulatorHandle, tmp_path: Path
) -> None:
    for number in range(5):
        gcs.put("bucket", f"{number}", b"x" * 300_000)
    gcs.arm_next("storage.objects.get", *["stall-for-600s-after-0K"] * 5)
    thread = interrupt_when(lambda: sum("alt=media" in entry.query for entry in gcs.log) == 5)
    run = storage.download_many("bucket", "", tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run.result()
    thread.join()
    assert list(tmp_path.iterdir()) == []
    assert len(run.unsettled) == 5


# -- processes ------------------------------------------------------------------------------------


def test_an_interpreter_ends_without_a_word(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", b"x" * 3_000_000)
    ended = python(
        """
        from storage_stream.sync import Storage

        storage = Storage()
        stream = storage.download_stream("bucket", "name")
        print(len(stream.read(10)))
        writer = storage.upload_stream("bucket", "half")
        lines = storage.iter_objects("bucket")
        print(next(lines)["name"])
        """,
        gcs,
    )
    assert (ended.stdout, ended.stderr, ended.returncode) == ("10\nname\n", "", 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_child_of_a_fork_has_its_own_loop(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", b"x" * 3_000_000)
    ended = python(
        """
        import os
        import sys
        from storage_stream.errors import UsageError
        from storage_stream.sync import Storage

        storage = Storage()
        bucket = storage.get_bucket("bucket")
        blob = bucket.get_blob("name")
        stream = storage.download_stream("bucket", "name")
        listed = storage.iter_objects("bucket", page_size=1)
        next(listed)
        child = os.fork()
        if child == 0:
            assert len(blob.download()) == 3_000_000
            assert bucket.list_blobs() == ["name"]
            try:
                stream.read()
            except UsageError as error:
                print(error)
            sys.exit(0)
        assert os.waitpid(child, 0)[1] == 0
        print(len(stream.read()), flush=True)
        stream.close()
        storage.close()
        """,
        gcs,
    )
    told = "this StreamResponse belongs to the process that this one was forked from"
    assert ended.stderr == ""
    assert ended.stdout.startswith(told)
    assert ended.stdout.endswith("\n3000000\n")
    assert ended.returncode == 0


def test_nothing_of_a_client_is_pickled(gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "name", b"data")
    with Storage() as storage, storage.download_stream("bucket", "name") as stream:
        for each in (storage, storage.get_bucket("bucket"), stream):
            kind = type(each).__name__
            with pytest.raises(pickle.PicklingError, match=f"{kind} cannot be pickled: make a"):
                pickle.dumps(each)
