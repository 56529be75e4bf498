"""Libraries of other people that only some uses need: their absence is told in a sentence.

They are imported when they are first used, because importing pyvips loads libvips.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from storage_stream.media.errors import ExtraMissing

__all__ = ["imported"]


def imported(module: str, extra: str) -> Any:
    """A library that belongs to an extra.

    Args:
        module: Its name in `import`.
        extra: What brings it.

    Raises:
        ExtraMissing: It is not installed, or cannot be loaded.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise ExtraMissing(f"{error.name} is missing: install storage-stream[{extra}]") from error
    except (ImportError, OSError) as error:  # a shared library that is not there, or not whole
        raise ExtraMissing(
            f"{module} is installed and cannot be loaded; storage-stream[{extra}] brings one"
            f" that is whole: {error}"
        ) from error
