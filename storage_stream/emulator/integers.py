"""Numbers as requests spell them: in queries, headers and documents alike."""

from storage_stream.emulator.problems import ApiError

INT64_END = 1 << 63
INT64_DIGITS = 19
"""Python refuses to read some thousand digits; what is longer than this is out of range anyway."""


def parse_integer(name: str, value: str | None, *, at_least: int = 0) -> int | None:
    """Return `value` as a 64-bit number, `None` for `None`.

    Raises:
        ApiError: 400, it is not one, or less than `at_least`.
    """
    if value is None:
        return None
    if not is_number(value) or int(value) < at_least:
        raise invalid_value(name, value)
    return int(value)


def is_number(text: str) -> bool:
    """Return whether `text` is plain digits that 64 bits can hold."""
    is_short = text.isascii() and text.isdigit() and len(text) <= INT64_DIGITS
    return is_short and int(text) < INT64_END


def invalid_value(name: str, value: str) -> ApiError:
    """Return the error for a parameter that cannot be understood."""
    return ApiError(400, "invalidParameter", f"Invalid value for {name}: '{value}'", location=name)
