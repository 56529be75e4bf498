"""What was asked of the emulator, by range."""

from storage_stream.testing.emulator_handle import EmulatorHandle


def ranges(gcs: EmulatorHandle) -> list[str | None]:
    """The Range header of every request so far; None where there was none."""
    return [entry.range for entry in gcs.log]
