"""Keywords that there are not are told, and those that fsspec and others hand on are taken."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import fsspec
import pytest

from storage_stream.errors import UsageError
from storage_stream.integrations.fsspec import StorageFileSystem, UnknownOption
from storage_stream.integrations.fsspec.options import check_known
from storage_stream.testing.emulator_handle import EmulatorHandle

MakeFs = Callable[..., StorageFileSystem]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("blocksize", "did you mean 'block_size'?"),
        ("endpoint", "did you mean 'endpoint_url'?"),
        ("tokens", "did you mean 'token'?"),
        ("version_aware", "there are "),
        ("access", "there are "),
        ("anonymous", "say token='anon'"),
        ("user_project", "say requester_pays"),
        ("retry", "the client does, as client_options={'retry': …}"),
    ],
)
def test_an_option_that_there_is_not(make_fs: MakeFs, name: str, hint: str) -> None:
    with pytest.raises(UnknownOption, match=f"a file system takes no '{name}'") as refused:
        make_fs(**{name: "a secret"})
    assert hint in str(refused.value)
    assert "a secret" not in str(refused.value)
    assert isinstance(refused.value, TypeError)
    assert isinstance(refused.value, UsageError)


def test_every_option_is_a_known_one(make_fs: MakeFs) -> None:
    fs = make_fs(
        requester_pays="payer",
        default_location="EU",
        block_size=1 << 20,
        use_listings_cache=True,
        listings_expiry_time=1.0,
        max_paths=10,
        client_options={"connections": 2},
        asynchronous=False,
        batch_size=3,
        ramp_up=False,
    )
    made: Any = StorageFileSystem
    assert made.from_json(fs.to_json()).to_dict() == fs.to_dict()


@pytest.mark.parametrize(
    ("mode", "options", "told"),
    [
        ("rb", {"cachetype": "none"}, "'cachetype': did you mean 'cache_type'?"),
        ("r", {"generations": 1}, "'generations': did you mean 'generation'?"),
        ("rb", {"encoding": "utf-8"}, "'encoding': there are "),
        ("rb", {"metadata": {"a": "b"}}, "'metadata': there are "),
        ("wb", {"contenttype": "text/plain"}, "'contenttype': did you mean 'content_type'?"),
        ("w", {"generation": 1}, "'generation': "),
        ("xb", {"meta_data": {}}, "'meta_data': did you mean 'metadata'?"),
    ],
)
def test_an_option_of_a_file_that_there_is_not(
    fs: StorageFileSystem,
    gcs: EmulatorHandle,
    gcs_bucket: str,
    mode: str,
    options: dict[str, Any],
    told: str,
) -> None:
    gcs.put(gcs_bucket, "name", b"bytes")
    gcs.log.clear()
    with pytest.raises(UnknownOption) as refused:
        fs.open(f"{gcs_bucket}/name", mode, **options)
    assert told in str(refused.value)
    assert len(gcs.log) == 0


def test_what_fsspec_and_others_hand_on_is_taken(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str, tmp_path: Any
) -> None:
    path = f"{gcs_bucket}/name"
    gcs.put(gcs_bucket, "name", b"bytes")
    assert fs.open(path, default_cache="none").read() == b"bytes"  # Dask reads Parquet so
    assert fs.open(path, "r", encoding="utf-8", errors="strict", newline="").read() == "bytes"
    options: dict[str, Any] = {"endpoint_url": gcs.url, "token": "anon"}
    with fsspec.open(f"storage-stream://{path}", "rb", compression=None, **options) as file:
        assert file.read() == b"bytes"
    cache = f"simplecache::storage-stream://{path}"
    stores = {"storage-stream": options, "simplecache": {"cache_storage": str(tmp_path)}}
    with fsspec.open(cache, "rb", **stores) as file:
        assert file.read() == b"bytes"


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # Dask's use of pandas
def test_dask_reads_what_parquet_files_say_of_themselves(
    gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    pandas, dask = import_module("pandas"), import_module("dask")
    frames: Any = import_module("dask.dataframe")
    base = f"storage-stream://{gcs_bucket}/table"
    options = {"endpoint_url": gcs.url, "token": "anon"}
    with dask.config.set(scheduler="synchronous"):
        table = frames.from_pandas(pandas.DataFrame({"number": range(10)}), npartitions=2)
        table.to_parquet(base, storage_options=options)
        found = frames.read_parquet(
            base, storage_options=options, filesystem="fsspec", calculate_divisions=True
        )
        assert found.divisions == (0, 5, 9)
        assert len(found[found.number > 3]) == 6


def test_names_are_compared_and_all_are_told_where_none_is_near() -> None:
    check_known({"one": 1}, ["one", "two"], "it")
    with pytest.raises(UnknownOption, match="it takes no 'tow': did you mean 'two'"):
        check_known({"one": 1, "tow": 2}, ["one", "two"], "it")
    with pytest.raises(UnknownOption, match="it takes no 'zzz': there are one, two"):
        check_known({"zzz": 2}, ["two", "one"], "it")
