"""Sizes as people write and read them: `10.5 MiB` out, `300MB`, `2GiB` or `1.5k` in. Pure.

With an `i` a unit is a power of 1024, without it one of 1000, as in IEC 80000-13; what is printed
always has the `i`.
"""

import re
from fractions import Fraction

__all__ = ["human_rate", "human_size", "parse_size"]

_LETTERS = "kmgtpe"
_UNITS = {
    "": 1,
    **{letter: 1000**power for power, letter in enumerate(_LETTERS, 1)},
    **{f"{letter}i": 1024**power for power, letter in enumerate(_LETTERS, 1)},
}
_FORM = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgtpe]i?|)b?\s*", re.ASCII | re.IGNORECASE)
_STEP = 1024


def parse_size(text: str) -> int:
    """Bytes that such a text means; without a unit it is bytes.

    Raises:
        ValueError: It is no size, or no whole number of bytes.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise ValueError(f"{text!r} is no size; write it as 300MB or 2GiB")
    size = Fraction(form[1]) * _UNITS[form[2].lower()]
    if size.denominator != 1:
        raise ValueError(f"{text!r} is no whole number of bytes")
    return int(size)


def human_size(size: float) -> str:
    """Bytes in the largest unit of which there is one, `0 B`, `1023 B`, `10.5 MiB`."""
    if size < _STEP:
        return f"{int(size)} B"
    power = 1
    # What would be rounded up to 1024.0 is shown in the next unit.
    while size / _STEP**power >= _STEP - 0.05 and power < len(_LETTERS):
        power += 1
    return f"{size / _STEP**power:.1f} {_LETTERS[power - 1].upper()}iB"


def human_rate(bytes_per_second: float) -> str:
    """The same for each second."""
    return f"{human_size(bytes_per_second)}/s"
