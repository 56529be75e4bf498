"""The command `storage-stream`.

This file only tells whether the command can run at all: the libraries it needs come with an extra,
and who installed without it is told so in a sentence.
"""

import sys

_NEEDED = frozenset({"click", "rich"})


def main() -> None:
    """Run the command line and exit with its status."""
    try:
        from storage_stream.cli.main import storage_stream  # noqa: PLC0415 - may be impossible
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] not in _NEEDED:
            raise
        sys.exit(f"{missing.name} is missing: install storage-stream[cli]")
    storage_stream(prog_name="storage-stream")
