"""Sizes as people write them, 300MB or 1.5 GiB; nothing else."""

import re

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}
_FORM = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(|[kmg]i?)b?\s*", re.IGNORECASE)


def parse_size(text: str) -> int:
    """Bytes that such a text means; without a unit it is bytes.

    Raises:
        ValueError: It is no size.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise ValueError(f"{text!r} is no size; write it as 300MB or 2GiB.")
    return int(float(form[1]) * _UNITS[form[2].lower()])


def megabytes(size: int) -> str:
    """Bytes in millions, `75.3`; with a comma between thousands."""
    return f"{size / 1e6:,.1f}"
