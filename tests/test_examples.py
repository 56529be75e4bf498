"""Every example runs as a person runs it, and prints what it should."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from storage_stream.testing.emulator_handle import EmulatorHandle

EXAMPLES = Path(__file__).parents[1] / "examples"

PRINTED = {
    "batch_download": [
        "left early: True",
        "0 failed",
        "200 files are there",
    ],
    "browser_upload": [
        "the browser uploads: 204",
        "the object: True",
        "another name: 400",
        "too large: 400",
    ],
    "concurrent_download": ["20 files, 500,000 bytes: 00.txt to 19.txt"],
    "dask_transfer": [
        "copied: 300 done, 0 failed\nagain: 0 done, 300 are there already",
        "counted: 300, 0 failed\ncopies/013.txt: 6 words",
    ],
    "gallery_in_app": [
        "201 cloud-2.jpg: a preview of 480 x 320",
        "415 script.png: unsupported_media_type",
        "['Clouds: 3 pictures']",
    ],
    "image_service": [
        "original: JPEG 2000 x 1500\npage: WEBP 800 x 600\nsquare: JPEG 160 x 160\n",
        "revision 2 of square",
        "not converted: UnidentifiedImage",
        "left in the bucket: 0",
    ],
    "json_lines": ["49,999 orders, 2,475,000 in all", "left out: line 1001 (at byte 24790)"],
    "pandas_on_gcs": [
        "CSV: 1000 rows, 499,500 visitors",
        "Parquet: 500 rows, ['visitors']",
        "['/cities/Bonn.parquet', '/cities/Köln.parquet']\nthe first: Köln",
    ],
    "picture_in_bucket": [
        "large.tif: image/tiff",
        "average of a part: 127; Pillow sees (6144, 4096)",
        "downloaded: less than half: True",
        "large.png: image/png",
        "nothing.jpg: there is no such object",
        "text.jpg: UnidentifiedImage",
        "half.jpg: DamagedImage",
    ],
    "picture_in_database": [
        "not stored: UNIQUE constraint failed",
        "2: jpegload_buffer, 640 x 480, average 55",
        "3: tiffload_buffer, 640 x 480, average 55",
    ],
    "picture_over_http": [
        "200 x 150; without downloading all of it: True",
        "uploaded: 2000 wide",
        "nothing.jpg: 404",
    ],
    "picture_while_it_arrives": [
        "fed: JPEG 1600 x 1200, whole: True",
        "the header: image/jpeg, 1600 x 1200\nparse_object: 400 x 300",
        "bands of at least 200 rows of 1200: 6",
        "cut: 1200 rows, some are there: True",
        "allowed: 1600 x 1200, truncated: True",
    ],
    "progress_download": ["100.0 %\n16,000,000 bytes; checksum compared: True"],
    "range_and_verify": [
        "3 to 6: b'def', verified: None",
        "last 2: b'yz', verified: None",
        "all 26: verified: True, text/plain",
        "it changed: 412",
    ],
    "read_chunks": [
        "read(300_000)          100,000 bytes",
        "16 bytes, read() 999,984",
        "readinto(buffer)     1,000,000 bytes",
        "1,000,000 bytes in 3 chunks",
        "async for            1,000,000 bytes",
        "storage.download     1,000,000 bytes",
    ],
    "resume_after_loss": [
        "same bytes: True, resumed 3 times",
        "asked for bytes=2500000-:",
        "one changed bit: IntegrityError: GET gs://examples/data.bin",
    ],
    "resume_upload": [
        "the first process was killed: True",
        "25,165,824 of 33,554,432 bytes had been confirmed",
        "same bytes: True",
    ],
    "seekable_file": [
        "500 members in",
        "123.txt: 22,000 bytes, b'member 123'",
        "['übrigens\\n']",
    ],
    "serve_objects": [
        "200 video/mp4 5000000",
        "206 bytes 4000000-4000099/5000000 100",
        "seen before: 304",
        "bytes behind the link: 18",
        "somebody else's link: 422",
        "temporary objects left: 0",
    ],
    "sync_script": ["warmest: 06:00 26", "20000 bytes", "20 downloaded, 20 files"],
    "traced_download": [
        "1,000,000 bytes, 1 resume",
        "storage_stream.download_stream of large.bin\n  attempt 503\n",
        "  attempt 206",
        "retries: 2",
    ],
    "transform_and_reupload": ["4,088,890 bytes became", "the last: LINE 199999: GRÜSSE"],
}


def run(*arguments: str | Path, emulator: str | None = None) -> str:
    """What the program prints; it must succeed, and say nothing on stderr."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}
    environment.pop("STORAGE_EMULATOR_HOST", None)
    if emulator is not None:
        environment["STORAGE_EMULATOR_HOST"] = emulator
    done = subprocess.run(  # noqa: S603 - our own examples
        [sys.executable, *arguments],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=500,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def run_example(name: str, *arguments: str, emulator: str | None = None) -> str:
    """The example's output; a warning, such as of something left open, is an error."""
    return run("-W", "error", EXAMPLES / f"{name}.py", *arguments, emulator=emulator)


def test_no_example_is_left_out() -> None:
    assert {path.stem for path in EXAMPLES.glob("[!_]*.py")} == PRINTED.keys()


@pytest.mark.parametrize("name", PRINTED)
def test_the_example_runs(name: str) -> None:
    printed = run_example(name)
    for part in PRINTED[name]:
        assert part in printed


def test_an_example_takes_the_emulator_that_is_named(gcs: EmulatorHandle) -> None:
    run_example("json_lines", emulator=gcs.url)
    again = run_example("json_lines", emulator=gcs.url)
    assert "The bucket examples is there already." in again
    assert [item["name"] for item in gcs.objects("examples")] == ["orders.jsonl"]


def test_an_example_takes_the_bucket_that_is_named(gcs: EmulatorHandle, gcs_bucket: str) -> None:
    run_example("range_and_verify", "--bucket", gcs_bucket, emulator=gcs.url)
    assert gcs.read(gcs_bucket, "alphabet.txt") == b"overwritten"


def test_the_tests_of_the_example_pass(tmp_path: Path) -> None:
    # In a folder of its own, without this project's settings, as in anybody's project.
    alone = (
        "--rootdir",
        str(tmp_path),
        "-c",
        os.devnull,
        "-p",
        "no:cacheprovider",
        "-p",
        "no:asyncio",
    )
    printed = run("-m", "pytest", *alone, EXAMPLES / "testing_your_code")
    assert "3 passed" in printed
