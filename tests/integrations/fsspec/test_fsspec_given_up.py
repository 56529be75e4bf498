"""Who leaves a block by an exception leaves no half object, whoever opened the file for it."""

import contextlib
from importlib import import_module
from typing import Any

import fsspec
import pytest

from storage_stream.integrations.fsspec import StorageFileSystem
from storage_stream.testing.emulator_handle import EmulatorHandle


class Broken(Exception):  # noqa: N818 - short
    """What goes wrong in the middle."""


def breaks() -> None:
    raise Broken


class Unspeakable:
    """A value that cannot be written."""

    def __str__(self) -> str:
        raise Broken


@pytest.fixture
def base(gcs: EmulatorHandle, gcs_bucket: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs.url)
    return f"storage-stream://{gcs_bucket}"


@pytest.mark.parametrize("name", ["name", "name.gz"])
@pytest.mark.parametrize("mode", ["wb", "w"])
def test_a_block_of_fsspecs_that_an_exception_leaves(
    base: str, gcs: EmulatorHandle, gcs_bucket: str, name: str, mode: str
) -> None:
    half: Any = b"half" if "b" in mode else "half"
    with (  # noqa: PT012 - the block is what is tested
        pytest.raises(Broken),
        fsspec.open(f"{base}/{name}", mode, compression="infer") as file,
    ):
        file.write(half)
        breaks()
    assert gcs.objects(gcs_bucket) == []
    assert gcs.unfinished_sessions == 0
    with fsspec.open(f"{base}/{name}", mode, compression="infer") as file:
        file.write(half)
    assert len(gcs.objects(gcs_bucket)) == 1


def test_several_files_of_one_block(base: str, gcs: EmulatorHandle, gcs_bucket: str) -> None:
    with (  # noqa: PT012 - the same
        pytest.raises(Broken),
        fsspec.open_files(f"{base}/*.txt", "w", num=3) as files,
    ):
        for file in files:
            file.write("half")
        breaks()
    assert gcs.objects(gcs_bucket) == []


@pytest.mark.parametrize("name", ["table.csv", "table.csv.gz"])
def test_what_pandas_was_writing(
    base: str, gcs: EmulatorHandle, gcs_bucket: str, name: str
) -> None:
    pandas: Any = import_module("pandas")
    gcs.put(gcs_bucket, name, b"what was there")
    frame = pandas.DataFrame({"a": [*range(10), Unspeakable()]}, dtype=object)
    with pytest.raises(Broken):
        frame.to_csv(f"{base}/{name}", chunksize=1)
    assert gcs.read(gcs_bucket, name) == b"what was there"
    pandas.DataFrame({"a": range(10)}).to_csv(f"{base}/{name}", chunksize=1)
    assert gcs.read(gcs_bucket, name) != b"what was there"


def test_what_pyarrow_was_writing(base: str, gcs: EmulatorHandle, gcs_bucket: str) -> None:
    del base
    pyarrow, parquet, files = map(import_module, ("pyarrow", "pyarrow.parquet", "pyarrow.fs"))
    fs = StorageFileSystem()
    table = pyarrow.table({"a": [1]})
    arrows = files.PyFileSystem(files.FSSpecHandler(fs))
    writer: Any = parquet.ParquetWriter
    with (  # noqa: PT012 - the same
        pytest.raises(Broken),
        writer(f"{gcs_bucket}/a.parquet", table.schema, filesystem=arrows) as made,
    ):
        made.write_table(table)
        breaks()
    assert gcs.objects(gcs_bucket) == []
    with writer(f"{gcs_bucket}/a.parquet", table.schema, filesystem=arrows) as made:
        made.write_table(table)
    assert len(gcs.objects(gcs_bucket)) == 1
    fs.close()


def test_what_is_closed_on_purpose_is_made(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    partial = fs.open(f"{gcs_bucket}/partial", "wb")
    try:
        partial.write(b"as far as it came")
        breaks()
    except Broken:
        partial.close()
    assert gcs.read(gcs_bucket, "partial") == b"as far as it came"


def test_a_context_of_somebody_else_may_have_dealt_with_it(
    fs: StorageFileSystem, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    @contextlib.contextmanager
    def until_enough() -> Any:
        file = fs.open(f"{gcs_bucket}/enough", "wb")
        with contextlib.suppress(Broken):
            yield file
        file.close()

    with until_enough() as file:
        file.write(b"enough")
        breaks()
    assert gcs.read(gcs_bucket, "enough") == b"enough"


def test_a_report_of_what_went_wrong_is_made(
    base: str, gcs: EmulatorHandle, gcs_bucket: str
) -> None:
    pandas: Any = import_module("pandas")
    try:
        breaks()
    except Broken as error:
        with fsspec.open(f"{base}/report", "w") as report:
            report.write(repr(error))
        pandas.DataFrame({"a": [1]}).to_csv(f"{base}/report.csv")
    assert gcs.read(gcs_bucket, "report") == b"Broken()"
    assert gcs.read(gcs_bucket, "report.csv") == b",a\n0,1\n"
