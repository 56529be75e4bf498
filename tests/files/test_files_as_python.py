"""Files of objects beside Python's own on the same bytes: the same program, the same results."""

import io
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sample_data import patterned

from storage_stream import ObjectReader, Storage, TextReader
from storage_stream.testing.emulator_handle import EmulatorHandle

if TYPE_CHECKING:
    from collections.abc import Awaitable

KIB = 1024
BINARY = patterned(1_500_000)
OBJECTS = {
    "nothing": b"",
    "one": b"x",
    "lines": b"".join(b"line %d\r\n" % n if n % 3 else b"\n" for n in range(4000)),
    "large": BINARY,
}
TEXTS = {
    "ascii": "".join(f"line {n}\n" for n in range(3000)),
    "wide": "".join("zwölf €uro \U0001f600\r\n" if n % 5 else "ende\r" for n in range(30_000)),
    "one-line": "äö" * 60_000,
    "nothing": "",
}

# Around what the reader keeps and reads over: 256 KiB.
COUNTS = st.one_of(
    st.integers(-1, 40),
    st.sampled_from([65_535, 65_536, 256 * KIB - 1, 256 * KIB, 256 * KIB + 1, 700_000, 2_000_000]),
)
OFFSETS = st.one_of(COUNTS, st.integers(-300 * KIB, 300 * KIB), st.integers(-1_600_000, 1_600_000))
BINARY_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), COUNTS),
        st.tuples(st.just("readinto"), COUNTS.map(abs)),
        st.tuples(st.just("readline"), COUNTS),
        st.tuples(st.just("readlines"), st.integers(1, 3000)),
        st.tuples(st.just("seek"), OFFSETS.map(abs), st.just(io.SEEK_SET)),
        st.tuples(st.just("seek"), OFFSETS, st.sampled_from([io.SEEK_CUR, io.SEEK_END])),
        st.tuples(st.just("next")),
    ),
    max_size=15,
)

FIXTURES = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the emulator only serves here
)


@pytest.fixture
def stored(gcs: EmulatorHandle) -> EmulatorHandle:
    for name, data in OBJECTS.items():
        gcs.put("bucket", name, data)
    return gcs


async def result_of(file: ObjectReader | TextReader, what: str, *arguments: Any) -> Any:
    if what == "readinto":
        assert isinstance(file, ObjectReader)
        buffer = bytearray(arguments[0])
        count = await file.readinto(buffer)
        return count, bytes(buffer)
    if what == "next":
        return await anext(file, None)
    work: Awaitable[Any] = getattr(file, what)(*arguments)
    return await work


def result_of_python(file: Any, what: str, *arguments: Any) -> Any:
    if what == "readinto":
        buffer = bytearray(arguments[0])
        count = file.readinto(buffer)
        return count, bytes(buffer)
    if what == "next":
        return next(file, None)
    return getattr(file, what)(*arguments)


@FIXTURES
@given(name=st.sampled_from(sorted(OBJECTS)), steps=BINARY_STEPS)
@example(name="nothing", steps=[("seek", -1, 2), ("read", -1), ("seek", 5, 0), ("read", 1)])
@example(name="one", steps=[("seek", 7, 0), ("read", -1), ("seek", 0, 0), ("read", -1)])
@example(name="large", steps=[("seek", 2_000_000, 0), ("readline", -1), ("seek", -1, 2), ("next",)])
@pytest.mark.usefixtures("stored")
async def test_bytes(storage: Storage, name: str, steps: list[tuple[Any, ...]]) -> None:
    reference = io.BytesIO(OBJECTS[name])
    async with storage.open("bucket", name, "rb") as file:
        for step in steps:
            assert await result_of(file, *step) == result_of_python(reference, *step), step
            assert await file.tell() == reference.tell(), step


TEXT_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), COUNTS),
        st.tuples(st.just("readline"), COUNTS),
        st.tuples(st.just("tell")),
        st.tuples(st.just("back"), st.integers(0, 20)),
        st.tuples(st.just("seek"), st.just(0), st.sampled_from([0, 1, 2])),
    ),
    max_size=15,
)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "gb18030"]


@FIXTURES
@given(
    name=st.sampled_from(sorted(TEXTS)),
    encoding=st.sampled_from(ENCODINGS),
    newline=st.sampled_from([None, "", "\n", "\r", "\r\n"]),
    steps=TEXT_STEPS,
)
@example(
    name="wide",
    encoding="utf-16",
    newline=None,
    steps=[("readline", -1), ("tell",), ("read", 65_535), ("tell",), ("back", 0), ("read", 40)],
)
async def test_text(
    gcs: EmulatorHandle,
    storage: Storage,
    name: str,
    encoding: str,
    newline: str | None,
    steps: list[tuple[Any, ...]],
) -> None:
    data = TEXTS[name].encode(encoding)
    gcs.put("bucket", "text", data)
    reference = io.TextIOWrapper(io.BytesIO(data), encoding, newline=newline)
    told: list[tuple[int, int]] = []  # places are told in the file's own numbers
    async with storage.open("bucket", "text", "r", encoding=encoding, newline=newline) as file:
        for step in steps:
            if step[0] == "tell":
                told.append((await file.tell(), reference.tell()))
            elif step[0] == "back":
                if told:
                    ours, pythons = told[step[1] % len(told)]
                    assert await file.seek(ours) == ours
                    assert await file.tell() == ours
                    reference.seek(pythons)
            elif step[0] == "seek":
                await file.seek(*step[1:])
                reference.seek(*step[1:])
            else:
                expected = result_of_python(reference, *step)
                assert await result_of(file, *step) == expected, step


@pytest.mark.parametrize("newline", [None, "", "\n", "\r", "\r\n"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", sorted(TEXTS))
async def test_lines_of_text(
    gcs: EmulatorHandle, storage: Storage, name: str, encoding: str, newline: str | None
) -> None:
    data = TEXTS[name].encode(encoding)
    gcs.put("bucket", "text", data)
    reference = io.TextIOWrapper(io.BytesIO(data), encoding, newline=newline)
    async with storage.open("bucket", "text", "rt", encoding=encoding, newline=newline) as file:
        assert [line async for line in file] == list(reference)
        assert file.buffer.verified is True


@given(
    pieces=st.lists(st.text(alphabet="aä€\U0001f600\r\n", max_size=30), max_size=12),
    encoding=st.sampled_from([*ENCODINGS, "iso2022_jp_2004"]),
    newline=st.sampled_from(["", "\n", "\r", "\r\n"]),
)
@FIXTURES
async def test_written_text(
    gcs: EmulatorHandle,
    gcs_bucket: str,
    storage: Storage,
    pieces: list[str],
    encoding: str,
    newline: str,
) -> None:
    text = "".join(pieces)
    how = {"encoding": encoding, "errors": "ignore", "newline": newline}
    async with storage.open(gcs_bucket, "text", "w", **how) as file:
        for piece in pieces:
            assert await file.write(piece) == len(piece)
    text = text.replace("\n", newline or "\n")
    # Python's own file leaves out the end that some encodings have; str.encode does not.
    expected = text.encode(encoding, "ignore") if text else b""
    assert gcs.read(gcs_bucket, "text") == expected
