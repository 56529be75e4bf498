"""The one name that is taken."""

__all__ = ["ORIGINAL"]

ORIGINAL = "original"
"""What galleries call an original, whose `version` is None; so no version may be called that."""
