import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage_stream.cli.sizes import human_rate, human_size, parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("7", 7),
        ("7B", 7),
        ("300MB", 300_000_000),
        ("2GiB", 2 << 30),
        ("2gi", 2 << 30),
        (" 1.5 kB ", 1500),
        ("1m", 1_000_000),
        ("3TiB", 3 << 40),
        ("0.1GB", 100_000_000),  # exact, where a float would not be
        ("1E", 10**18),
    ],
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "MB", "-1", "1e3", "1ZB", "nan", "1.5", "0.3KiB", "٣", "1 M B"]
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        parse_size(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (11_010_048, "10.5 MiB"),
        ((1 << 20) - 1, "1.0 MiB"),
        (1 << 60, "1.0 EiB"),
        (1 << 71, "2048.0 EiB"),
    ],
)
def test_sizes_are_shown(size: int, text: str) -> None:
    assert human_size(size) == text
    assert human_rate(size) == f"{text}/s"


@given(st.integers(0, 1 << 62))
def test_what_is_shown_can_be_read_and_is_near(size: int) -> None:
    number, _, unit = human_size(size).partition(" ")
    assert float(number) < 1024 or unit == "EiB"
    read = float(number) * parse_size(f"1{unit}")
    assert abs(read - size) <= 0.051 * parse_size(f"1{unit}")
