"""Numbers as requests spell them: in queries, headers and documents alike."""

from storage_stream.emulator.problems import ApiError

INT64_END = 1 << 63


def parse_integer(name: str, value: str | None, *, at_least: int = 0) -> int | None:
    """Return ``value`` as a 64-bit number, ``None`` for ``None``.

    Raises:
        ApiError: 400, it is not one, or less than ``at_least``.
    """
    if value is None:
        return None
    if not (value.isascii() and value.isdigit()) or not at_least <= int(value) < INT64_END:
        raise invalid_value(name, value)
    return int(value)


def invalid_value(name: str, value: str) -> ApiError:
    """Return the error for a parameter that cannot be understood."""
    return ApiError(400, "invalidParameter", f"Invalid value for {name}: '{value}'", location=name)
