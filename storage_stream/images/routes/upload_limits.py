"""What an upload may have."""

from dataclasses import dataclass

from storage_stream.images.errors import ValidationError

__all__ = ["UploadLimits"]


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What one upload may have.

    Attributes:
        max_bytes: Its bytes.
        max_pixels: Its pixels, by its header.
        stall_seconds: How long no byte of it may come.

    Raises:
        ValidationError: A limit that leaves nothing.
    """

    max_bytes: int
    max_pixels: int
    stall_seconds: float

    def __post_init__(self) -> None:
        for name, limit in (
            ("max_upload_bytes", self.max_bytes),
            ("max_upload_pixels", self.max_pixels),
        ):
            if limit < 1:
                raise ValidationError(f"1 or more is needed, not {limit}", field=name)
        if self.stall_seconds <= 0:
            raise ValidationError(
                f"more than 0 is needed, not {self.stall_seconds}", field="stall_seconds"
            )
