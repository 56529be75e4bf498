"""What people use it by: each library writes and reads on the emulator."""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import fsspec
import pytest

from storage_stream.integrations.fsspec import StorageFileSystem, register
from storage_stream.testing.emulator_handle import EmulatorHandle

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture
def base(gcs_bucket: str) -> Iterator[str]:
    """An address; whatever opens it gets the file system of the emulator's environment.

    Not `gs://`: pandas gives that to Arrow's own client where it is about Parquet.
    """
    register()
    yield f"storage-stream://{gcs_bucket}/data"
    fsspec.filesystem("storage-stream").close()
    StorageFileSystem.clear_instance_cache()


def test_pandas(gcs: EmulatorHandle, gcs_bucket: str, base: str) -> None:
    pandas: Any = import_module("pandas")
    frame = pandas.DataFrame({"name": ["ä", "b"], "number": [1, 2]})
    frame.to_csv(f"{base}/table.csv", index=False)
    frame.to_csv(f"{base}/table.csv.gz", index=False)
    frame.to_parquet(f"{base}/table.parquet")
    for found in (
        pandas.read_csv(f"{base}/table.csv"),
        pandas.read_csv(f"{base}/table.csv.gz"),
        pandas.read_parquet(f"{base}/table.parquet"),
        pandas.read_parquet(f"{base}/table.parquet", columns=["name", "number"]),
    ):
        pandas.testing.assert_frame_equal(found, frame)
    assert gcs.read(gcs_bucket, "data/table.csv") == "name,number\nä,1\nb,2\n".encode()
    options: dict[str, Any] = {"endpoint_url": gcs.url, "token": "anon"}
    again = pandas.read_csv(f"{base}/table.csv", storage_options=options)
    pandas.testing.assert_frame_equal(again, frame)
    StorageFileSystem(**options).close()


def test_pyarrow(fs: StorageFileSystem, gcs_bucket: str) -> None:
    arrow: Any = import_module("pyarrow")
    datasets: Any = import_module("pyarrow.dataset")
    parquet: Any = import_module("pyarrow.parquet")
    arrow_fs: Any = import_module("pyarrow.fs")
    there = arrow_fs.PyFileSystem(arrow_fs.FSSpecHandler(fs))
    table = arrow.table({"part": ["a", "a", "b"], "number": [1, 2, 3]})
    root = f"{gcs_bucket}/dataset"
    for _ in range(2):  # over itself, too
        datasets.write_dataset(
            *(table, root),
            filesystem=there,
            format="parquet",
            partitioning=["part"],
            partitioning_flavor="hive",
            existing_data_behavior="delete_matching",
        )
    found = datasets.dataset(root, filesystem=there, format="parquet", partitioning="hive")
    assert found.to_table(filter=datasets.field("part") == "a")["number"].to_pylist() == [1, 2]
    assert found.count_rows() == 3
    parquet.write_table(table, f"{root}.parquet", filesystem=there)
    assert parquet.read_table(f"{root}.parquet", filesystem=there).equals(table)
    there.move(f"{root}.parquet", f"{root}-2.parquet")
    there.delete_dir(root)
    info = there.get_file_info(arrow_fs.FileSelector(gcs_bucket, recursive=True))
    assert [(one.base_name, one.is_file) for one in info] == [("dataset-2.parquet", True)]


def test_polars(fs: StorageFileSystem, gcs_bucket: str) -> None:
    polars: Any = import_module("polars")
    frame = polars.DataFrame({"name": ["ä", "b"], "number": [1, 2]})
    with fs.open(f"{gcs_bucket}/table.parquet", "wb") as file:
        frame.write_parquet(file)
    with fs.open(f"{gcs_bucket}/table.csv", "wb") as file:
        frame.write_csv(file)
    with fs.open(f"{gcs_bucket}/table.parquet") as file:
        assert polars.read_parquet(file).equals(frame)
    with fs.open(f"{gcs_bucket}/table.csv") as file:
        assert polars.read_csv(file).equals(frame)
    datasets: Any = import_module("pyarrow.dataset")
    scanned = polars.scan_pyarrow_dataset(
        datasets.dataset(f"{gcs_bucket}/table.parquet", filesystem=fs, format="parquet")
    )
    assert scanned.filter(polars.col("number") > 1).collect()["name"].to_list() == ["b"]


def test_duckdb(fs: StorageFileSystem, gcs_bucket: str) -> None:
    duckdb: Any = import_module("duckdb")
    root = f"storage-stream://{gcs_bucket}/tables"
    with duckdb.connect() as connection:
        connection.register_filesystem(fs)
        connection.sql("CREATE TABLE t AS SELECT range AS number FROM range(1000)")
        connection.sql(f"COPY t TO '{root}/a.parquet' (FORMAT parquet)")
        connection.sql("UPDATE t SET number = number + 1000")
        connection.sql(f"COPY t TO '{root}/b.parquet' (FORMAT parquet)")
        connection.sql(f"COPY t TO '{root}/t.csv'")
        tables = connection.read_parquet(f"{root}/*.parquet")
        assert tables.sum("number").fetchall() == [(1_999_000,)]
        assert connection.read_csv(f"{root}/t.csv").count("*").fetchall() == [(1000,)]


def test_zarr(gcs: EmulatorHandle, gcs_bucket: str) -> None:
    zarr: Any = import_module("zarr")
    numpy: Any = import_module("numpy")
    sync: Any = import_module("zarr.core.sync").sync
    fs = StorageFileSystem(
        endpoint_url=gcs.url, token="anon", asynchronous=True, skip_instance_cache=True
    )
    store = zarr.storage.FsspecStore(fs, path=f"{gcs_bucket}/array.zarr")
    numbers = numpy.arange(10_000).reshape(100, 100)
    group = zarr.open_group(store, mode="w")
    group.create_array("numbers", shape=numbers.shape, chunks=(10, 100), dtype="i8")[:] = numbers
    group.create_array(
        "sharded", shape=numbers.shape, shards=(50, 100), chunks=(10, 50), dtype="i8"
    )[:] = numbers
    group.attrs["team"] = "a"
    again = zarr.open_group(store, mode="r")
    assert (again["numbers"][:] == numbers).all()
    assert (again["sharded"][15:25, 40:60] == numbers[15:25, 40:60]).all()
    assert sorted(again.array_keys()) == ["numbers", "sharded"]
    assert dict(again.attrs) == {"team": "a"}
    sync(fs.aclose())


def test_dask(gcs: EmulatorHandle, gcs_bucket: str, base: str) -> None:
    dask: Any = import_module("dask")
    frames: Any = import_module("dask.dataframe")
    pandas: Any = import_module("pandas")
    frame = pandas.DataFrame({"number": range(100)})
    with dask.config.set(scheduler="threads"):
        parts = frames.from_pandas(frame, npartitions=4)
        parts.to_parquet(f"{base}/parts")
        parts.to_csv(f"{base}/parts-*.csv", index=False)
        assert int(frames.read_parquet(f"{base}/parts").number.sum().compute()) == 4950
        assert int(frames.read_csv(f"{base}/parts-*.csv").number.sum().compute()) == 4950
        texts: Any = import_module("dask.bag").read_text(f"{base}/parts-*.csv")
        assert texts.count().compute() == 104
    assert len(gcs.objects(gcs_bucket, prefix="data/parts/")) == 4


def test_fsspecs_own_caches_stand_on_it(
    gcs: EmulatorHandle, gcs_bucket: str, base: str, tmp_path: Any, asked: Callable[[], list[str]]
) -> None:
    gcs.put(gcs_bucket, "data/x", b"0123456789")
    asked()
    for _ in range(2):
        with fsspec.open(
            f"simplecache::{base}/x", simplecache={"cache_storage": str(tmp_path)}
        ) as f:
            assert f.read() == b"0123456789"
    assert asked().count("GET media") == 1
    with fsspec.open(f"{base}/x.zst", "wb") as file:
        file.write(b"x")
    assert fsspec.open_files(f"{base}/*")[0].path == f"{gcs_bucket}/data/x"
