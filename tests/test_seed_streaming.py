"""The ten examples of the page that this library began with: they run, and do what they say.

The page is about gcloud-aio-storage's `download_stream()`. Its examples use it without `await`,
that library wants one, and here both work: every example runs in both spellings. Nothing of the
code is changed but that and the folder `/tmp/`.
"""

import ast
import gzip
import inspect
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from storage_stream import Storage
from storage_stream.testing.emulator_handle import EmulatorHandle

PAGE = Path(__file__).parent / "data" / "seed_004_streaming.md"
EXAMPLES: list[str] = re.findall(r"(?ms)^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"))
DATA = bytes(range(256)) * 391  # 100,096 bytes: neither whole 8 KiB nor whole 64 KiB chunks
GET = "storage.objects.get"

RunExample = Callable[..., Awaitable[None]]


@pytest.fixture(params=["plain", "awaited"])
def run_example(request: pytest.FixtureRequest, tmp_path: Path) -> RunExample:
    """Runs an example by its number on the page, with the names that it leaves open."""

    async def run(number: int, **names: object) -> None:
        code = EXAMPLES[number - 1].replace("/tmp/", f"{tmp_path}/")  # noqa: S108 - its text
        if request.param == "awaited":
            code = code.replace("storage.download_stream(", "await storage.download_stream(")
        program = compile(code, f"example {number}", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        outcome: Any = eval(program, {"Storage": Storage, **names})  # noqa: S307 - our own page
        assert inspect.isawaitable(outcome)
        await outcome

    return run


def downloads(gcs: EmulatorHandle) -> list[tuple[int | None, int]]:
    """Status and bytes of each download so far."""
    return [(entry.status, entry.bytes_out) for entry in gcs.log.select(operation=GET)]


def test_the_page_has_ten_examples() -> None:
    assert len(EXAMPLES) == 10


async def test_1_a_stream_is_made_first_and_entered_later(
    run_example: RunExample, gcs: EmulatorHandle
) -> None:
    gcs.put("my-bucket", "large-file.dat", DATA)
    await run_example(1)
    assert [status for status, _ in downloads(gcs)] == [200]


async def test_2_progress_reaches_exactly_100_percent(
    run_example: RunExample, gcs: EmulatorHandle, capsys: pytest.CaptureFixture[str]
) -> None:
    gcs.put("my-bucket", "video.mp4", DATA)
    await run_example(2)
    size, chunk = len(DATA), 8192
    positions = [*range(chunk, size, chunk), size]
    assert capsys.readouterr().out.splitlines() == [
        "Downloading 100,096 bytes",
        *(f"Progress: {100 * at / size:.1f}% ({at:,}/100,096 bytes)" for at in positions),
    ]
    assert positions[-1] == size


async def test_2_shows_no_progress_where_the_length_is_not_known(
    run_example: RunExample, gcs: EmulatorHandle, capsys: pytest.CaptureFixture[str]
) -> None:
    packed = gzip.compress(DATA)  # its stored length would not be the length that read() gives
    gcs.put("my-bucket", "video.mp4", packed, contentEncoding="gzip")
    await run_example(2)
    assert capsys.readouterr().out == ""
    assert [status for status, _ in downloads(gcs)] == [200]


async def test_3_every_chunk_but_the_last_is_full(
    run_example: RunExample, gcs: EmulatorHandle
) -> None:
    data = DATA * 3
    gcs.put("my-bucket", "large-dataset.csv", data)
    chunks: list[bytes] = []
    await run_example(3, process_data_chunk=chunks.append)
    assert {len(chunk) for chunk in chunks[:-1]} == {65536}
    assert b"".join(chunks) == data


async def test_4_a_stream_is_left_read_or_unread(
    run_example: RunExample, gcs: EmulatorHandle
) -> None:
    gcs.put("my-bucket", "file.dat", DATA)
    await run_example(4)
    first, second = downloads(gcs)
    assert first == (200, len(DATA))
    assert second[0] == 200


@pytest.mark.parametrize("fault", ["pass", "drop-at-2000000"])
async def test_5_a_download_with_progress_writes_the_file(
    run_example: RunExample,
    gcs: EmulatorHandle,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    fault: str,
) -> None:
    data = DATA * 30
    gcs.put("my-bucket", "large-video.mp4", data)
    gcs.arm_next(GET, fault)
    await run_example(5)
    assert (tmp_path / "downloaded-video.mp4").read_bytes() == data
    shown = capsys.readouterr().out.replace("\r", "\n").splitlines()
    assert shown == [
        "",
        "Downloading: 34.9% complete",
        "Downloading: 69.8% complete",
        "Downloading: 100.0% complete",
        "Download complete: 3,002,880 bytes",
    ]


async def test_6_json_lines_are_processed_one_by_one(
    run_example: RunExample, gcs: EmulatorHandle, capsys: pytest.CaptureFixture[str]
) -> None:
    # Lines of 3-byte letters, so that chunks of 8,192 bytes end inside of lines and letters.
    records = [json.dumps({"id": n, "text": "語" * 200}, ensure_ascii=False) for n in range(30)]
    lines = [*records[:10], "", "not json", '{"no id": 1}', *records[10:], '{"cut": ']
    gcs.put("data-bucket", "large-dataset.jsonl", "\n".join(lines).encode())
    await run_example(6)
    assert capsys.readouterr().out.splitlines() == [
        *(f"Processing: {n}" for n in range(10)),
        "Warning: Could not parse line: b'not json' (Expecting value: line 1 column 1 (char 0))",
        "Processing: unknown",
        *(f"Processing: {n}" for n in range(10, 30)),
        "Warning: Could not parse final record: b'{\"cut\": '",
    ]


async def test_7_several_files_at_once(
    run_example: RunExample,
    gcs: EmulatorHandle,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for number in (1, 2, 3):
        gcs.put("my-bucket", f"datasets/2023/data-0{number}.csv", DATA * number)
    await run_example(7)
    paths = [tmp_path / f"datasets_2023_data-0{number}.csv" for number in (1, 2, 3)]
    assert [path.read_bytes() for path in paths] == [DATA, DATA * 2, DATA * 3]
    *done, last = capsys.readouterr().out.splitlines()
    assert sorted(done) == [
        "Downloaded datasets/2023/data-01.csv: 100,096 bytes",
        "Downloaded datasets/2023/data-02.csv: 200,192 bytes",
        "Downloaded datasets/2023/data-03.csv: 300,288 bytes",
    ]
    assert last == f"All files downloaded to: {[str(path) for path in paths]}"


@pytest.mark.parametrize(
    ("size", "lost"),
    [
        pytest.param(9 * 32768, 0, id="nine-chunks"),
        # The example itself drops every ten full chunks ("Could upload partial results here");
        # that exactly so much is lost shows that its chunks are full.
        pytest.param(25 * 32768 + 5, 20 * 32768, id="twenty-six-chunks"),
    ],
)
async def test_8_what_is_transformed_is_uploaded(
    run_example: RunExample,
    gcs: EmulatorHandle,
    capsys: pytest.CaptureFixture[str],
    size: int,
    lost: int,
) -> None:
    text = b"".join(b"line %d of the text\n" % number for number in range(size // 15))[:size]
    assert len(text) == size
    gcs.put("input-bucket", "raw-data.txt", text)
    gcs.create_bucket("output-bucket")
    await run_example(8)
    stored = gcs.read("output-bucket", "processed-data.txt.gz")
    assert gzip.decompress(stored) == text[lost:].upper()
    assert gcs.metadata("output-bucket", "processed-data.txt.gz")["contentType"] == (
        "application/gzip"
    )
    told = f"Transformed {size - lost:,} bytes to {len(stored):,} bytes\n"
    assert capsys.readouterr().out == told


async def test_9_chunks_of_any_size(run_example: RunExample, gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "file", DATA)
    async with Storage() as storage:
        await run_example(9, storage=storage)
    assert downloads(gcs) == [(200, len(DATA))]


async def test_10_resources_are_released(run_example: RunExample, gcs: EmulatorHandle) -> None:
    gcs.put("bucket", "large-file", DATA)
    await run_example(10)
    assert downloads(gcs) == [(200, len(DATA))]
